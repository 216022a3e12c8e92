// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// Events with times in, times of classes out: `hold A 30` and the like.
@Suite struct LockTimesTests {
    private static let a = LockID(rawValue: 0x1000)
    private static let b = LockID(rawValue: 0x2000)

    private static func times(
        _ events: [(LockEvent.Operation, UInt64, LockID, LockMode, UInt64)],
        options: EngineOptions = EngineOptions(),
        then: (inout LockOrderEngine) -> Void = { _ in }
    ) -> [String] {
        var engine = LockOrderEngine(options: options)
        let classes = [
            a: engine.tables.classes.intern(LockClass(name: "A", type: .rwsem)),
            b: engine.tables.classes.intern(LockClass(name: "B", type: .rwsem)),
        ]
        for (operation, task, lock, mode, time) in events {
            var event = LockEvent(operation, task: TaskID(rawValue: task), lock: lock, mode: mode)
            if operation != .release { event.lockClass = classes[lock] ?? .none }
            event.time = time
            engine.consume(event)
        }
        then(&engine)
        engine.finish()
        return engine.times.entries.map { entry in
            let name = engine.tables.classes[entry.lockClass].name + (entry.mode == .read ? "(R)" : "")
            return
                "\(entry.kind) \(name) \(entry.durations.buckets.map { "\($0.count)x\($0.lowest)" }.joined(separator: " "))"
        }
    }

    @Test func aHoldLastsFromAcquisitionToRelease() {
        let times = Self.times([
            (.acquire, 1, Self.a, .write, 100), (.acquire, 1, Self.b, .read, 110), (.release, 1, Self.a, .write, 130),
            (.release, 1, Self.b, .read, 150), (.tryAcquire, 2, Self.a, .write, 160),
            (.release, 2, Self.a, .write, 165),
        ])
        #expect(times == ["hold A 1x5 1x30", "hold B(R) 1x40"])
    }

    @Test func aWaitLastsFromTheFirstAttemptToItsEnd() {
        let times = Self.times([
            (.attempt, 1, Self.a, .write, 100), (.attempt, 1, Self.a, .write, 105), (.acquire, 1, Self.a, .write, 120),
            (.attempt, 2, Self.a, .read, 110), (.fail, 2, Self.a, .read, 140), (.release, 1, Self.a, .write, 150),
        ])
        #expect(times == ["wait A 1x20", "wait A(R) 1x30", "hold A 1x30"])
    }

    @Test func aDowngradeBeginsAnotherHold() {
        let times = Self.times([
            (.acquire, 1, Self.a, .write, 100), (.downgrade, 1, Self.a, .write, 110), (.release, 1, Self.a, .read, 150),
        ])
        #expect(times == ["hold A 1x10", "hold A(R) 1x40"])
    }

    @Test func aReleaseByAnotherTaskEndsTheHold() {
        let times = Self.times([(.acquire, 1, Self.a, .write, 100), (.release, 2, Self.a, .write, 115)])
        #expect(times == ["hold A 1x15"])
    }

    @Test func whatBeganOrEndedUnseenIsNotCounted() {
        let times = Self.times([
            (.release, 1, Self.a, .write, 100), (.acquire, 1, Self.a, .write, 110), (.lost, 1, .none, .write, 115),
            (.release, 1, Self.a, .write, 120), (.acquire, 2, Self.b, .write, 130), (.exit, 2, .none, .write, 140),
            // No times at all.
            (.acquire, 3, Self.b, .write, 0), (.release, 3, Self.b, .write, 0),
        ])
        #expect(times == [])
    }

    @Test func locksThatARecordShowsWithoutTheirTakingHaveNoTime() {
        let times = Self.times([(.acquire, 1, Self.a, .write, 100)]) { engine in
            let shown = [
                HeldLock(lock: Self.a, lockClass: LockClassID(rawValue: 0)),
                HeldLock(lock: Self.b, lockClass: LockClassID(rawValue: 1)),
            ]
            var event = LockEvent(.acquire, task: TaskID(rawValue: 1), lock: LockID(rawValue: 0x3000))
            event.time = 120
            engine.consume(event, held: shown.span)
            for lock in [Self.b, Self.a] {
                var event = LockEvent(.release, task: TaskID(rawValue: 1), lock: lock)
                event.time = 140
                engine.consume(event)
            }
        }
        #expect(times == ["hold A 1x40"])
    }

    @Test func classesThatBecomeOneHaveTheirTimesTogether() {
        let times = Self.times([
            (.acquire, 1, Self.a, .write, 100), (.release, 1, Self.a, .write, 110), (.acquire, 1, Self.b, .write, 120),
        ]) { engine in
            engine.unify(LockClassID(rawValue: 0), LockClassID(rawValue: 1))
            var event = LockEvent(.release, task: TaskID(rawValue: 1), lock: Self.b)
            event.time = 145
            engine.consume(event)
        }
        #expect(times == ["hold A 1x10 1x25"])
    }

    @Test func aFilteredRunKeepsNone() {
        let events: [(LockEvent.Operation, UInt64, LockID, LockMode, UInt64)] = [
            (.acquire, 1, Self.a, .write, 100), (.release, 1, Self.a, .write, 110),
        ]
        #expect(Self.times(events, options: EngineOptions(isFiltered: true)) == [])
        var untimed = EngineOptions()
        untimed.keepsTimes = false
        #expect(Self.times(events, options: untimed) == [])
    }
}
