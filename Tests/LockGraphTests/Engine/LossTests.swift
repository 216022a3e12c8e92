// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Loss delays findings and invents none (DESIGN 3.3).
@Suite("loss")
struct LossTests {
    private let task = TaskID(rawValue: 1)

    private func event(
        _ operation: LockEvent.Operation,
        _ name: String,
        _ engine: inout LockOrderEngine,
        depth: UInt8 = LockEvent.unknownDepth
    ) -> LockEvent {
        let lockClass = engine.tables.classes.intern(LockClass(name: name, type: .mutex))
        var event = LockEvent(
            operation,
            task: task,
            lock: LockID(rawValue: UInt64(name.utf8.first ?? 0)),
            lockClass: lockClass
        )
        event.depth = depth
        return event
    }

    private func held(_ names: String, _ engine: inout LockOrderEngine) -> [HeldLock] {
        names.map { letter in
            let lockClass = engine.tables.classes.intern(LockClass(name: String(letter), type: .mutex))
            return HeldLock(lock: LockID(rawValue: UInt64(letter.asciiValue ?? 0)), lockClass: lockClass)
        }
    }

    @Test("after a gap nothing is added until the stack is shown empty")
    func empty() {
        var engine = LockOrderEngine()
        engine.consume(event(.acquire, "A", &engine))
        engine.consume(event(.lost, "A", &engine))
        engine.consume(event(.acquire, "B", &engine))
        engine.consume(event(.acquire, "C", &engine))
        #expect(engine.dependencies.isEmpty)
        engine.consume(event(.release, "C", &engine))
        engine.consume(event(.acquire, "D", &engine, depth: 0))
        engine.consume(event(.acquire, "E", &engine))
        #expect(engine.dependencies.count == 1)
        #expect(engine.findings.isEmpty)
        #expect(engine.summary.losses == 1)
        #expect(engine.summary.skippedAcquisitions == 2)
    }

    @Test("a stack shown whole is known, whatever was lost")
    func whole() {
        var engine = LockOrderEngine()
        engine.consume(event(.lost, "A", &engine))
        let shown = held("AB", &engine)
        engine.consume(event(.acquire, "C", &engine), held: shown.span)
        #expect(engine.dependencies.count == 2)
        #expect(engine.summary.resyncs == 0)
        let other = held("A", &engine)
        engine.consume(event(.acquire, "D", &engine), held: other.span)
        #expect(engine.dependencies.count == 3)
        #expect(engine.summary.resyncs == 1)
    }

    @Test("a shown stack that agrees is no resync, and keeps what is known of its locks")
    func agreeing() {
        var engine = LockOrderEngine()
        var first = event(.acquire, "A", &engine)
        first.site = engine.tables.names.intern("take_a")
        engine.consume(first)
        let shown = held("A", &engine)
        engine.consume(event(.acquire, "B", &engine), held: shown.span)
        #expect(engine.summary.resyncs == 0)
        #expect(engine.dependencies[0].witness.heldSite == first.site)
    }

    @Test("a shown stack does not list contexts, and may know a lock by another class")
    func contextsAndNames() {
        var engine = LockOrderEngine()
        let mutex = engine.tables.classes.intern(LockClass(name: "ww_mutex", type: .wwMutex))
        let other = engine.tables.classes.intern(LockClass(name: "better", type: .wwMutex))
        var event = LockEvent(.attempt, task: task, lock: LockID(rawValue: 1), lockClass: mutex)
        event.context = LockID(rawValue: 9)
        engine.consume(event, held: [HeldLock]().span)
        event.operation = .acquire
        engine.consume(event, held: [HeldLock]().span)
        var shown = HeldLock(event)
        shown.lockClass = other
        engine.unify(mutex, other)
        event.lock = LockID(rawValue: 2)
        engine.consume(event, held: [shown].span)
        #expect(engine.summary.resyncs == 0)
        #expect(engine.dependencies.map { engine.printedName(of: $0.from) } == ["ww_acquire"])
        #expect(engine.dependencies.map(\.count) == [2])
        #expect(engine.findings.isEmpty)
    }

    @Test("a depth that contradicts the stack makes it unknown")
    func depth() {
        var engine = LockOrderEngine()
        engine.consume(event(.acquire, "A", &engine, depth: 0))
        engine.consume(event(.acquire, "B", &engine, depth: 2))
        engine.consume(event(.acquire, "C", &engine, depth: 3))
        #expect(engine.dependencies.isEmpty)
        engine.consume(event(.release, "C", &engine, depth: 1))
        engine.consume(event(.acquire, "D", &engine))
        engine.consume(event(.acquire, "E", &engine))
        #expect(engine.dependencies.count == 1)
    }

