// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Which test made a dependency (DESIGN 3.7), where events do not tell it themselves.
@Suite struct RunningTestTests {
    private struct Run {
        var engine = LockOrderEngine()

        mutating func test(_ name: String, from time: UInt64) {
            engine.run(name.isEmpty ? .none : engine.tables.names.intern(name), from: time)
        }

        mutating func take(_ locks: String, at time: UInt64, test: String = "") {
            let events = locks.enumerated().map { index, name in
                var event = LockEvent(
                    .acquire,
                    task: TaskID(rawValue: 1),
                    lock: LockID(rawValue: UInt64(name.asciiValue ?? 0))
                )
                event.lockClass = engine.tables.classes.intern(LockClass(name: String(name), type: .mutex))
                event.time = time + UInt64(index)
                if !test.isEmpty { event.test = engine.tables.names.intern(test) }
                return event
            }
            for event in events { engine.consume(event) }
            for var event in events.reversed() {
                event.operation = .release
                engine.consume(event)
            }
        }

        var tests: [String] {
            engine.dependencies.map { dependency in
                let ends = [dependency.from, dependency.to].map { engine.tables.classes[$0.lockClass].name }
                return ends.joined() + " " + engine.tables.names[dependency.witness.test]
            }.sorted()
        }
    }

    @Test func aDependencyBelongsToTheTestThatRanThen() {
        var run = Run()
        run.take("AB", at: 5)
        run.test("one", from: 10)
        run.take("AC", at: 20)
        run.test("two", from: 30)
        // From another processor, a little late.
        run.take("AD", at: 28)
        run.take("AE", at: 31)
        run.test("", from: 40)
        run.take("AF", at: 50)
        #expect(run.tests == ["AB ", "AC one", "AD one", "AE two", "AF "])
    }

    @Test func testsThatAreToldAheadOfTheEventsAreKept() {
        var run = Run()
        for (name, time) in [("one", UInt64(10)), ("", 20), ("two", 30), ("", 40)] { run.test(name, from: time) }
        for (locks, time) in [("AB", UInt64(5)), ("AC", 15), ("AD", 25), ("AE", 35), ("AF", 45)] {
            run.take(locks, at: time)
        }
        #expect(run.tests == ["AB ", "AC one", "AD ", "AE two", "AF "])
    }

    @Test func anEventThatTellsItsTestKeepsIt() {
        var run = Run()
        run.test("log", from: 1)
        run.take("AB", at: 5, test: "own")
        #expect(run.tests == ["AB own"])
    }

    @Test func findingsTellIt() {
        var run = Run()
        run.test("one", from: 1)
        run.take("AB", at: 5)
        run.test("two", from: 10)
        run.take("BA", at: 15)
        let cycle = run.engine.findings.first { $0.kind == .cycle }
        #expect(cycle.map { Set($0.steps.map(\.test)) } == ["one", "two"])
    }
}
