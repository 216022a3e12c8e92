// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import LockGraph
import TraceFiles

/// One run that learns lockdep's annotations. Runs on the thread that calls it and blocks it: see ``ConsumerThread``.
struct LearnRun {
    /// What is learned from, and where it goes.
    struct Settings: Sendable {
        var session: LiveSession.Options
        var kernel: RunningKernel
        /// The file to write.
        var output: String
        /// Seconds after which the run ends by itself; nil for never.
        var duration: Double?
        /// The command to learn from; empty to learn until told to stop.
        var workload: [String]
    }

    /// What was learned.
    struct Outcome: Sendable {
        var annotations: LearnedAnnotations
        var counters: [String: Int]
    }

    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// Learns until the command has ended, the time is over, or the run is asked to stop; then writes the file.
    func run() throws -> Outcome {
        var workload: Workload? = try Diagnostics.checked { () throws(ProbeError) in
            settings.workload.isEmpty ? nil : try Workload(settings.workload)
        }
        var session = try settings.kernel.session(settings.session, to: "watch")
        var options = EngineOptions(sameClass: .strict)
        options.learnsAnnotations = true
        options.deadlockPersistence = nil
        var engine = LockOrderEngine(options: options)
        Diagnostics.warn("learning what lockdep's annotations say")
        session.start()
        try RunPeriod.start(&workload)
        let period = RunPeriod(seconds: settings.duration)
        while period.goesOn(&workload) {
            session.pump(into: &engine, waitingAtMost: 50)
        }
        session.stop()
        // What the last events left in the ring.
        while session.pump(into: &engine, waitingAtMost: 0) > 0 {}
        workload?.terminate()
        var annotations = engine.learnedAnnotations
        annotations.kernel = settings.kernel.state.release
        try Diagnostics.checked { () throws(FileError) in try annotations.write(to: settings.output) }
        return Outcome(
            annotations: annotations,
            counters: LiveCounters.list(session.summary, workloadStatus: workload?.status)
        )
    }
}