    @Test("when all stacks are lost, a release concludes nothing, and a task that ends starts anew")
    func all() {
        var script = EventScript()
        script.play("1:A.")
        script.engine.loseAllStacks()
        script.play("1:B. 1:-A. 2:-C.")
        #expect(script.engine.dependencies.isEmpty)
        #expect(script.engine.findings.isEmpty)
        script.play("1:.E 1:AB")
        #expect(script.engine.dependencies.count == 1)
        script.play("3:BA")
        #expect(script.engine.findings.isEmpty)
    }

    @Test("an unknown stack at a task's end is no finding")
    func exit() {
        var engine = LockOrderEngine()
        engine.consume(event(.acquire, "A", &engine))
        engine.consume(event(.lost, "A", &engine))
        engine.consume(event(.exit, "A", &engine))
        #expect(engine.findings.isEmpty)
    }

    @Test("a lock released by a task of which nothing is known is off the stack of the one that held it")
    func foreignRelease() {
        var script = EventScript(type: .rwsem)
        script.play("1:wA. 1:rC.")
        script.engine.consume(LockEvent(.lost, task: TaskID(rawValue: 2), lock: .none))
        script.play("2:-A. 2:-C. 1:B.")
        #expect(script.engine.dependencies.map { script.engine.printedName(of: $0.from) } == ["A", "C"])
        #expect(script.engine.findings.isEmpty)
    }

    /// Dropping events and saying so (per task, from the gap on) yields a subset of what the whole stream yields.
    @Test("random loss invents nothing", arguments: 0..<200)
    func random(seed: UInt64) {
        var random = SplitMix(state: seed)
        var whole = EventScript()
        var lossy = EventScript()
        var held: [UInt64: [String]] = [:]
        var mayHaveLost: Set<UInt64> = []
        for _ in 0..<300 {
            let task = random.next(below: 4) + 1
            var mine = held[task, default: []]
            let word: String
            if !mine.isEmpty, random.next(below: 5) < 2 {
                word = "\(task):-\(mine.remove(at: Int(random.next(below: UInt64(mine.count)))))."
            } else {
                let letter = ["A", "B", "C", "D", "E", "F"][Int(random.next(below: 6))]
                let lock = "\(letter)\(task)"
                guard !mine.contains(lock) else { continue }
                mine.append(lock)
                word = "\(task):\(lock)."
            }
            held[task] = mine
            whole.play(word)
            if random.next(below: 20) == 0 {
                mayHaveLost.insert(task)
                continue
            }
            if mayHaveLost.remove(task) != nil {
                lossy.engine.consume(LockEvent(.lost, task: TaskID(rawValue: task), lock: .none))
            }
            lossy.play(word)
            if mine.isEmpty {
                var shown = LockEvent(.fail, task: TaskID(rawValue: task), lock: LockID(rawValue: 1))
                shown.depth = 0
                lossy.engine.consume(shown)
            }
        }
        let known = Set(whole.engine.dependencies.map { description($0, whole.engine) })
        let seen = lossy.engine.dependencies.map { description($0, lossy.engine) }
        #expect(seen.allSatisfy { known.contains($0) })
        #expect(lossy.engine.findings.of(.release).isEmpty)
        #expect(lossy.engine.findings.of(.recursion).isEmpty)
    }

    private func description(_ dependency: Dependency, _ engine: LockOrderEngine) -> String {
        "\(engine.printedName(of: dependency.from)) \(engine.printedName(of: dependency.to))"
    }

    @Test("a filtered stream: each record stands for itself")
    func filtered() {
        var engine = LockOrderEngine(options: EngineOptions(sameClass: .instance, isFiltered: true))
        let shown = held("A", &engine)
        engine.consume(event(.acquire, "B", &engine), held: shown.span)
        #expect(engine.dependencies.count == 1)
        // The releases of A and B were not sent.
        engine.consume(event(.acquire, "C", &engine))
        engine.consume(event(.exit, "C", &engine))
        engine.consume(event(.release, "D", &engine))
        #expect(engine.dependencies.count == 1)
        #expect(engine.findings.isEmpty)
        engine.consume(event(.acquire, "C", &engine), held: shown.span)
        engine.consume(event(.exit, "C", &engine), held: shown.span)
        #expect(engine.dependencies.count == 2)
        #expect(engine.findings.kinds == [.exit])
        #expect(engine.summary.resyncs == 0)
    }
}

/// The generator of Steele, Lea and Flood, for tests that can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func next(below bound: UInt64) -> UInt64 { next() % bound }
}
