// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Findings that one event shows, and tasks that wait for each other.
@Suite("releases, exits, deadlocks")
struct EventFindingTests {
    @Test("a release of a lock that nobody holds")
    func release() {
        let findings = EventScript.run("A-A-A")
        #expect(findings.kinds == [.release])
        #expect(findings[0].classes == ["A"])
        #expect(EventScript.run("-A -A -A").count == 1)
        #expect(EventScript.run("-A -B").count == 2)
    }

    @Test("a release under grace concludes nothing")
    func grace() {
        var script = EventScript()
        let lockClass = script.engine.tables.classes.intern(LockClass(name: "A", type: .mutex))
        var event = LockEvent(.release, task: TaskID(rawValue: 1), lock: LockID(rawValue: 9), lockClass: lockClass)
        event.flags = .grace
        script.send(event)
        #expect(script.engine.findings.isEmpty)
        #expect(script.engine.summary.unknownReleases == 1)
    }

    @Test("what a lock's own owner proves needs no stack")
    func proven() {
        for operation in [LockEvent.Operation.release, .initialize] {
            var script = EventScript(EngineOptions(isFiltered: true))
            let lockClass = script.engine.tables.classes.intern(LockClass(name: "A", type: .mutex))
            var event = LockEvent(operation, task: TaskID(rawValue: 1), lock: LockID(rawValue: 9), lockClass: lockClass)
            event.flags = .grace
            script.send(event)
            #expect(script.engine.findings.isEmpty)
            event.flags = [.grace, .proven]
            script.send(event)
            script.send(event)
            #expect(script.engine.findings.kinds == [operation == .release ? .release : .initialize])
            #expect(script.engine.findings.first?.classes == ["A"])
        }
    }

    @Test("a context is its task's own: a cycle through its class is of classes only")
    func contextInstances() {
        let findings = EventScript.run("to(t)A Ato(t)")
        let withContext = findings.filter { $0.classes.contains { $0 != "A" && $0 != "ww_mutex" } }
        #expect(!withContext.isEmpty && withContext.allSatisfy { $0.grade == .classOnly })
        #expect(findings.filter { $0.grade == .bound }.map { Set($0.classes) } == [["ww_mutex", "A"]])
    }

    @Test("a task ends with locks held")
    func exit() {
        let findings = EventScript.run("1:AB.E")
        #expect(findings.kinds == [.exit])
        #expect(findings[0].classes == ["A", "B"])
        #expect(findings[0].tasks[0].holds == ["A", "B"])
        #expect(EventScript.run("1:AB-B-A.E").isEmpty)
        #expect(EventScript.run("1:A-A.E 1:-A").kinds == [.release])
    }

    @Test("what a freeze holds may outlive its task, and is released by another")
    func freeze() {
        var script = EventScript()
        let lockClass = script.engine.tables.classes.intern(
            LockClass(name: "&sb->s_writers.rw_sem[i]", type: .percpuRwsem)
        )
        for (operation, task) in [(LockEvent.Operation.acquire, 1), (.exit, 1), (.release, 2)]
            as [(LockEvent.Operation, UInt64)]
        {
            script.send(
                LockEvent(operation, task: TaskID(rawValue: task), lock: LockID(rawValue: 9), lockClass: lockClass)
            )
        }
        #expect(script.engine.findings.isEmpty)
        #expect(script.engine.summary.unknownReleases == 0)
    }

    @Test("a held lock is initialised")
    func initialize() {
        #expect(EventScript.run("A!A").kinds == [.initialize])
        #expect(EventScript.run("1:A. 2:!A").kinds == [.initialize])
        #expect(EventScript.run("A !A A").isEmpty)
    }

    @Test("two tasks wait for each other")
    func deadlock() {
        var script = EventScript(EngineOptions(deadlockPersistence: 1000))
        script.play("1:A. 2:B. 1:^B. 2:^A.")
        #expect(script.engine.findings.of(.deadlock).isEmpty)
        script.engine.advance(to: 2000)
        let found = script.engine.findings.of(.deadlock)
        #expect(found.count == 1)
        #expect(found[0].tasks.map(\.waitsFor).sorted() == ["A", "B"])
        #expect(found[0].tasks.map(\.holds).sorted { $0.joined() < $1.joined() } == [["A"], ["B"]])
        #expect(found[0].steps.map { "\($0.from) \($0.to)" }.sorted() == ["A B", "B A"])
        script.engine.advance(to: 20000)
        #expect(script.engine.findings.of(.deadlock).count == 1)
    }

    @Test("a circle that resolves is no deadlock, one that is left at the end is")
    func resolved() {
        var script = EventScript(EngineOptions(deadlockPersistence: 1000))
        script.play("1:A. 2:B. 1:^B. 2:^A. 2:~A. 2:-B. 1:B.")
        script.engine.advance(to: 2000)
        script.engine.finish()
        #expect(script.engine.findings.of(.deadlock).isEmpty)
        #expect(EventScript.run("1:A. 2:B. 1:^B. 2:^A.").of(.deadlock).count == 1)
    }

    @Test("three tasks, and a reader behind a queued writer")
    func circles() {
        #expect(EventScript.run("1:A. 2:B. 3:C. 1:^B. 2:^C. 3:^A.").of(.deadlock).first?.tasks.count == 3)
        // 1 reads A and waits for B; 2 holds B and waits for A behind the writer 3.
        #expect(EventScript.run("1:rA. 2:wB. 3:^wA. 1:^wB. 2:^rA.", type: .rwsem).of(.deadlock).count == 1)
        #expect(EventScript.run("1:rA. 2:wB. 1:^wB. 2:^rA.", type: .rwsem).of(.deadlock).isEmpty)
        #expect(EventScript.run("1:RA. 2:wB. 3:^wA. 1:^wB. 2:^RA.", type: .rwlock).of(.deadlock).isEmpty)
    }

    @Test("ww mutexes under contexts wait in circles and back off")
    func wwExempt() {
        #expect(EventScript.run("1:o(t). 2:p(u). 1:^p(t). 2:^o(u).").isEmpty)
        #expect(EventScript.run("1:o. 2:p. 1:^p. 2:^o.").of(.deadlock).count == 1)
    }
}
