// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Which dependencies an acquisition adds (DESIGN 3.1), and how cycles over them are reported.
@Suite("dependencies")
struct DependencyTests {
    private func list(_ script: String, type: LockType = .mutex) -> [String] {
        var run = EventScript(type: type)
        run.play(script)
        return run.engine.dependencies.map { dependency in
            let names = [dependency.from, dependency.to].map { run.engine.printedName(of: $0) }
            let modes = [dependency.fromMode, dependency.toMode].map { $0 == .write ? "" : $0 == .read ? "r" : "R" }
            return
                "\(modes[0])\(names[0])\(dependency.isDirect ? ">" : "-")\(modes[1])\(names[1])\(dependency.isMay ? "+" : "")"
        }
    }

    @Test("every held lock leads to the new one, the innermost directly")
    func allPairs() {
        #expect(list("ABC") == ["A>B", "B>C", "A-C"])
        #expect(list("ABC AC") == ["A>B", "B>C", "A>C"])
        #expect(list("rAwBrC", type: .rwsem) == ["rA>B", "B>rC", "rA-rC"])
    }

    @Test("W(X) R(Y) W(Z), then W(Z) W(X): the pair that lockdep's walk misses")
    func hiddenPair() {
        let findings = EventScript.run("wXRYwZ wZwX", type: .rwlock)
        #expect(findings.kinds == [.cycle])
        #expect(findings[0].classes.sorted() == ["X", "Z"])
        #expect(findings[0].steps.contains { !$0.isDirect })
    }

    @Test("a trylock leads nowhere into itself, and does lead on")
    func trylock() {
        #expect(list("AB?C") == ["B>C", "A-C"])
        #expect(EventScript.run("AB? BA").isEmpty)
        #expect(EventScript.run("A?B BA").kinds == [.cycle])
    }

    @Test("a trylock between two locks does not hide them")
    func trylockBetween() {
        let findings = EventScript.run("AB?C CA")
        #expect(findings.kinds == [.cycle])
        #expect(findings[0].classes.sorted() == ["A", "C"])
    }

    @Test("a page fault's trylock counts as blocking")
    func blockingTrylock() {
        var script = EventScript(type: .rwsem)
        let classes = ["m", "g"].map { script.engine.tables.classes.intern(LockClass(name: $0, type: .rwsem)) }
        script.send(LockEvent(.acquire, task: TaskID(rawValue: 1), lock: LockID(rawValue: 2), lockClass: classes[1]))
        var event = LockEvent(
            .tryAcquire,
            task: TaskID(rawValue: 1),
            lock: LockID(rawValue: 1),
            lockClass: classes[0],
            mode: .read
        )
        event.flags = .blocking
        script.send(event)
        #expect(script.engine.dependencies.count == 1)
    }

    @Test("an attempt counts, once, and whether or not it succeeds")
    func attempts() {
        var script = EventScript()
        script.play("A^B~B")
        #expect(script.engine.dependencies.map(\.count) == [1])
        script.play("A^BB")
        #expect(script.engine.dependencies.map(\.count) == [2])
        script.play("AB")
        #expect(script.engine.dependencies.map(\.count) == [3])
    }

    @Test("what might be taken is labelled until it is taken")
    func may() {
        #expect(list("A+B") == ["A>B+"])
        #expect(list("A+B AB") == ["A>B"])
        let findings = EventScript.run("A+B BA")
        #expect(findings.kinds == [.cycle])
        #expect(findings[0].steps.filter(\.isMay).map(\.from) == ["A"])
        #expect(findings[0].text.contains("MAY"))
    }

    @Test("release out of order")
    func outOfOrder() {
        #expect(list("AB-AC") == ["A>B", "B>C"])
        #expect(list("ABC-BD") == ["A>B", "B>C", "A-C", "C>D", "A-D"])
    }

    @Test("a downgraded writer leads on as a reader")
    func downgrade() {
        #expect(list("A=AB", type: .rwsem) == ["rA>B"])
    }

    @Test("a lock released by another task is off the first one's stack")
    func crossTask() {
        #expect(list("1:A. 2:-A 1:BC") == ["B>C"])
        #expect(EventScript.run("1:A. 2:-A 1:B").isEmpty)
    }

