// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LiveTracing
import LockGraph
import Reports
import TraceFiles

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch the running kernel's locks and report what is wrong as it happens.",
        discussion: """
            Runs until COMMAND ends, the duration is over, or Ctrl-C. Findings go to standard output as they arise; the
            summary says what was seen and what was lost. Needs root and a kernel with BTF; `livedep doctor` tells what
            this one allows.
            """
    )

    @OptionGroup var live: LiveOptions
    @OptionGroup var judgement: JudgementOptions

    @Option(help: ArgumentHelp("Where to write the graph; '.gz' compresses it.", valueName: "graph"))
    var graph: String?

    @OptionGroup var failOnOption: FailOnOption
    @OptionGroup var formatOption: FormatOption

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to watch, behind '--'.", valueName: "command")
    )
    var command: [String] = []

    func run() throws {
        let kernel = RunningKernel()
        let session = try live.sessionOptions(isUnfiltered: live.unfiltered, on: kernel)
        var engine = try judgement.engineOptions(usual: session.source == .lockdep ? .strict : .instance)
        // perf has no filter.
        engine.isFiltered = !session.isUnfiltered && session.source != .perf
        engine.keepsTimes = session.isUnfiltered && session.source.tellsTimes
        let settings = WatchSettings(
            session: session,
            kernel: kernel,
            engine: engine,
            run: GraphRun.live(source: session.source.rawValue, sameClass: engine.sameClass),
            graph: graph,
            duration: live.durationOption.duration,
            workload: command,
            format: formatOption.format,
            style: .standard(baseline: judgement.baselineOption.baseline, graph: graph)
        )
        StopRequest.catchSignals()
        let outcome = try ConsumerThread.run { Result { try WatchRun(settings).run() } }.get()
        try failOnOption.check(outcome.findings)
    }
}
