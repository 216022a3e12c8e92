// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Lock events in the shorthand of lockdep's own tests: `AB BA` is two tasks, one that takes A, then B, and releases both,
/// and one that does it the other way round.
///
/// A word is a task's doing from left to right; what it still holds at its end is released, the innermost first. In a word:
/// - `A`..`Z` (but R) take the only lock of a class, `A1`, `A2` take different locks of class A; `a`..`z` but those
///   with a meaning below are ww mutexes of one class, `t` and `u` ww contexts
/// - before a lock: `w`, `r`, `R` as writer, reader, recursive reader (else as the script's usual mode); `-` release;
///   `!` initialise; `^` attempt; `~` fail; `=` downgrade; `+` might take
/// - behind a lock: `?` by trylock, `(t)` under context t, `[A]` under nest lock A, `/1` as subclass 1
/// - `.` at the end: the task keeps what it holds; `.E` the task ends
/// - `3:` in front: done by task 3 (else each word by a task of its own)
struct EventScript {
    var engine: LockOrderEngine
    var type: LockType
    var mode: LockMode
    var time: UInt64 = 0
    private var nextTask: UInt64 = 100
    /// The events sent, when somebody wants them.
    var recorder: [LockEvent]?
    /// Added to every lock number: other addresses for the same locks.
    var base: UInt64

    init(
        _ options: EngineOptions = EngineOptions(),
        type: LockType = .mutex,
        mode: LockMode = .write,
        base: UInt64 = 0x1000
    ) {
        engine = LockOrderEngine(options: options)
        self.type = type
        self.mode = mode
        self.base = base
    }

    static func strict(_ script: String, type: LockType = .mutex, mode: LockMode = .write) -> [Finding] {
        run(script, EngineOptions(sameClass: .strict), type: type, mode: mode)
    }

    static func run(
        _ script: String,
        _ options: EngineOptions = EngineOptions(),
        type: LockType = .mutex,
        mode: LockMode = .write
    ) -> [Finding] {
        var run = EventScript(options, type: type, mode: mode)
        run.recorder = []
        run.play(script)
        run.engine.finish()
        let findings = run.engine.findings
        #expect(run.replayed(options).map(\.signature) == findings.map(\.signature), "\(script) as NDJSON")
        return findings
    }

    /// What the script's events say once they have been written as NDJSON and read again, as `livedep replay` reads them.
    private func replayed(_ options: EngineOptions) -> [Finding] {
        var bytes: [UInt8] = []
        var writer = EventLineWriter()
        for event in recorder ?? [] { writer.write(event, engine.tables, to: &bytes) }
        var reader = EventLineReader()
        reader.append(bytes)
        reader.finish()
        var second = LockOrderEngine(options: options)
        do {
            while let event = try reader.next(&second.tables) { second.consume(event) }
        } catch {
            Issue.record(error, "\(String(decoding: bytes, as: UTF8.self))")
        }
        second.finish()
        return second.findings
    }

    mutating func play(_ script: String) {
        for word in script.split(separator: " ") { play(word: word) }
    }

    private mutating func play(word: Substring) {
        var rest = word
        var task = nextTask
        if let colon = word.firstIndex(of: ":"), let number = UInt64(word[..<colon]) {
            task = number
            rest = word[word.index(after: colon)...]
        } else {
            nextTask += 1
        }
        var held: [LockEvent] = []
        while !rest.isEmpty {
            if rest == "." { return }
            if rest == ".E" {
                send(LockEvent(.exit, task: TaskID(rawValue: task), lock: .none))
                return
            }
            let event = token(&rest, task: TaskID(rawValue: task))
            send(event)
            switch event.operation {
            case .acquire, .tryAcquire: held.append(event)
            case .release: held.removeAll { $0.lock == event.lock }
            default: break
            }
        }
        for var event in held.reversed() {
            event.operation = .release
            send(event)
        }
    }

    mutating func send(_ event: LockEvent) {
        time += 1
        var event = event
        event.time = time
        event.pid = UInt32(truncatingIfNeeded: event.task.rawValue)
        recorder?.append(event)
        engine.consume(event)
    }

    private mutating func token(_ rest: inout Substring, task: TaskID) -> LockEvent {
        var operation = LockEvent.Operation.acquire
        var mode = mode
        prefix: while let first = rest.first {
            switch first {
            case "-": operation = .release
            case "!": operation = .initialize
            case "^": operation = .attempt
            case "~": operation = .fail
            case "=": operation = .downgrade
            case "+": operation = .may
            case "w": mode = .write
            case "r": mode = .read
            case "R": mode = .recursive
            default: break prefix
            }
            rest.removeFirst()
        }
        let (lock, lockClass) = lock(&rest)
        var event = LockEvent(operation, task: task, lock: lock, lockClass: lockClass, mode: mode)
        suffix: while let first = rest.first {
            switch first {
            case "?":
                event.operation = .tryAcquire
                rest.removeFirst()
            case "(":
                rest.removeFirst()
                event.context = self.lock(&rest).0
                rest.removeFirst()
            case "[":
                rest.removeFirst()
                event.nest = self.lock(&rest).0
                rest.removeFirst()
            case "/":
                rest.removeFirst()
                event.subclass = UInt8(rest.removeFirst().wholeNumberValue ?? 0)
            default: break suffix
            }
        }
        event.site = engine.tables.names.intern("f_\(engine.tables.classes[lockClass].name)")
        return event
    }

    private mutating func lock(_ rest: inout Substring) -> (LockID, LockClassID) {
        let letter = rest.removeFirst()
        var number: UInt64 = 0
        while let digit = rest.first?.wholeNumberValue {
            number = number * 10 + UInt64(digit)
            rest.removeFirst()
        }
        let lock = LockID(rawValue: base + UInt64(letter.asciiValue ?? 0) * 256 + number)
        let lockClass =
            switch letter {
            case "t", "u": LockClass(name: "ww_acquire", type: .wwContext)
            case "a"..."z": LockClass(name: "ww_mutex", type: .wwMutex)
            default: LockClass(name: String(letter), type: type)
            }
        return (lock, engine.tables.classes.intern(lockClass))
    }
}

extension [Finding] {
    var kinds: [FindingKind] { map(\.kind) }
    func of(_ kind: FindingKind) -> [Finding] { filter { $0.kind == kind } }
}
