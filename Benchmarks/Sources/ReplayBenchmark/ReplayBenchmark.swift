// SPDX-License-Identifier: Apache-2.0

import Foundation
import LockEvents
import LockGraph
import TraceFiles

/// `ReplayBenchmark [--quick] [--json FILE]`: how fast a capture is written, played into a graph, and drawn.
@main
struct ReplayBenchmark {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let events = arguments.contains("--quick") ? 500_000 : 5_000_000
        let output = arguments.firstIndex(of: "--json").flatMap { arguments.dropFirst($0 + 1).first }
        let folder = FileManager.default.temporaryDirectory.appending(path: "replay-benchmark-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let capture = folder.appending(path: "capture").path

        var json = ""
        func show(_ what: String, _ events: UInt64, _ bytes: Int, _ seconds: Double) {
            let rate = Double(events) / seconds
            print(
                what.padding(toLength: 28, withPad: " ", startingAt: 0)
                    + String(
                        format: "%10d events %8.3f s %8.2f M/s %8.1f MB",
                        events,
                        seconds,
                        rate / 1e6,
                        Double(bytes) / 1e6
                    )
            )
            json +=
                "{\"record\": \"benchmark\", \"name\": \"\(what)\", \"events\": \(events), "
                + String(
                    format: "\"seconds\": %.6f, \"events_per_second\": %.0f, \"bytes\": %d}\n",
                    seconds,
                    rate,
                    bytes
                )
        }

        // A few copies of the records, so that making them is no part of the figure.
        var records: [UInt8] = []
        var ends: [Int] = []
        var load = KernelLoad()
        load.run(events) { bytes in
            records += bytes
            ends.append(records.count)
        }
        var writer = try CaptureWriter(capture, info: info())
        writer.acceptFresh()
        for decision in decisions() { writer.append(decision) }
        let writing = elapsed {
            records.withUnsafeBytes { all in
                var start = 0
                for end in ends {
                    writer.append(record: UnsafeRawBufferPointer(rebasing: all[start..<end]))
                    start = end
                }
            }
        }
        let count = writer.records
        try writer.finish(counters: [:], discarded: 0)
        show("record to capture", count, writer.bytesWritten, writing)
        records = []
        ends = []

        for what in ["capture, decoded only", "capture to graph"] {
            var best = Double.infinity
            for _ in 0..<3 {
                var replay = try CaptureReplay(capture)
                if what == "capture to graph" {
                    var engine = LockOrderEngine()
                    best = try min(best, elapsed { while try replay.next(into: &engine) != nil {} })
                    precondition(engine.dependencies.count > 1000 && engine.findings.isEmpty)
                } else {
                    var sink = NoSink()
                    best = try min(best, elapsed { while try replay.next(into: &sink) != nil {} })
                }
            }
            show(what, count, writer.bytesWritten, best)
        }

        let timeline = folder.appending(path: "trace.perfetto").path
        var bytes = 0
        var best = Double.infinity
        for _ in 0..<3 {
            var replay = try CaptureReplay(capture)
            var export = try PerfettoExport(timeline, options: EngineOptions())
            best = try min(
                best,
                elapsed {
                    while try replay.next(into: &export) != nil {}
                    bytes = try export.finish().bytes
                }
            )
        }
        show("capture to Perfetto", count, bytes, best)
        if let output { try json.write(toFile: output, atomically: true, encoding: .utf8) }
    }

    /// The classes and names that a live run would have written down.
    static func decisions() -> [NamingDecision] {
        var list: [NamingDecision] = []
        for number in 0..<KernelLoad.classes {
            list.append(
                .lockClass(LockClassID(rawValue: UInt32(number)), LockClass(name: "class \(number)", type: .mutex))
            )
            let name = NamingDecision.AddressName(function: "function_\(number)", frame: "", isInsideLock: false)
            list.append(.address(0x1000 + number * 16, name))
        }
        for lock in 0..<KernelLoad.locks {
            let number = LockClassID(rawValue: UInt32(lock % KernelLoad.classes))
            list.append(.lock(LockID(rawValue: 0x10_0000 + lock * 64), number))
        }
        return list
    }

    static func info() -> CaptureInfo {
        CaptureInfo(run: GraphRun(id: "benchmark"), isFiltered: false, hooks: [])
    }

    static func elapsed(_ body: () throws -> Void) rethrows -> Double {
        let took = try ContinuousClock().measure(body)
        return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    }
}

/// Only decodes.
struct NoSink: LockEventSink {
    var tables = EventTables()
    mutating func consume(_ event: LockEvent) {}
    mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {}
    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {}
    mutating func advance(to time: UInt64) {}
}
