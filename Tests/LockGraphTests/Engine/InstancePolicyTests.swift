// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Nesting of one class where no annotations exist (DESIGN 3.6), and the grades (DESIGN 3.8) from both sides.
@Suite("instance policy and grades")
struct InstancePolicyTests {
    @Test("the same instance twice is a recursion, two instances are not")
    func recursion() {
        #expect(EventScript.run("X1X1").kinds == [.recursion])
        #expect(EventScript.run("X1X2").isEmpty)
        #expect(EventScript.run("X1X2X3").isEmpty)
    }

    @Test("a reader behind a reader of one rwsem is held up by a writer between them")
    func readers() {
        let findings = EventScript.run("rX1rX1", type: .rwsem)
        #expect(findings.kinds == [.recursion])
        #expect(findings[0].steps[0].needsQueuedWriter)
        #expect(!findings[0].steps[0].writerSeen)
        #expect(EventScript.run("wX1 rX1rX1", type: .rwsem)[0].steps[0].writerSeen)
        #expect(EventScript.run("RX1RX1", type: .rwlock).isEmpty)
    }

    @Test("two instances in both orders are an inversion")
    func inversion() {
        let findings = EventScript.run("X1X2 X2X1")
        #expect(findings.kinds == [.inversion])
        #expect(findings[0].grade == .bound)
        #expect(findings[0].steps.count == 2)
        #expect(findings[0].classes == ["X"])
        #expect(EventScript.run("X1X2 X2X3 X3X1").isEmpty)
    }

    @Test("an inversion by one task alone, or under a gate lock, says so")
    func gradedInversion() {
        #expect(EventScript.run("1:X1X2 1:X2X1")[0].grade == .classOnly)
        let guarded = EventScript.run("GX1X2 GX2X1")[0]
        #expect(guarded.grade == .guarded)
        #expect(guarded.gate == "G")
    }

    @Test("an inversion's grade rises when the order comes without the gate")
    func raisedInversion() {
        var script = EventScript()
        script.play("GX1X2 GX2X1")
        #expect(script.engine.takeNewFindings().map(\.grade) == [.guarded])
        script.play("X1X2")
        let raised = script.engine.takeNewFindings()
        #expect(raised.map(\.grade) == [.bound])
        #expect(raised[0].previousGrade == .guarded)
        #expect(script.engine.findings.count == 1)
    }

    @Test("readers in both orders need a writer; recursive readers never wait for each other")
    func readerInversion() {
        #expect(EventScript.run("rX1rX2 rX2rX1", type: .rwsem).kinds == [.inversion])
        #expect(EventScript.run("RX1RX2 RX2RX1", type: .rwlock).isEmpty)
        #expect(EventScript.run("RX1wX2 RX2wX1", type: .rwlock).kinds == [.inversion])
    }

    @Test("one address initialised again is another instance")
    func reuse() {
        #expect(EventScript.run("X1X2 !X1 X2X1").isEmpty)
        #expect(EventScript.run("X1X2 !X3 X2X1").kinds == [.inversion])
    }

    @Test("locks of slab constructors give no instance evidence")
    func reused() {
        var script = EventScript()
        for (first, second, task) in [(1, 2, 1), (2, 1, 2)] as [(UInt64, UInt64, UInt64)] {
            for number in [first, second] {
                let lockClass = script.engine.tables.classes.intern(LockClass(name: "X", type: .mutex))
                var event = LockEvent(
                    .acquire,
                    task: TaskID(rawValue: task),
                    lock: LockID(rawValue: number),
                    lockClass: lockClass
                )
                event.flags = .reused
                script.send(event)
            }
        }
        #expect(script.engine.findings.isEmpty)
    }