    @Test("skipping links do not multiply a cycle")
    func skippingLinks() {
        #expect(EventScript.run("ABCDE EA").count == 1)
        #expect(EventScript.run("EA ABCDE").count == 1)
        #expect(EventScript.run("ABCDE EA")[0].classes.count == 5)
        #expect(EventScript.run("ABCDE EA")[0].steps.allSatisfy { $0.isDirect })
    }

    @Test("an implied link that another task makes directly is a cycle of its own")
    func laterDirect() {
        #expect(EventScript.run("ABC CA AC").map(\.classes.count).sorted() == [2, 3])
    }

    @Test("every cycle that one dependency closes is reported")
    func severalCycles() {
        #expect(EventScript.run("AB BD AC CD DA").count == 2)
        #expect(EventScript.run("AB BC CA BD DA").count == 2)
    }

    @Test("many cycles in one run")
    func many() {
        var script = EventScript()
        for first in "ABCDEFGHIJ" {
            for second in "KLMNOPQST" { script.play("\(first)\(second) \(second)\(first)") }
        }
        #expect(script.engine.findings.of(.cycle).filter { $0.classes.count == 2 }.count == 90)
    }

    @Test("unvalidated classes are tracked and in no verdict", arguments: SameClassPolicy.allCases)
    func unvalidated(policy: SameClassPolicy) {
        var script = EventScript(
            EngineOptions(sameClass: policy, rules: [LockRule(from: LockPattern("A"), to: LockPattern("B"))])
        )
        _ = script.engine.tables.classes.intern(LockClass(name: "N", type: .mutex, isValidated: false))
        script.play("AN NA N1N1 N-N-N AN NB")
        #expect(script.engine.findings.isEmpty)
        #expect(script.engine.dependencies.count == 3)
        script.play("AB")
        #expect(script.engine.findings.kinds == [.rule])
    }

    @Test("all locks between are found when an unvalidated one lies between")
    func unvalidatedBetween() {
        var script = EventScript()
        _ = script.engine.tables.classes.intern(LockClass(name: "N", type: .mutex, isValidated: false))
        script.play("ANB BA")
        #expect(script.engine.findings.kinds == [.cycle])
    }

    @Test("classes of one name are told apart by what they come from")
    func namesakes() {
        var engine = LockOrderEngine()
        let nodes = ["one", "two", "one"].map {
            LockNode(engine.tables.classes.intern(LockClass(name: "lock", type: .mutex, origin: $0)))
        }
        engine.add(Dependency(from: nodes[0], to: nodes[1]))
        #expect(nodes.map { engine.printedName(of: $0) } == ["lock", "lock#2", "lock"])
        #expect(engine.printedName(of: LockNode(nodes[1].lockClass, subclass: 3)) == "lock#2/3")
        #expect(engine.findings.isEmpty)
    }

    @Test("a witness has both sides, and takes the held lock's stack when a later acquisition there has one")
    func witness() {
        var engine = LockOrderEngine()
        let classes = ["a", "b"].map { engine.tables.classes.intern(LockClass(name: $0, type: .mutex)) }
        let site = engine.tables.names.intern("take_a")
        let stack = engine.tables.internStack(["mutex_lock", "take_a"])
        func play(stack: StackID, task: UInt64) {
            for (index, operation) in [(0, LockEvent.Operation.acquire), (1, .acquire), (1, .release), (0, .release)] {
                var event = LockEvent(
                    operation,
                    task: TaskID(rawValue: task),
                    lock: LockID(rawValue: UInt64(index + 1)),
                    lockClass: classes[index]
                )
                if index == 0 {
                    event.site = site
                    event.stack = stack
                }
                event.pid = 7
                engine.consume(event)
            }
        }
        play(stack: .none, task: 1)
        #expect(engine.dependencies[0].witness.heldStack == .none)
        play(stack: stack, task: 2)
        #expect(engine.dependencies[0].witness.heldStack == stack)
        #expect(engine.dependencies[0].witness.heldSite == site)
        #expect(engine.dependencies[0].witness.task == TaskID(rawValue: 1))
        #expect(engine.dependencies[0].taskCount == 2)
        #expect(engine.dependencies[0].count == 2)
    }
}
