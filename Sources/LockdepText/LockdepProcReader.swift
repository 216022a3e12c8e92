// SPDX-License-Identifier: Apache-2.0

/// Reads `/proc/lockdep` and `/proc/lockdep_chains`, one after the other in any order, in chunks cut anywhere.
///
///     var reader = LockdepProcReader()
///     reader.read(classesFile.span)
///     reader.read(chainsFile.span)
///     reader.finish()
///     let pairs = reader.tables.heldPairs()
///
/// A line that cannot be read is named in ``diagnostics`` and passed over. Memory is that of the tables, which are bounded.
public struct LockdepProcReader: Sendable {
    /// Bounds well above what a kernel can be configured to hold.
    enum Limits {
        static let classes = 1 << 17
        static let pairs = 1 << 22
        static let chainLocks = 1 << 25
        static let diagnostics = 256
    }

    private struct Key: Hashable {
        var key: String
        var name: String
    }

    /// What was read so far.
    public private(set) var tables = LockdepProc()
    /// What could not be read; the first 256.
    public private(set) var diagnostics: [SplatDiagnostic] = []
    /// How many more there were.
    public private(set) var suppressedDiagnostics = 0

    private var lines = LogLines()
    private var index: [Key: Int] = [:]
    /// The class whose dependencies follow.
    private var current: Int?
    private var isInChain = false
    private var isChainBroken = false
    private var isFull = false

    /// Starts with empty tables.
    public init() {}

    /// Whether a text that begins with these bytes is one of the two files.
    public static func recognises(_ beginning: Span<UInt8>) -> Bool {
        let first = beginning.withUnsafeBufferPointer {
            Array($0.prefix(LogLines.longest).prefix { $0 != ASCII.newline })
        }
        let line = first[...].trimmed
        return isHeading(line) || classLine(line) != nil
    }

    /// Reads the next bytes.
    public mutating func read(_ chunk: Span<UInt8>) {
        var lines = LogLines()
        swap(&lines, &self.lines)
        lines.feed(chunk) { take($0) }
        swap(&lines, &self.lines)
    }

    /// Says that the text has ended.
    public mutating func finish() {
        var lines = LogLines()
        swap(&lines, &self.lines)
        lines.finish { take($0) }
        swap(&lines, &self.lines)
        endChain()
    }

    private mutating func take(_ line: LogLines.Line) {
        let text = line.bytes.trimmed
        if line.isOverlong || line.hasControls {
            diagnose(line.number, line.isOverlong ? "longer than \(LogLines.longest) bytes" : "control characters")
            isChainBroken = true
        } else if text.isEmpty {
            endChain()
            current = nil
        } else if Self.isHeading(text) {
            endChain()
            current = nil
        } else if let context = text.after("irq_context: ") {
            beginChain(context, line: line.number)
        } else if isInChain {
            addToChain(text, line: line.number)
        } else if let dependency = text.after("-> ") {
            addDependency(dependency, line: line.number)
        } else if let found = Self.classLine(text) {
            current = define(found, line: line.number)
        } else {
            current = nil
            diagnose(line.number, "neither a class, nor a dependency, nor part of a chain")
        }
    }

    private static func isHeading(_ text: Bytes) -> Bool {
        text.hasSuffix("all lock classes:") || text.hasSuffix("all lock chains:")
    }

    // MARK: Classes

    /// `00000000aaa26a27 FD:  160 BD:   22 ++++: cpu_hotplug_lock`; debug kernels print `OPS: n` after the key.
    private static func classLine(_ text: Bytes) -> LockdepProc.Class? {
        guard let key = text.leadingHex, text.count - key.rest.count >= 8 else { return nil }
        var rest = key.rest.trimmed
        if let operations = number(&rest, after: "OPS:"), operations < 0 { return nil }
        guard let forward = number(&rest, after: "FD:"), let backward = number(&rest, after: "BD:") else { return nil }
        let usage = rest.prefix { $0 != ASCII.colon }
        let name = rest.dropFirst(usage.count + 1).trimmed
        guard !name.isEmpty, !usage.isEmpty, usage.count <= 8 else { return nil }
        return LockdepProc.Class(
            key: text.prefix(text.count - key.rest.count).string,
            lockClass: SplatClass(printedName: name.string),
            usage: usage.string,
            forward: forward,
            backward: backward
        )
    }

    private static func number(_ text: inout Bytes, after label: StaticString) -> Int? {
        guard let number = text.after(label)?.trimmed.leadingNumber else { return nil }
        text = number.rest.trimmed
        return number.value
    }

    private mutating func define(_ found: LockdepProc.Class, line: Int) -> Int? {
        let id = Key(key: found.key, name: found.lockClass.printedName)
        if let known = index[id] {
            tables.classes[known] = found
            return known
        }
        guard tables.classes.count < Limits.classes else {
            overflow(line, "classes")
            return nil
        }
        index[id] = tables.classes.count
        tables.classes.append(found)
        return tables.classes.count - 1
    }

    /// `[KEY] NAME`: the class by that key, which is stored if only now heard of.
    private mutating func reference(_ text: Bytes, line: Int) -> Int? {
        guard let inside = text.after("["), let key = inside.leadingHex, let name = key.rest.after("]")?.trimmed,
            !name.isEmpty
        else { return nil }
        let id = Key(key: inside.prefix(inside.count - key.rest.count).string, name: name.string)
        if let known = index[id] { return known }
        let lockClass = SplatClass(printedName: id.name)
        return define(LockdepProc.Class(key: id.key, lockClass: lockClass, usage: ""), line: line)
    }

    private mutating func addDependency(_ text: Bytes, line: Int) {
        guard let current, let to = reference(text, line: line) else {
            diagnose(line, "a dependency that cannot be read, or without a class before it")
            return
        }
        guard tables.adjacent.count < Limits.pairs else { return overflow(line, "dependencies") }
        tables.adjacent.append(LockdepProc.Pair(from: current, to: to))
    }

    // MARK: Chains

    private mutating func beginChain(_ context: Bytes, line: Int) {
        endChain()
        guard let context = LockdepProc.Context(rawValue: context.trimmed.string) else {
            diagnose(line, "an irq_context that no kernel has; the chain is left out")
            return
        }
        isInChain = true
        isChainBroken = false
        tables.contexts.append(context)
        tables.starts.append(tables.locks.count)
    }

    private mutating func addToChain(_ text: Bytes, line: Int) {
        if isChainBroken { return }
        guard let found = reference(text, line: line) else {
            // Half a chain would make up pairs: its last lock is not the one that was taken.
            diagnose(line, "a lock that cannot be read; the chain is left out")
            isChainBroken = true
            return
        }
        guard tables.locks.count < Limits.chainLocks else {
            isChainBroken = true
            return overflow(line, "chains")
        }
        tables.locks.append(UInt32(found))
    }

    private mutating func endChain() {
        guard isInChain, let start = tables.starts.last else { return }
        isInChain = false
        if isChainBroken || tables.locks.count == start {
            tables.locks.removeSubrange(start...)
            tables.starts.removeLast()
            tables.contexts.removeLast()
        }
    }

    // MARK: Diagnostics

    private mutating func overflow(_ line: Int, _ what: String) {
        if !isFull { diagnose(line, "more \(what) than a kernel can hold; the rest is left out") }
        isFull = true
    }

    private mutating func diagnose(_ line: Int, _ message: String) {
        if diagnostics.count < Limits.diagnostics {
            diagnostics.append(SplatDiagnostic(line: line, severity: .warning, message: message))
        } else {
            suppressedDiagnostics += 1
        }
    }
}
