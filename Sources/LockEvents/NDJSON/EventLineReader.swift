// SPDX-License-Identifier: Apache-2.0

/// Reads lock events from NDJSON (DESIGN 5), in pieces of any size.
///
///     var reader = EventLineReader()
///     reader.append(bytes)
///     while let event = try reader.next(&engine.tables) { engine.consume(event) }
///     reader.finish()        // then ask for what is left
///
/// An error names its line; asking again goes on with the line behind it. Unknown keys are passed over, `null` counts as
/// absent, of a key that comes twice the last counts. Memory follows the longest line, up to ``maximumLineLength``, and the
/// names seen. All calls must be given the same tables.
public struct EventLineReader: Sendable {
    /// The longest line that is read, in bytes. Longer ones are an error and are not kept.
    public static let maximumLineLength = 1 << 20

    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0
    /// How many lines were begun, the one of the latest event or error included.
    public private(set) var line = 0
    private var isDiscarding = false
    private var isFinished = false
    var locks = IdentifierIndex()
    var names = IdentifierIndex()
    var nameIDs: [NameID] = []
    var classNames = IdentifierIndex()
    /// Per class name, its class and the type it was first given.
    var classes: [(id: LockClassID, type: LockType)] = []
    /// Per lock, the class name it was last given, or -1.
    var classOfLock: [Int] = []
    private var frames: [NameID] = []

    /// Creates a reader at the first line.
    public init() {}

    /// Adds input. Lines may be cut anywhere.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0, start >= buffer.count / 2 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Ends the input: what is left counts as a line.
    public mutating func finish() { isFinished = true }

    /// The next event, or nil when more input is needed or all was read. Empty lines are passed over.
    public mutating func next(_ tables: inout EventTables) throws(EventLineError) -> LockEvent? {
        while let range = try nextLine() {
            if line == 1, buffer[range].starts(with: [0xef, 0xbb, 0xbf]) {
                if let event = try read(range.dropFirst(3), &tables) { return event }
                continue
            }
            if let event = try read(range, &tables) { return event }
        }
        return nil
    }

    /// The text by which the input names a lock; nil for a lock of another reader.
    public func text(of lock: LockID) -> String? {
        let index = lock.rawValue
        return index > 0 && index <= UInt64(locks.texts.count) ? locks.texts[Int(index) - 1] : nil
    }

    private mutating func nextLine() throws(EventLineError) -> Range<Int>? {
        while true {
            var end = scanned
            while end < buffer.count, buffer[end] != UInt8(ascii: "\n") { end &+= 1 }
            let isWhole = end < buffer.count
            if !isWhole, !isFinished || end == start {
                scanned = end
                try boundLength()
                return nil
            }
            let range = start..<end
            start = isWhole ? end + 1 : end
            scanned = start
            if isDiscarding {
                isDiscarding = false
                continue
            }
            line += 1
            guard range.count <= Self.maximumLineLength else {
                throw EventLineError(line: line, column: Self.maximumLineLength, problem: .tooLong)
            }
            return range
        }
    }

    /// Drops what is there of a line that is too long already; says so once.
    private mutating func boundLength() throws(EventLineError) {
        guard isDiscarding || buffer.count - start > Self.maximumLineLength else { return }
        buffer.removeAll()
        start = 0
        scanned = 0
        if isDiscarding { return }
        isDiscarding = true
        line += 1
        throw EventLineError(line: line, column: Self.maximumLineLength, problem: .tooLong)
    }

    // MARK: One line

    private mutating func read(_ range: Range<Int>, _ tables: inout EventTables) throws(EventLineError) -> LockEvent? {
        var scanner = LineScanner(buffer, range)
        do throws(EventLineError.Problem) {
            scanner.skipSpace()
            if scanner.isAtEnd { return nil }
            var fields = EventFields()
            try readFields(&scanner, &fields)
            return try event(fields, scanner, &tables)
        } catch {
            throw EventLineError(
                line: line,
                column: min(scanner.position, range.upperBound) - range.lowerBound + 1,
                problem: error
            )
        }
    }