    @Test("one task's A1 X A2 is no cycle of A and X")
    func nesting() {
        let findings = EventScript.run("A1XA2")
        #expect(findings.isEmpty)
        var script = EventScript()
        script.play("A1XA2")
        #expect(
            script.engine.dependencies.map {
                "\(script.engine.printedName(of: $0.from)) \(script.engine.printedName(of: $0.to))"
            }
                == ["A X", "X A/1", "A A/1"]
        )
    }

    @Test("hand over hand down a list is no cycle")
    func handOverHand() {
        #expect(EventScript.run("A1A2-A1A3-A2A4-A3X A2A3-A2XA4").isEmpty)
    }

    @Test("bound: the instances close it, by two tasks, under no gate")
    func bound() {
        let findings = EventScript.run("A1B1 B1A1")
        #expect(findings.kinds == [.cycle])
        #expect(findings[0].grade == .bound)
        #expect(findings[0].classes == ["B", "A"] || findings[0].classes == ["A", "B"])
        #expect(findings[0].steps.last?.from == "B")
        #expect(findings[0].steps.last?.to == "A")
    }

    @Test("class: no instances close it")
    func classOnly() {
        #expect(EventScript.run("A1B1 B2A2").map(\.grade) == [.classOnly])
        #expect(EventScript.run("A1B1 B1A2").map(\.grade) == [.classOnly])
    }

    @Test("one lock taken under two subclasses is one instance")
    func subclassInstances() {
        #expect(EventScript.run("A1/1B1 B1A1 A1B1").of(.cycle).count == 1)
        #expect(EventScript.run("A1/1B1 B1A1/1 A1B1 A1/1B1 B1A1").of(.cycle).map(\.grade) == [.bound, .bound])
    }

    @Test("class: one task alone made all of it")
    func oneTask() {
        #expect(EventScript.run("1:AB 1:BA").map(\.grade) == [.classOnly])
        #expect(EventScript.run("1:AB 2:BA").map(\.grade) == [.bound])
    }

    @Test("guarded: one exclusive lock around all of it")
    func guarded() {
        let findings = EventScript.run("GAB GBA")
        #expect(findings.of(.cycle).map(\.grade) == [.guarded])
        #expect(findings[0].gate == "G")
        #expect(findings[0].text.contains("all under G"))
        #expect(EventScript.run("GAB BA").map(\.grade) == [.bound])
        #expect(EventScript.run("G1AB G2BA").map(\.grade) == [.bound])
        #expect(EventScript.run("rGAB rGBA", type: .rwsem).map(\.grade) == [.bound])
    }

    @Test("a grade rises with later evidence, and the finding comes again")
    func raised() {
        var script = EventScript()
        script.play("A1B1 B2A2")
        #expect(script.engine.takeNewFindings().map(\.grade) == [.classOnly])
        script.play("B1A1")
        let raised = script.engine.takeNewFindings()
        #expect(raised.map(\.grade) == [.bound])
        #expect(raised.map(\.previousGrade) == [.classOnly])
        script.play("B1A1 A1B1")
        #expect(!script.engine.hasNewFindings)
        #expect(script.engine.summary.cyclesByGrade == [.bound: 1])
    }

    @Test("a gate that is left out once is no gate")
    func droppedGate() {
        var script = EventScript()
        script.play("GAB GBA")
        #expect(script.engine.takeNewFindings().map(\.grade) == [.guarded])
        script.play("BA")
        #expect(script.engine.takeNewFindings().map(\.grade) == [.bound])
    }

    @Test("static classes bind by themselves")
    func staticClasses() {
        func findings(isStatic: Bool) -> [Finding] {
            var engine = LockOrderEngine()
            let nodes = ["a", "b"].map {
                LockNode(engine.tables.classes.intern(LockClass(name: $0, type: .mutex, isStatic: isStatic)))
            }
            for (from, to) in [(0, 1), (1, 0)] {
                let witness = Witness(task: TaskID(rawValue: UInt64(from + 1)))
                engine.add(Dependency(from: nodes[from], to: nodes[to], witness: witness))
            }
            return engine.findings
        }
        #expect(findings(isStatic: true).map(\.grade) == [.bound])
        #expect(findings(isStatic: false).map(\.grade) == [.classOnly])
    }

    @Test("a finding says whether its names are exact")
    func names() {
        for certainty in [LockClass.Certainty.exact, .inferred] {
            var engine = LockOrderEngine()
            let nodes = [
                LockNode(engine.tables.classes.intern(LockClass(name: "a", type: .mutex))),
                LockNode(
                    engine.tables.classes.intern(
                        LockClass(name: "b", type: .mutex, naming: "slab member", certainty: certainty)
                    )
                ),
            ]
            engine.add(Dependency(from: nodes[0], to: nodes[1]))
            engine.add(Dependency(from: nodes[1], to: nodes[0]))
            #expect(engine.findings[0].namesAreExact == (certainty == .exact))
            #expect(engine.findings[0].naming.contains { $0.lockClass == "b" && $0.how == "slab member" })
        }
    }

    @Test("reader dependencies that need a queued writer are noted")
    func queuedWriter() {
        let unseen = EventScript.run("rXrY rYrX", type: .rwsem)[0]
        #expect(unseen.steps.allSatisfy { $0.needsQueuedWriter && !$0.writerSeen })
        let seen = EventScript.run("wX rXrY rYrX", type: .rwsem)[0]
        #expect(seen.steps.contains { $0.to == "X" && $0.writerSeen })
        #expect(seen.steps.contains { $0.to == "Y" && !$0.writerSeen })
        let writers = EventScript.run("XY YX", type: .rwsem)[0]
        #expect(writers.steps.allSatisfy { !$0.needsQueuedWriter })
    }
}
