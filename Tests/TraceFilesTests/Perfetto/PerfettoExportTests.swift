// SPDX-License-Identifier: Apache-2.0

import Foundation
import LockEvents
import LockGraph
import Testing
import TraceFiles

/// Event scripts in, what ui.perfetto.dev shows out: `TIME TASK OP LOCK`, one event a line.
@Suite struct PerfettoExportTests {
    @Test func locksLetGoInReverseOrderAreSlicesInSlices() throws {
        let trace = try export("10 1 acquire A; 20 1 acquire B; 30 1 release B; 40 1 release A")
        #expect(trace.slices.map(\.description) == ["task 1: A 10..40", "task 1: A > B 20..30"])
        #expect(trace.complaints == [])
    }

    @Test func aLockThatOutlivesAnOuterOneIsOnAFurtherTrack() throws {
        let trace = try export(
            "10 1 acquire A; 20 1 acquire B; 30 1 release A; 35 1 acquire C; 40 1 release C; 50 1 release B"
        )
        #expect(
            trace.slices.map(\.description) == [
                "task 1: A 10..30", "task 1, out of order 1: B 20..50", "task 1: C 35..40",
            ]
        )
        #expect(trace.complaints == [])
    }

    @Test func waitsComeBeforeHolds() throws {
        let trace = try export("10 1 acquire A; 20 1 attempt B; 50 1 acquire B; 60 1 release B; 70 1 release A")
        #expect(
            trace.slices.map(\.description) == [
                "task 1: A 10..70", "task 1: A > wait for B 20..50", "task 1: A > B 50..60",
            ]
        )
    }

    @Test func anAttemptThatIsSaidTwiceIsOneWait() throws {
        let trace = try export("10 1 attempt A; 20 1 attempt A; 50 1 acquire A; 60 1 release A")
        #expect(trace.slices.map(\.description) == ["task 1: wait for A 10..50", "task 1: A 50..60"])
    }

    @Test func eachDependencyIsOneArrowFromTheHeldLockToTheNewOne() throws {
        let trace = try export(
            """
            10 1 acquire A; 10 1 acquire B; 20 1 release B; 20 1 release A
            30 2 acquire A; 40 2 acquire B; 50 2 release B; 60 2 release A
            70 2 acquire A; 80 2 try C; 90 2 acquire D; 91 2 release D; 92 2 release C; 93 2 release A
            """
        )
        #expect(
            trace.arrows.sorted { $0.key < $1.key }.map { "\($0.value.from) / \($0.value.to)" } == [
                "-> B / B", "-> D / D", "-> D / D",
            ]
        )
        #expect(trace.complaints == [])
    }

    @Test func testsAreOnATrackOfTheirOwn() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).perfetto")
        defer { try? FileManager.default.removeItem(at: file) }
        var export = try PerfettoExport(file.path, options: EngineOptions())
        for (name, time) in [("one", UInt64(5)), ("two", 30), ("", 50)] {
            export.run(name.isEmpty ? .none : export.tables.names.intern(name), from: time)
            consume("\(time + 5) 1 acquire A; \(time + 6) 1 release A", into: &export)
        }
        // An event that tells its own; it goes on to the end.
        var event = LockEvent(.acquire, task: TaskID(rawValue: 2), lock: LockID(rawValue: 9))
        event.time = 60
        event.test = export.tables.names.intern("three")
        export.consume(event)
        consume("70 2 release B", into: &export)
        _ = try export.finish()
        let trace = try PerfettoReader(file)
        #expect(
            trace.slices.filter { $0.track == "Tests" }.map(\.description) == [
                "Tests: one 5..30", "Tests: two 30..50", "Tests: three 60..70",
            ]
        )
        #expect(trace.complaints == [])
    }

    @Test func readersAndDowngradesAreTold() throws {
        let trace = try export("10 1 acquire A; 20 1 downgrade A; 30 1 release A; 40 1 acquire A read; 50 1 release A")
        #expect(
            trace.slices.map(\.description) == ["task 1: A 10..20", "task 1: A (R) 20..30", "task 1: A (R) 40..50"]
        )
    }

    @Test func findingsAreMarks() throws {
        let trace = try export(
            """
            10 1 acquire A; 20 1 acquire B; 30 1 release B; 40 1 release A
            50 2 acquire B; 60 2 acquire A; 70 2 release A; 80 2 release B
            """
        )
        let findings = trace.instants.filter { $0.track == "Findings" }
        #expect(findings.map(\.time) == [60])
        #expect(
            findings.first?.name.contains("A -> B -> A") == true || findings.first?.name.contains("B -> A -> B") == true
        )
    }

    @Test func lossEndsWhatIsOpenAndIsShown() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).perfetto")
        var export = try PerfettoExport(file.path, options: EngineOptions())
        consume("10 1 acquire A; 20 2 acquire B", into: &export)
        export.loseAllStacks()
        export.noteDropped(7, at: 25)
        consume("30 1 release A; 40 2 acquire C; 50 2 release C", into: &export)
        _ = try export.finish()
        let trace = try PerfettoReader(file)
        #expect(trace.slices.map(\.description) == ["task 1: A 10..20", "task 2: B 20..20", "task 2: C 40..50"])
        #expect(
            trace.instants.filter { $0.track == "Losses" }.map(\.name) == [
                "Stacks of all tasks unknown", "7 records dropped",
            ]
        )
        #expect(trace.complaints == [])
    }

    @Test func whatIsHeldAtTheEndHasNoEnd() throws {
        let trace = try export("10 1 acquire A; 20 1 acquire B; 30 1 acquire C; 40 1 release C")
        #expect(
            trace.slices.map(\.description) == ["task 1: A 10..", "task 1: A > B 20..", "task 1: A > B > C 30..40"]
        )
    }

    @Test func aLockHeldForeverDoesNotKeepTheRestInMemory() throws {
        var script = "1 1 acquire A;"
        for step in 0..<10_000 { script += "\(10 + step * 2) 1 acquire B; \(11 + step * 2) 1 release B;" }
        let trace = try export(script + "30000 1 release A")
        #expect(trace.slices.count == 10_001)
        #expect(trace.slices.filter { $0.path.last == "B" }.allSatisfy { ($0.end ?? 0) == $0.begin + 1 })
        #expect(trace.slices.first { $0.path == ["A"] }?.end == 30000)
        #expect(trace.complaints == [])
    }

    @Test func randomOrdersOfReleaseAlwaysNest() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var script: [String] = []
            var held: [[Int]] = [[], [], []]
            for time in 1..<200 {
                let task = Int.random(in: 0..<3, using: &random)
                // Several events at one time.
                let stamp = time / 3 * 10
                if held[task].count < 6, Bool.random(using: &random) {
                    let lock = Int.random(in: 0..<40, using: &random)
                    guard !held.joined().contains(lock) else { continue }
                    held[task].append(lock)
                    script.append("\(stamp) \(task) acquire L\(lock)")
                } else if let lock = held[task].randomElement(using: &random) {
                    held[task].removeAll { $0 == lock }
                    script.append("\(stamp) \(task) release L\(lock)")
                }
            }
            let text = script.joined(separator: ";")
            let trace = try export(text)
            #expect(trace.complaints == [], "\(text)")
            #expect(trace.slices.count == script.count { $0.contains("acquire") }, "\(text)")
            #expect(trace.slices.count { $0.end != nil } == script.count { $0.contains("release") }, "\(text)")
        }
    }

    // MARK: Scripts

    private func export(_ script: String) throws -> PerfettoReader {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).perfetto")
        defer { try? FileManager.default.removeItem(at: file) }
        var export = try PerfettoExport(file.path, options: EngineOptions())
        consume(script, into: &export)
        _ = try export.finish()
        return try PerfettoReader(file)
    }

    private func consume(_ script: String, into export: inout PerfettoExport) {
        for line in script.split(whereSeparator: { $0 == ";" || $0 == "\n" }) {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 4, let operation = LockEvent.Operation(name: words[2]) else { continue }
            let lock = words[3]
            let number = lock.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
            let lockClass = export.tables.classes.intern(LockClass(name: lock, type: .rwsem))
            var event = LockEvent(
                operation,
                task: TaskID(rawValue: UInt64(words[1]) ?? 0),
                lock: LockID(rawValue: number),
                lockClass: operation == .release ? .none : lockClass,
                mode: words.count > 4 && words[4] == "read" ? .read : .write
            )
            event.time = UInt64(words[0]) ?? 0
            export.consume(event)
        }
    }
}
