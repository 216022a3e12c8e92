// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

/// Events as NDJSON (DESIGN 5): good lines in, bad lines named.
@Suite("NDJSON events")
struct EventLineTests {
    private struct Outcome {
        var events: [LockEvent] = []
        var errors: [EventLineError] = []
        var tables = EventTables()

        mutating func drain(_ reader: inout EventLineReader) {
            while true {
                do throws(EventLineError) {
                    guard let event = try reader.next(&tables) else { return }
                    events.append(event)
                } catch {
                    errors.append(error)
                }
            }
        }
    }

    /// All events and errors of a text that comes in pieces of a given size.
    private func read(_ text: [UInt8], pieces: Int = .max) -> Outcome {
        var reader = EventLineReader()
        var outcome = Outcome()
        var rest = text[...]
        while !rest.isEmpty {
            reader.append(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            outcome.drain(&reader)
        }
        reader.finish()
        outcome.drain(&reader)
        return outcome
    }

    private func read(_ text: String, pieces: Int = .max) -> Outcome { read(Array(text.utf8), pieces: pieces) }

    @Test("every key")
    func everyKey() throws {
        let outcome = read(
            """
            {"op": "try", "lock": "0x10", "task": 7, "class": "&mm->mmap_lock", "type": "rwsem", "mode": "read", \
            "subclass": 3, "nest": 16, "context": "ctx", "t": 18446744073709551615, "cpu": 2, "pid": 9, "comm": "bash", \
            "test": "a@b", "site": "do_fault", "stack": ["down_read", "do_fault"], "depth": 2, "unknown": [{"a": [1, null]}]}
            """
        )
        let tables = outcome.tables
        #expect(outcome.errors.isEmpty)
        let event = try #require(outcome.events.first)
        #expect(event.operation == .tryAcquire)
        #expect(event.task == TaskID(rawValue: 7))
        #expect(tables.classes[event.lockClass] == LockClass(name: "&mm->mmap_lock", type: .rwsem))
        #expect(event.mode == .read)
        #expect(event.subclass == 3)
        #expect(event.time == .max)
        #expect(event.cpu == 2)
        #expect(event.pid == 9)
        #expect(event.depth == 2)
        #expect([event.comm, event.test, event.site].map { tables.names[$0] } == ["bash", "a@b", "do_fault"])
        #expect(tables.frames(of: event.stack) == ["down_read", "do_fault"])
        #expect(Set([event.lock, event.nest, event.context]).count == 3)
    }

    @Test("what is left out has its default")
    func defaults() throws {
        let outcome = read("{\"op\":\"acquire\",\"lock\":\"A\"}")
        let event = try #require(outcome.events.first)
        #expect(outcome.tables.classes[event.lockClass] == LockClass(name: "A", type: .mutex))
        #expect(event.task == TaskID(rawValue: 0))
        #expect(event.mode == .write)
        #expect(event.depth == LockEvent.unknownDepth)
        #expect(event.lock != .none)
    }

    @Test("every operation", arguments: LockEvent.Operation.allCases)
    func operations(operation: LockEvent.Operation) {
        let outcome = read("{\"op\":\"\(operation.name)\",\"lock\":1,\"task\":1}")
        #expect(outcome.errors.isEmpty)
        #expect(outcome.events.map(\.operation) == [operation])
    }

    @Test("a loss without a task concerns all tasks")
    func lost() {
        #expect(read("{\"op\":\"lost\"}").events.map { $0.flags.contains(.allTasks) } == [true])
        #expect(read("{\"op\":\"lost\",\"task\":3}").events.map { $0.flags.contains(.allTasks) } == [false])
    }

    @Test("a number and its digits in quotes are one lock; a lock keeps the class it was given")
    func identifiers() {
        let outcome = read(
            """
            {"op":"acquire","lock":17,"class":"c","type":"spin"}
            {"op":"release","lock":"17"}
            {"op":"acquire","lock":18446744073709551615}
            """
        )
        let events = outcome.events
        #expect(events[0].lock == events[1].lock)
        #expect(events[0].lockClass == events[1].lockClass)
        #expect(outcome.tables.classes[events[2].lockClass].name == "18446744073709551615")
    }

    @Test(
        "escapes and surrogates",
        arguments: [
            ("a\\u0041\\n\\t\\\"\\\\\\/", "aA\n\t\"\\/"), ("\\ud83d\\ude00", "\u{1F600}"), ("\\u00e9é", "éé"),
            ("\\b\\f\\r", "\u{8}\u{c}\r"),
        ]
    )
    func escapes(json: String, text: String) {
        let outcome = read("{\"op\":\"exit\",\"comm\":\"\(json)\"}")
        #expect(outcome.errors.isEmpty)
        #expect(outcome.events.map { outcome.tables.names[$0.comm] } == [text])
    }

    @Test("keys may be escaped, of two the last counts, null is absent, space is free")
    func json() {
        #expect(read(" {\"\\u006fp\" :\t\"exit\" , \"task\":1,\"task\": 2 } \r").events.map(\.task.rawValue) == [2])
        #expect(read("{\"op\":\"exit\",\"comm\":null,\"t\":null}").events.count == 1)
        #expect(read("\u{feff}{\"op\":\"exit\"}\n\n  \n{\"op\":\"exit\"}").events.count == 2)
    }

    static let badLines: [(String, String)] = [
        ("{}", "'op' is missing"),
        ("{\"op\":\"take\"}", "'op' must be one of"),
        ("{\"op\":7}", "'op' must be a string"),
        ("{\"op\":\"acquire\"}", "'lock' is missing"),
        ("{\"op\":\"acquire\",\"lock\":\"\"}", "'lock' must be"),
        ("{\"op\":\"acquire\",\"lock\":1.5}", "'lock' must be"),
        ("{\"op\":\"acquire\",\"lock\":18446744073709551616}", "'lock' must be"),
        ("{\"op\":\"acquire\",\"lock\":-1}", "'lock' must be"),
        ("{\"op\":\"acquire\",\"lock\":[]}", "'lock' must be"),
        ("{\"op\":\"acquire\",\"lock\":1,\"type\":\"semaphore\"}", "'type' must be one of"),
        ("{\"op\":\"acquire\",\"lock\":1,\"mode\":\"shared\"}", "'mode' must be one of"),
        ("{\"op\":\"acquire\",\"lock\":1,\"subclass\":8}", "'subclass' must be a whole number below 8"),
        ("{\"op\":\"exit\",\"t\":1e3}", "'t' must be"),
        ("{\"op\":\"exit\",\"t\":\"1\"}", "'t' must be"),
        ("{\"op\":\"exit\",\"cpu\":4294967296}", "'cpu' must be"),
        ("{\"op\":\"exit\",\"stack\":\"f\"}", "'stack' must be"),
        ("{\"op\":\"exit\",\"stack\":[1]}", "'stack' must be a string"),
        ("{\"op\":\"exit\"", "',' or '}' expected"),
        ("{\"op\":\"exit\"} x", "the line's end expected"),
        ("{\"op\":\"exit\",}", "a string expected"),
        ("{\"op\" \"exit\"}", "':' expected"),
        ("{\"op\":\"exit", "the string's end expected"),
        ("{\"op\":\"exit\",\"x\":01}", "leading 0"),
        ("{\"op\":\"exit\",\"x\":1.}", "a digit expected"),
        ("{\"op\":\"exit\",\"x\":nul}", "a value expected"),
        ("{\"op\":\"exit\",\"x\":[1,}", "a value expected"),
        ("{\"op\":\"exit\",\"x\":[1}", "',' or ']' expected"),
        ("{\"op\":\"exit\",\"comm\":\"\\ud800\"}", "surrogate"),
        ("{\"op\":\"exit\",\"comm\":\"\\udc00\"}", "surrogate"),
        ("{\"op\":\"exit\",\"comm\":\"\\x\"}", "an escape expected"),
        ("{\"op\":\"exit\",\"comm\":\"\\u12g4\"}", "four hexadecimal digits"),
        ("{\"op\":\"exit\",\"comm\":\"a\u{1}b\"}", "no control character"),
        ("[1,2]", "one JSON object"),
        ("\"text\"", "one JSON object"),
        ("hello", "not JSON"),
    ]

    @Test("bad lines are one error each, with the line", arguments: badLines)
    func bad(line: String, message: String) {
        let outcome = read("{\"op\":\"exit\"}\n\(line)\n{\"op\":\"exit\"}\n")
        #expect(outcome.events.count == 2)
        #expect(outcome.errors.map(\.line) == [2])
        #expect(outcome.errors[0].description.contains(message), "\(outcome.errors[0])")
        #expect(outcome.errors[0].description.hasPrefix("line 2, byte "))
    }

    @Test("a class with two types")
    func twoTypes() {
        let outcome = read(
            """
            {"op":"acquire","lock":1,"class":"c","type":"spin"}
            {"op":"acquire","lock":2,"class":"c","type":"mutex"}
            {"op":"acquire","lock":3,"class":"c"}
            """
        )
        #expect(outcome.events.count == 2)
        #expect(outcome.errors.map(\.problem) == [.twoTypes(lockClass: "c", before: .spin, now: .mutex)])
    }

    @Test(
        "bytes that are not UTF-8",
        arguments: [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] as [[UInt8]]
    )
    func notUTF8(bytes: [UInt8]) {
        let line = Array("{\"op\":\"exit\",\"comm\":\"".utf8) + bytes + Array("\"}\n{\"op\":\"exit\"}".utf8)
        let outcome = read(line)
        #expect(outcome.events.count == 1)
        #expect(outcome.errors.map(\.problem) == [.notUTF8])
        let escaped = Array("{\"op\":\"exit\",\"comm\":\"\\n".utf8) + bytes + Array("\"}".utf8)
        #expect(read(escaped).errors.map(\.problem) == [.notUTF8])
    }

    @Test("nesting is bounded, and takes no stack")
    func nesting() {
        for bracket in ["[", "{\"a\":"] {
            let deep = String(repeating: bracket, count: 100_000)
            #expect(read("{\"op\":\"exit\",\"x\":\(deep)").errors.map(\.problem) == [.tooDeep])
        }
        let fine = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(read("{\"op\":\"exit\",\"x\":\(fine)}").errors.isEmpty)
    }

    @Test("megabytes without a line's end are dropped, said once, and the next line is read", arguments: [true, false])
    func endless(isWhole: Bool) {
        var reader = EventLineReader()
        var outcome = Outcome()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 18)
        for _ in 0..<40 {
            reader.append(piece)
            if !isWhole { outcome.drain(&reader) }
        }
        reader.append(Array("\n{\"op\":\"exit\"}\n{\"op\":1}\n".utf8))
        outcome.drain(&reader)
        #expect(outcome.errors.map(\.line) == [1, 3])
        #expect(outcome.errors.first?.problem == .tooLong)
        #expect(outcome.events.count == 1)
    }

