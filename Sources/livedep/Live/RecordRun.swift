// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import LockEvents
import LockGraph
import TraceFiles

/// One recording from attaching to the summary. Runs on the thread that calls it and blocks it: see ``ConsumerThread``.
struct RecordRun {
    /// What is recorded, and where it goes.
    struct Settings: Sendable {
        var session: LiveSession.Options
        var kernel: RunningKernel
        var run: GraphRun
        /// The capture's folder.
        var folder: String
        var limits: CaptureWriter.Limits
        /// What judges the events while they are recorded, and where its graph goes; nil to record only.
        var graph: (name: String, engine: EngineOptions)?
        /// Seconds after which the recording ends by itself; nil for never.
        var duration: Double?
        /// The command that is recorded; empty to record until told to stop.
        var workload: [String]
    }

    /// How a recording ended.
    struct Outcome: Sendable {
        var records: UInt64
        var bytes: Int
        var seconds: Double
        var counters: [String: Int]
    }

    /// What is flushed survives a kill: at most this much of the recording does not.
    private static let flushInterval: UInt64 = 250_000_000

    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// Records until the command has ended, the time is over, or the run is asked to stop.
    func run() throws -> Outcome {
        var workload: Workload? = try Diagnostics.checked { () throws(ProbeError) in
            settings.workload.isEmpty ? nil : try Workload(settings.workload)
        }
        var session = try settings.kernel.session(settings.session, to: "record")
        let hooks = session.hooks.map {
            CaptureInfo.Hook(function: $0.function, attachment: $0.attachment.rawValue)
        }
        let info = CaptureInfo(run: settings.run, isFiltered: !settings.session.isUnfiltered, hooks: hooks)
        var capture: CaptureWriter
        do {
            capture = try CaptureWriter(settings.folder, info: info, limits: settings.limits)
        } catch {
            throw Diagnostics.failure(error)
        }
        Diagnostics.warn("recording through \(session.hooks.filter(\.attachment.isAttached).count) hooks")
        let began = ContinuousClock.now
        let counters: [String: Int]
        if let graph = settings.graph {
            var engine = LockOrderEngine(options: graph.engine)
            counters = try record(&session, &capture, &workload, into: &engine)
            engine.finish()
            // Whole and at the end: should the recording be cut off, a replay makes the graph.
            let snapshot = GraphSnapshot(engine, run: settings.run, counters: counters)
            try Diagnostics.checked { () throws(FileError) in try snapshot.write(to: graph.name) }
        } else {
            var sink = DiscardingSink()
            counters = try record(&session, &capture, &workload, into: &sink)
        }
        do {
            try capture.finish(counters: counters, discarded: session.dropped)
        } catch {
            throw Diagnostics.failure(error)
        }
        return Outcome(
            records: capture.records,
            bytes: capture.bytesWritten,
            seconds: (ContinuousClock.now - began) / .seconds(1),
            counters: counters
        )
    }

    private func record(
        _ session: inout LiveSession,
        _ capture: inout CaptureWriter,
        _ workload: inout Workload?,
        into sink: inout some LockEventSink
    ) throws -> [String: Int] {
        var progress = RecordProgress(settings.folder)
        session.start()
        try RunPeriod.start(&workload)
        let period = RunPeriod(seconds: settings.duration)
        var nextSecond = ContinuousClock.now + .seconds(1)
        do throws(FileError) {
            while period.goesOn(&workload) {
                session.pump(into: &sink, keepingIn: &capture, waitingAtMost: 50)
                try capture.flush(olderThan: Self.flushInterval, discarded: session.dropped)
                guard ContinuousClock.now >= nextSecond else { continue }
                progress.show(capture.records, capture.bytesWritten, drops: session.dropped)
                nextSecond = .now + .seconds(1)
            }
            session.stop()
            // What the last events left in the ring.
            while session.pump(into: &sink, keepingIn: &capture, waitingAtMost: 0) > 0 {}
        } catch {
            session.stop()
            workload?.terminate()
            progress.end()
            throw Diagnostics.failure(error)
        }
        workload?.terminate()
        progress.end()
        return LiveCounters.list(session.summary, workloadStatus: workload?.status)
    }
}
