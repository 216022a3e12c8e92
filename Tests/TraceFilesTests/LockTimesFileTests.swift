// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

@testable import TraceFiles

@Suite struct LockTimesFileTests {
    /// A run in which a lock was held for these times.
    private static func graph(_ run: String, _ lock: String = "A", holds: [UInt64]) -> GraphSnapshot {
        var engine = LockOrderEngine()
        let lockClass = engine.tables.classes.intern(LockClass(name: lock, type: .mutex, origin: "init_\(lock)"))
        var time: UInt64 = 1000
        for hold in holds {
            var event = LockEvent(.acquire, task: TaskID(rawValue: 1), lock: LockID(rawValue: 1), lockClass: lockClass)
            event.time = time
            engine.consume(event)
            time += hold
            event.operation = .release
            event.time = time
            engine.consume(event)
        }
        return GraphSnapshot(engine, run: GraphRun(id: run, host: "box", kernel: "6.1", source: "functions"))
    }

    private static func read(_ text: String) throws -> GraphSnapshot {
        let folder = Folder()
        defer { withExtendedLifetime(folder) {} }
        return try GraphSnapshot(reading: folder.write("graph.livedep", text))
    }

    @Test func aLineSaysAll() {
        let lines = Self.graph("1", holds: [10, 20, 40]).text.split(separator: "\n")
        #expect(
            lines.contains(
                #"{"record":"times","run":"1","host":"box","kernel":"6.1","source":"functions","name":"A","type":"mutex","#
                    + #""origin":"init_A","what":"hold","mode":"write","count":3,"total":70,"p50":20,"p90":40,"p99":40,"#
                    + #""max":40,"buckets":[[10,1],[20,1],[40,1]]}"#
            )
        )
    }

    @Test func timesComeBackFromTheFile() throws {
        let graph = Self.graph("1", holds: [3, 70, 100_000, 1 << 40])
        #expect(try Self.read(graph.text).text == graph.text)
    }

    @Test func runsAddUpAndTheSameRunTwiceIsOne() throws {
        var union = Self.graph("1", holds: [10, 20])
        for other in [
            Self.graph("2", holds: [20, 500]), Self.graph("1", holds: [10, 20]), Self.graph("1", holds: [10]),
        ] {
            union.formUnion(other)
        }
        let merged = try Self.read(union.text).mergedTimes()
        #expect(merged.count == 1)
        #expect(merged[0].durations.count == 4)
        #expect(merged[0].durations.total == 550)
        #expect(merged[0].durations.maximum == 500)
        #expect(merged[0].durations.percentile(75) == 20)
    }

    @Test func neitherOrderNorRepetitionMatters() {
        let graphs = [
            Self.graph("1", holds: [10, 20]), Self.graph("1", holds: [10, 20, 30]), Self.graph("2", "B", holds: [7]),
            Self.graph("1", "B", holds: [9, 9]), Self.graph("1", "B", holds: [8, 10]),
        ]
        let union = { (graphs: [GraphSnapshot]) in graphs.reduce(into: GraphSnapshot()) { $0.formUnion($1) }.text }
        #expect(union(graphs) == union(graphs.reversed()))
        #expect(union(graphs) == union(graphs + graphs))
    }

    @Test func anOlderFileHasNone() throws {
        let text = Self.graph("1", holds: [10]).text.split(separator: "\n").filter { !$0.contains(#""times""#) }
        let old = try Self.read(text.joined(separator: "\n") + "\n")
        #expect(old.isComplete && old.lacksTimes(run: 0) && old.mergedTimes().isEmpty)
    }

    @Test(arguments: [
        (#""buckets":[[10]]"#, "a bucket is a duration and a count"), (#""buckets":[[10,-1]]"#, ""),
        (#""buckets":3"#, ""), (#""what":"idle","buckets":[]"#, "'idle' is no Kind"),
    ])
    func aWrongLineIsOneError(members: String, reason: String) {
        let line = #"{"record":"times","run":"1","name":"A","type":"mutex","what":"hold","mode":"read",\#(members)}"#
        let error = #expect(throws: FileError.self) {
            try Self.read(#"{"record":"run","run":"1"}"# + "\n" + line + "\n")
        }
        #expect(error?.line == 2 && error?.reason.contains(reason) == true)
    }
}
