// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing
import TraceFiles

@testable import Reports

@Suite struct TimesTextTests {
    private static func graph(_ options: EngineOptions = EngineOptions(), id: String = "1") -> GraphSnapshot {
        var engine = LockOrderEngine(options: options)
        func send(
            _ operation: LockEvent.Operation,
            _ name: String,
            _ mode: LockMode,
            _ time: UInt64,
            origin: String = ""
        ) {
            let lockClass = engine.tables.classes.intern(LockClass(name: name, type: .rwsem, origin: origin))
            let lock = LockID(rawValue: UInt64(lockClass.rawValue) + 1)
            var event = LockEvent(operation, task: TaskID(rawValue: 1), lock: lock, lockClass: lockClass, mode: mode)
            event.time = time
            engine.consume(event)
        }
        send(.attempt, "&mm->mmap_lock", .read, 1_000)
        send(.acquire, "&mm->mmap_lock", .read, 13_345)
        send(.release, "&mm->mmap_lock", .read, 2_013_345)
        send(.acquire, "&mm->mmap_lock", .write, 3_000_000)
        send(.release, "&mm->mmap_lock", .write, 3_000_812)
        send(.acquire, "lock", .write, 4_000_000, origin: "a")
        send(.release, "lock", .write, 4_000_100, origin: "a")
        send(.acquire, "lock", .write, 5_000_000, origin: "b")
        send(.release, "lock", .write, 5_000_200, origin: "b")
        return GraphSnapshot(engine, run: GraphRun(id: id))
    }

    @Test func theLongestComeFirst() {
        #expect(
            ReportStyle().times(of: Self.graph()) == """
                Waited for longest     waits    total      p50      p90      p99      max
                   &mm->mmap_lock (R)      1  12.3 us  12.3 us  12.3 us  12.3 us  12.3 us
                Held longest           holds    total      p50      p90      p99      max
                   &mm->mmap_lock (R)      1  2.00 ms  2.00 ms  2.00 ms  2.00 ms  2.00 ms
                   &mm->mmap_lock (W)      1   812 ns   812 ns   812 ns   812 ns   812 ns
                   lock [b]                1   200 ns   200 ns   200 ns   200 ns   200 ns
                   lock [a]                1   100 ns   100 ns   100 ns   100 ns   100 ns

                """
        )
    }

    @Test func aFilteredRunSaysWhyItHasNone() {
        let filtered = Self.graph(EngineOptions(isFiltered: true), id: "2")
        #expect(ReportStyle().times(of: filtered).hasPrefix("Held and waited times are not known: "))
        var both = filtered
        both.formUnion(Self.graph())
        let text = ReportStyle().times(of: both)
        #expect(text.contains("Held longest"))
        #expect(text.contains("Held and waited times of 1 run out of 2 are not known: "))
    }

    @Test(arguments: [
        (0, "0 ns"), (999, "999 ns"), (1000, "1.00 us"), (1004, "1.00 us"), (9_994, "9.99 us"), (9_996, "10.0 us"),
        (99_949, "99.9 us"), (99_951, "100 us"), (999_499, "999 us"), (999_500, "1.00 ms"), (59_000_000_000, "59.0 s"),
        (3_600_000_000_000, "3600 s"),
    ])
    func durationsHaveThreeDigits(nanoseconds: UInt64, text: String) {
        #expect(durationText(nanoseconds) == text)
    }
}
