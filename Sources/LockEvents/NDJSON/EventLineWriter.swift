// SPDX-License-Identifier: Apache-2.0

/// Writes lock events as NDJSON (DESIGN 5): what ``EventLineReader`` reads, one line an event.
public struct EventLineWriter: Sendable {
    private var line: [UInt8] = []
    private let text: @Sendable (LockID) -> String

    /// Creates a writer that names locks by their numbers in hexadecimal, or as `text` names them.
    public init(text: @escaping @Sendable (LockID) -> String = { "0x" + String($0.rawValue, radix: 16) }) {
        self.text = text
    }

    /// Adds an event's line, its end included, to `output`. Values that are defaults are left out.
    public mutating func write(_ event: LockEvent, _ tables: EventTables, to output: inout [UInt8]) {
        line.removeAll(keepingCapacity: true)
        // The format has no word for a trylock that counts as blocking; an acquisition says the same.
        let isBlocking = event.operation == .tryAcquire && event.flags.contains(.blocking)
        line += Array("{\"op\":\"\(isBlocking ? "acquire" : event.operation.name)\"".utf8)
        let concernsAll = event.operation == .lost && event.flags.contains(.allTasks)
        if !concernsAll { append("task", event.task.rawValue) }
        if event.lock != .none { append("lock", text(event.lock)) }
        if event.lockClass != .none {
            let lockClass = tables.classes[event.lockClass]
            append("class", lockClass.name)
            append("type", lockClass.type.name)
        }
        if event.mode != .write { append("mode", event.mode.name) }
        if event.subclass != 0 { append("subclass", UInt64(event.subclass)) }
        if event.nest != .none { append("nest", text(event.nest)) }
        if event.context != .none { append("context", text(event.context)) }
        if event.depth != LockEvent.unknownDepth { append("depth", UInt64(event.depth)) }
        if event.time != 0 { append("t", event.time) }
        if event.cpu != 0 { append("cpu", UInt64(event.cpu)) }
        if event.pid != 0 { append("pid", UInt64(event.pid)) }
        if event.comm != .none { append("comm", tables.names[event.comm]) }
        if event.test != .none { append("test", tables.names[event.test]) }
        if event.site != .none { append("site", tables.names[event.site]) }
        if event.stack != .none { append(stack: tables.frames(of: event.stack)) }
        line += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
        output += line
    }

    private mutating func append(key: String) { line += Array(",\"\(key)\":".utf8) }

    private mutating func append(_ key: String, _ number: UInt64) {
        append(key: key)
        line += Array(String(number).utf8)
    }

    private mutating func append(_ key: String, _ text: String) {
        append(key: key)
        LineText.append(text, to: &line)
    }

    private mutating func append(stack: [String]) {
        append(key: "stack")
        line.append(UInt8(ascii: "["))
        for (index, frame) in stack.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            LineText.append(frame, to: &line)
        }
        line.append(UInt8(ascii: "]"))
    }
}
