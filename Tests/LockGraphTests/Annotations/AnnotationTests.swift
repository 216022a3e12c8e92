// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// What lockdep's annotations said where they were, told where they are not (DESIGN 3.9).
@Suite("Learned annotations")
struct AnnotationTests {
    private func learn(_ script: String) -> LearnedAnnotations {
        var options = EngineOptions(sameClass: .strict)
        options.learnsAnnotations = true
        var run = EventScript(options)
        run.play(script)
        return run.engine.learnedAnnotations
    }

    private func findings(
        _ script: String,
        _ annotations: LearnedAnnotations?,
        _ policy: SameClassPolicy = .strict
    ) -> [Finding] {
        var options = EngineOptions(sameClass: policy)
        options.annotations = annotations
        return EventScript.run(script, options)
    }

    private func entry(_ lockClass: String, under: [UInt8] = [], subclass: UInt8 = 0, nest: String = "")
        -> LearnedAnnotations.Entry
    {
        LearnedAnnotations.Entry(
            function: "f_\(lockClass)",
            lockClass: LockClass(name: lockClass, type: .mutex),
            under: under,
            subclass: subclass,
            nest: nest
        )
    }

    @Test("a function's subclasses are learned by what it holds already")
    func subclasses() {
        let learned = learn("X1X2/1X3/2 Y1")
        #expect(
            learned.entries == [
                entry("X"): 1, entry("X", under: [0], subclass: 1): 1, entry("X", under: [0, 1], subclass: 2): 1,
                entry("Y"): 1,
            ]
        )
    }

    @Test("a nest lock is learned by its class, if it is held")
    func nestLocks() {
        let learned = learn("NX1[N]X2[N] X1X2[N]")
        #expect(learned.entries[entry("X", nest: "N")] == 1)
        #expect(learned.entries[entry("X", under: [0], nest: "N")] == 1)
        // Under a nest lock that is not held nothing is said.
        #expect(!learned.entries.keys.contains(entry("X", under: [0])))
    }

    @Test("a subclass that was learned takes the dependency of a class on itself away")
    func appliedSubclass() {
        #expect(findings("X1X2", nil).kinds == [.recursion])
        #expect(findings("X1X2", learn("X1X2/1")).isEmpty)
        #expect(findings("X1X2X3", learn("X1X2/1X3/2")).isEmpty)
        // What nobody annotated is found as before.
        #expect(findings("X1X2X3", learn("X1X2/1")).kinds == findings("X1X2/1X3", nil).kinds)
        #expect(findings("X1X2X3", learn("X1X2/1")).kinds.contains(.recursion))
        #expect(findings("X1X2 Y1Y2", learn("X1X2/1")).kinds == [.recursion])
    }

    @Test("the other order of what was annotated is still an inversion")
    func inversion() {
        #expect(findings("X1AX2 2:AX1", learn("X1X2/1")).kinds == [.cycle])
        #expect(findings("X1AX2 2:X2 2:AX1X2", learn("X1X2/1 AX1")).of(.cycle).count == 1)
    }

    @Test("a nest lock that was learned takes it away while that lock is held, and only then")
    func appliedNestLock() {
        let learned = learn("NX1[N]X2[N]")
        #expect(findings("NX1X2", learned).isEmpty)
        #expect(findings("NX1X2 X1X2", learned).kinds == [.recursion])
        #expect(findings("NX1X2 NX2X1", learned, .instance).isEmpty)
        #expect(findings("NX1X2 NX2X1", nil, .instance).kinds == [.inversion])
    }

    @Test("a function that said two things in one situation says nothing")
    func contradiction() {
        #expect(findings("X1X2", learn("X1X2/1 X1X2/2")).kinds == [.recursion])
    }

    @Test("what was explained is listed")
    func listed() {
        var options = EngineOptions(sameClass: .strict)
        options.annotations = learn("X1X2/1 NY1[N]Y2[N]")
        var run = EventScript(options)
        run.play("X1X2 X1X2 NY1Y2")
        #expect(
            run.engine.summary.explainedNestings == [
                ExplainedNesting(lockClass: "X", function: "f_X", subclass: 1, count: 2),
                ExplainedNesting(lockClass: "Y", function: "f_Y", nest: "N", count: 1),
            ]
        )
    }

    @Test("held locks that records show are told as well")
    func shownLocks() {
        var options = EngineOptions(sameClass: .strict, isFiltered: true)
        options.annotations = learn("X1X2/1")
        var engine = LockOrderEngine(options: options)
        let x = engine.tables.classes.intern(LockClass(name: "X", type: .mutex))
        let a = engine.tables.classes.intern(LockClass(name: "A", type: .mutex))
        let site = engine.tables.names.intern("f_X")
        let held = [UInt64(1), 2].map { number in
            var lock = HeldLock(lock: LockID(rawValue: number), lockClass: x)
            lock.site = site
            return lock
        }
        let taken = LockEvent(.acquire, task: TaskID(rawValue: 7), lock: LockID(rawValue: 3), lockClass: a)
        engine.consume(taken, held: held.span)
        #expect(engine.lockNodes.map { engine.printedName(of: $0) } == ["X", "X/1", "A"])
        #expect(engine.summary.resyncs == 0)
    }

    @Test(
        "a class known by its call site only gets the name of what its function takes, one that lockdep does not check none"
    )
    func classes() {
        var options = EngineOptions()
        let dma = LockClass(name: "&dev->dma_mutex", type: .mutex)
        let device = LockClass(name: "&dev->mutex", type: .mutex, origin: "no validation", isValidated: false)
        options.annotations = LearnedAnnotations(entries: [
            .init(function: "dma_map", lockClass: dma): 1,
            .init(function: "both", lockClass: dma): 1,
            .init(function: "both", lockClass: device): 1,
            .init(function: "device_lock", lockClass: device): 1,
        ])
        var engine = LockOrderEngine(options: options)
        func take(_ name: String, naming: String, certainty: LockClass.Certainty, at function: String) -> LockClass {
            let lockClass = engine.tables.classes.intern(
                LockClass(name: name, type: .mutex, naming: naming, certainty: certainty)
            )
            var event = LockEvent(.acquire, task: TaskID(rawValue: 1), lock: LockID(rawValue: 9), lockClass: lockClass)
            event.site = engine.tables.names.intern(function)
            engine.consume(event)
            let node = engine.lockNodes.last.map { engine.tables.classes[$0.lockClass] }
            event.operation = .release
            engine.consume(event)
            return node ?? LockClass(name: "", type: .mutex)
        }
        #expect(take("mutex@both", naming: "call site", certainty: .inferred, at: "both").name == "mutex@both")
        let named = take("mutex@dma_map", naming: "call site", certainty: .inferred, at: "dma_map")
        #expect(named == dma && named.naming == "annotation" && named.certainty == .inferred)
        #expect(take("device.dma_mutex", naming: "slab member", certainty: .exact, at: "dma_map") == dma)
        #expect(!take("&dev->mutex", naming: "init", certainty: .exact, at: "device_lock").isValidated)
    }
}
