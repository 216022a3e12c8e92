// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import LockGraph
import TraceFiles

/// One watch from attaching to the summary. Runs on the thread that calls it and blocks it: see ``ConsumerThread``.
struct WatchRun {
    /// How a watch ended.
    struct Outcome: Sendable {
        var findings: [Finding]
        /// The command's exit status in a shell's terms; nil without a command.
        var workloadStatus: Int32?
    }

    private let settings: WatchSettings

    init(_ settings: WatchSettings) { self.settings = settings }

    /// Watches until the command has ended, the time is over, or the run is asked to stop.
    func run() throws -> Outcome {
        // Found before anything is attached: a mistyped command should not cost a second of tracing.
        var workload: Workload? = try Diagnostics.checked { () throws(ProbeError) in
            settings.workload.isEmpty ? nil : try Workload(settings.workload)
        }
        if settings.session.source == .perf {
            let session: PerfSession
            do { session = try PerfSession(settings.session) } catch { throw Diagnostics.failure(error) }
            if PerfSession.tellsOrder == false {
                Diagnostics.warn(
                    "this kernel has no lockdep: perf tells that tasks wait and not what they hold, so the graph stays empty"
                )
            }
            return try watch(session, &workload)
        }
        return try watch(settings.kernel.session(settings.session, to: "watch"), &workload)
    }

    private func watch(_ session: consuming some TracingSession & ~Copyable, _ workload: inout Workload?) throws
        -> Outcome
    {
        var session = session
        var engine = LockOrderEngine(options: settings.engine)
        var sink = FindingSink(format: settings.format, style: settings.style)
        var file: GraphFileWriter? = nil
        if let graph = settings.graph {
            do { file = try GraphFileWriter(graph, run: settings.run) } catch { throw Diagnostics.failure(error) }
        }
        Diagnostics.warn(Self.opening(session.hooks))

        session.start()
        try RunPeriod.start(&workload)
        let period = RunPeriod(seconds: settings.duration)
        var nextWrite = ContinuousClock.now + .seconds(1)
        while period.goesOn(&workload) {
            session.pump(into: &engine, waitingAtMost: 50)
            if engine.hasNewFindings { try sink.write(engine.takeNewFindings()) }
            if ContinuousClock.now >= nextWrite {
                do { try file?.append(engine) } catch { throw Diagnostics.failure(error) }
                nextWrite = .now + .seconds(1)
            }
        }
        session.stop()
        // What the last events left in the ring.
        while session.pump(into: &engine, waitingAtMost: 0) > 0 {}
        workload?.terminate()
        engine.finish()
        try sink.write(engine.takeNewFindings())

        let summary = session.summary
        let counters = LiveCounters.list(
            summary,
            namings: engine.namingTally,
            workloadStatus: workload?.status
        )
        do { try file?.finish(engine, counters: counters) } catch { throw Diagnostics.failure(error) }
        try sink.finish(GraphSummary(engine.summary, counters: counters))
        for (function, count) in summary.unknownReleases.sorted(by: { $0.key < $1.key }) {
            Diagnostics.warn("\(count) releases by \(function) of locks nobody was seen to take: a hook is missing")
        }
        return Outcome(findings: engine.findings, workloadStatus: workload?.status)
    }

    private static func opening(_ hooks: [HookState]) -> String {
        let attached = hooks.filter(\.attachment.isAttached).count
        let refused = hooks.filter { $0.attachment == .refused }.count
        return "watching through \(attached) hooks" + (refused == 0 ? "" : ", \(refused) refused (see livedep doctor)")
    }
}
