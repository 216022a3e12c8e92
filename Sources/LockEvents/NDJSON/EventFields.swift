// SPDX-License-Identifier: Apache-2.0

/// The values of one event line, before names are looked up.
struct EventFields {
    /// An operation by its name in the file.
    struct Operation {
        var operation: LockEvent.Operation

        var needsLock: Bool { operation != .exit && operation != .lost }
    }

    var operation: Operation?
    var lock: LineScanner.Text?
    var task: UInt64?
    var lockClass: LineScanner.Text?
    var type: LockType?
    var mode = LockMode.write
    var subclass: UInt8 = 0
    var nest: LineScanner.Text?
    var context: LineScanner.Text?
    var time: UInt64 = 0
    var cpu: UInt32 = 0
    var pid: UInt32 = 0
    var comm: LineScanner.Text?
    var test: LineScanner.Text?
    var site: LineScanner.Text?
    var stack: [LineScanner.Text] = []
    var depth = LockEvent.unknownDepth

    /// How many frames of a stack are kept.
    private static let deepestStack = 256

    /// Reads the value of a key, the scanner standing before it.
    mutating func read(_ key: LineScanner.Text, _ scanner: inout LineScanner) throws(EventLineError.Problem) {
        if scanner.current == UInt8(ascii: "n"), scanner.take(word: "null") { return }
        let name = scanner.slice(key)
        switch name.count {
        case 1 where name.elementsEqual("t".utf8): time = try number("t", below: .max, &scanner)
        case 2 where name.elementsEqual("op".utf8): operation = try operation(&scanner)
        case 3 where name.elementsEqual("cpu".utf8): cpu = UInt32(try number("cpu", below: 1 << 32, &scanner))
        case 3 where name.elementsEqual("pid".utf8): pid = UInt32(try number("pid", below: 1 << 32, &scanner))
        case 4 where name.elementsEqual("lock".utf8): lock = try identifier("lock", &scanner)
        case 4 where name.elementsEqual("task".utf8): task = try number("task", below: .max, &scanner)
        case 4 where name.elementsEqual("type".utf8): type = try type(&scanner)
        case 4 where name.elementsEqual("mode".utf8): mode = try mode(&scanner)
        case 4 where name.elementsEqual("nest".utf8): nest = try identifier("nest", &scanner)
        case 4 where name.elementsEqual("comm".utf8): comm = try string("comm", &scanner)
        case 4 where name.elementsEqual("test".utf8): test = try string("test", &scanner)
        case 4 where name.elementsEqual("site".utf8): site = try string("site", &scanner)
        case 5 where name.elementsEqual("class".utf8): lockClass = try identifier("class", &scanner)
        case 5 where name.elementsEqual("depth".utf8): depth = UInt8(try number("depth", below: 255, &scanner))
        case 5 where name.elementsEqual("stack".utf8): stack = try frames(&scanner)
        case 7 where name.elementsEqual("context".utf8): context = try identifier("context", &scanner)
        case 8 where name.elementsEqual("subclass".utf8): subclass = UInt8(try number("subclass", below: 8, &scanner))
        default: try scanner.skipValue()
        }
    }

    private func number(_ key: String, below bound: UInt64, _ scanner: inout LineScanner) throws(EventLineError.Problem)
        -> UInt64
    {
        let wanted = bound == .max ? "a whole number that 64 bits hold" : "a whole number below \(bound)"
        guard Self.beginsNumber(scanner.current), let value = try scanner.wholeNumber(), value < bound || bound == .max
        else {
            throw .wrongValue(key: key, wanted: wanted)
        }
        return value
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private func string(_ key: String, _ scanner: inout LineScanner) throws(EventLineError.Problem) -> LineScanner.Text
    {
        guard scanner.current == UInt8(ascii: "\"") else { throw .wrongValue(key: key, wanted: "a string") }
        return try scanner.string()
    }

    /// A lock or class: a string, or a whole number, which is the same as its digits in quotes.
    private func identifier(_ key: String, _ scanner: inout LineScanner) throws(EventLineError.Problem)
        -> LineScanner.Text
    {
        let wanted = "a string, not empty, or a whole number that 64 bits hold"
        if Self.beginsNumber(scanner.current) {
            let first = scanner.position
            guard try scanner.wholeNumber() != nil else { throw .wrongValue(key: key, wanted: wanted) }
            return .plain(first..<scanner.position)
        }
        guard scanner.current == UInt8(ascii: "\"") else { throw .wrongValue(key: key, wanted: wanted) }
        let text = try scanner.string()
        guard !scanner.slice(text).isEmpty else { throw .wrongValue(key: key, wanted: wanted) }
        return text
    }

    private func frames(_ scanner: inout LineScanner) throws(EventLineError.Problem) -> [LineScanner.Text] {
        guard scanner.take(UInt8(ascii: "[")) else { throw .wrongValue(key: "stack", wanted: "an array of strings") }
        if scanner.take(UInt8(ascii: "]")) { return [] }
        var frames: [LineScanner.Text] = []
        repeat {
            scanner.skipSpace()
            let frame = try string("stack", &scanner)
            if frames.count < Self.deepestStack { frames.append(frame) }
        } while scanner.take(UInt8(ascii: ","))
        guard scanner.take(UInt8(ascii: "]")) else { throw .syntax(expected: "',' or ']'") }
        return frames
    }

    // MARK: Words

    private func word(_ key: String, _ scanner: inout LineScanner) throws(EventLineError.Problem) -> String {
        String(decoding: scanner.slice(try string(key, &scanner)), as: UTF8.self)
    }

    private func operation(_ scanner: inout LineScanner) throws(EventLineError.Problem) -> Operation {
        let word = try word("op", &scanner)
        guard let operation = LockEvent.Operation(name: word) else {
            let names = LockEvent.Operation.allCases.map(\.name).joined(separator: ", ")
            throw .wrongValue(key: "op", wanted: "one of \(names)")
        }
        return Operation(operation: operation)
    }

    private func type(_ scanner: inout LineScanner) throws(EventLineError.Problem) -> LockType {
        guard let type = LockType(name: try word("type", &scanner)) else {
            throw .wrongValue(key: "type", wanted: "one of \(LockType.allCases.map(\.name).joined(separator: ", "))")
        }
        return type
    }

    private func mode(_ scanner: inout LineScanner) throws(EventLineError.Problem) -> LockMode {
        guard let mode = LockMode(name: try word("mode", &scanner)) else {
            throw .wrongValue(key: "mode", wanted: "one of \(LockMode.allCases.map(\.name).joined(separator: ", "))")
        }
        return mode
    }
}