    @Test("input cut anywhere", arguments: [1, 2, 3, 7, 64])
    func pieces(size: Int) {
        let text = String(repeating: "{\"op\":\"acquire\",\"lock\":\"é\",\"task\":12}\n{bad\n\n", count: 20)
        let outcome = read(text, pieces: size)
        #expect(outcome.events.count == 20)
        #expect(outcome.errors.map(\.line) == Array(stride(from: 2, through: 59, by: 3)))
    }

    @Test("what is written is read back the same")
    func roundTrip() {
        let text = """
            {"op":"init","task":0,"lock":"0x1","class":"c \\"q\\" \\u0007","type":"rwsem"}
            {"op":"attempt","task":1,"lock":"0x1","class":"c \\"q\\" \\u0007","type":"rwsem","mode":"read","subclass":2,"t":5}
            {"op":"try","task":1,"lock":"0x2","class":"w","type":"ww_mutex","context":"0x3","depth":1,"cpu":1,"pid":2,"comm":"a b"}
            {"op":"may","task":1,"lock":"0x4","class":"0x4","type":"mutex","mode":"recursive","nest":"0x1","test":"t","site":"f"}
            {"op":"release","task":1,"lock":"0x4","class":"0x4","type":"mutex","site":"g","stack":["g","h"]}
            {"op":"lost","task":4}
            {"op":"lost"}
            {"op":"exit","task":1}

            """
        var reader = EventLineReader()
        var outcome = Outcome()
        reader.append(Array(text.utf8))
        outcome.drain(&reader)
        #expect(outcome.events.count == 8)
        var writer = EventLineWriter { [reader] in reader.text(of: $0) ?? "?" }
        var output: [UInt8] = []
        for event in outcome.events { writer.write(event, outcome.tables, to: &output) }
        #expect(String(decoding: output, as: UTF8.self) == text)
    }

    @Test("random bytes never crash and never loop")
    func random() {
        var state: UInt64 = 1
        let alphabet = Array("{}[]\",:\\u0123456789abcdefnulltrue-+.eE \n\u{1}op".utf8) + [0xff, 0xc3, 0xa9]
        for _ in 0..<2000 {
            var line = Array("{\"op\":\"exit\",\"x\":".utf8)
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                line.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            let outcome = read(line)
            let lines = line.split(separator: UInt8(ascii: "\n")).count
            #expect(outcome.events.count + outcome.errors.count <= lines)
            #expect(outcome.events.count + outcome.errors.count > 0)
        }
    }
}