    private mutating func readFields(_ scanner: inout LineScanner, _ fields: inout EventFields)
        throws(EventLineError.Problem)
    {
        guard scanner.take(UInt8(ascii: "{")) else {
            var rest = scanner
            try rest.skipValue()
            throw .notAnObject
        }
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                let key = try scanner.string()
                guard scanner.take(UInt8(ascii: ":")) else { throw .syntax(expected: "':'") }
                scanner.skipSpace()
                try fields.read(key, &scanner)
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "}")) else { throw .syntax(expected: "',' or '}'") }
        }
        scanner.skipSpace()
        guard scanner.isAtEnd else { throw .syntax(expected: "the line's end") }
    }

    private mutating func event(_ fields: EventFields, _ scanner: LineScanner, _ tables: inout EventTables)
        throws(EventLineError.Problem) -> LockEvent
    {
        guard let operation = fields.operation else { throw .missing(key: "op") }
        var event = LockEvent(operation.operation, task: TaskID(rawValue: fields.task ?? 0), lock: .none)
        event.mode = fields.mode
        event.subclass = fields.subclass
        event.depth = fields.depth
        event.cpu = fields.cpu
        event.pid = fields.pid
        event.time = fields.time
        if operation.operation == .lost, fields.task == nil { event.flags.insert(.allTasks) }
        event.comm = name(fields.comm, scanner, &tables)
        event.test = name(fields.test, scanner, &tables)
        event.stack = stack(fields.stack, scanner, &tables)
        event.site = name(fields.site, scanner, &tables)
        if event.site == .none, let first = tables.stacks[event.stack].first { event.site = first }
        if let nest = fields.nest { event.nest = lock(nest, scanner).id }
        if let context = fields.context { event.context = lock(context, scanner).id }
        guard operation.needsLock else { return event }
        guard let identifier = fields.lock else { throw .missing(key: "lock") }
        let (id, index) = lock(identifier, scanner)
        event.lock = id
        event.lockClass = try lockClass(fields, ofLock: index, scanner, &tables)
        return event
    }

    private mutating func lock(_ text: LineScanner.Text, _ scanner: LineScanner) -> (id: LockID, index: Int) {
        let (number, isNew) = locks.number(scanner.slice(text))
        if isNew { classOfLock.append(-1) }
        return (LockID(rawValue: UInt64(number) + 1), number)
    }

    private mutating func lockClass(
        _ fields: EventFields,
        ofLock lock: Int,
        _ scanner: LineScanner,
        _ tables: inout EventTables
    ) throws(EventLineError.Problem) -> LockClassID {
        let number: Int
        if let text = fields.lockClass {
            number = classNames.number(scanner.slice(text)).number
        } else if classOfLock[lock] >= 0 {
            number = classOfLock[lock]
        } else {
            number = classNames.number(Array(locks.texts[lock].utf8)[...]).number
        }
        classOfLock[lock] = number
        if number == classes.count {
            let type = fields.type ?? .mutex
            let id = tables.classes.intern(LockClass(name: classNames.texts[number], type: type))
            classes.append((id, type))
        }
        let known = classes[number]
        if let type = fields.type, type != known.type {
            throw .twoTypes(lockClass: classNames.texts[number], before: known.type, now: type)
        }
        return known.id
    }

    private mutating func name(_ text: LineScanner.Text?, _ scanner: LineScanner, _ tables: inout EventTables) -> NameID
    {
        guard let text else { return .none }
        let (number, isNew) = names.number(scanner.slice(text))
        if isNew { nameIDs.append(tables.names.intern(names.texts[number])) }
        return nameIDs[number]
    }

    private mutating func stack(_ texts: [LineScanner.Text], _ scanner: LineScanner, _ tables: inout EventTables)
        -> StackID
    {
        guard !texts.isEmpty else { return .none }
        frames.removeAll(keepingCapacity: true)
        for text in texts { frames.append(name(text, scanner, &tables)) }
        return tables.stacks.intern(frames)
    }
}

extension LineScanner {
    /// The bytes of a string read from this line.
    func slice(_ text: Text) -> ArraySlice<UInt8> {
        switch text {
        case .plain(let range): bytes[range]
        case .resolved(let bytes): bytes[...]
        }
    }
}
