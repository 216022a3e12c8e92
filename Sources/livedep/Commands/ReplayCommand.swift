// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONLines
import LockEvents
import LockGraph
import Reports
import TraceFiles

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "What a recording shows: a folder made by record, or events as NDJSON.",
        discussion: """
            A capture gives the graph that the live run saw; rules, baseline and filters may be others. Events as NDJSON come
            from any tracer, from a file or standard input.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A capture's folder, or events as NDJSON, '.gz' or not; '-' is standard input.",
            valueName: "trace"
        )
    )
    var events: String

    @OptionGroup var judgement: JudgementOptions
    @OptionGroup var taskFilter: TaskFilterOptions

    @Option(help: ArgumentHelp("Where to write the graph; '.gz' compresses it.", valueName: "graph"))
    var graph: String?

    @OptionGroup var failOnOption: FailOnOption
    @OptionGroup var formatOption: FormatOption

    func run() throws {
        if CaptureReplay.isCapture(events) { try replayCapture() } else { try replayEvents() }
    }

    private func replayCapture() throws {
        let selection = CaptureReplay.Selection(pid: taskFilter.pid, comm: taskFilter.comm)
        var capture: CaptureReplay
        do { capture = try CaptureReplay(events, selection: selection) } catch { throw Diagnostics.failure(error) }
        var options = try judgement.engineOptions(usual: capture.info.run.sameClass)
        options.isFiltered = capture.info.isFiltered
        options.keepsTimes = capture.info.tellsTimes
        let style = ReportStyle.standard(baseline: judgement.baselineOption.baseline, graph: graph)
        var sink = FindingSink(format: formatOption.format, style: style)
        var engine = LockOrderEngine(options: options)
        try CaptureRun.play(&capture, named: events, into: &engine) { engine in
            if engine.hasNewFindings { try sink.write(engine.takeNewFindings()) }
        }
        try sink.write(engine.takeNewFindings())
        var run = capture.info.run
        run.sameClass = options.sameClass
        try finish(engine, run: run, counters: capture.counters ?? [:], &sink)
    }

    private func replayEvents() throws {
        let options = try judgement.engineOptions(usual: .instance)
        let style = ReportStyle.standard(baseline: judgement.baselineOption.baseline, graph: graph)
        var sink = FindingSink(format: formatOption.format, style: style)
        var engine = LockOrderEngine(options: options)
        var filter = taskFilter.filter
        var source: EventFile
        do { source = try EventFile(events) } catch { throw Diagnostics.failure(error) }
        do {
            while let event = try source.next(&engine.tables) {
                let decision = filter.decide(event, engine.tables)
                if !decision.isWanted { continue }
                if decision.forgets { engine.consume(LockEvent(.lost, task: event.task, lock: .none)) }
                engine.consume(event)
                if engine.hasNewFindings { try sink.write(engine.takeNewFindings()) }
            }
        } catch let error as FileError {
            try sink.write(engine.takeNewFindings())
            throw Diagnostics.failure(error)
        }
        engine.finish()
        try sink.write(engine.takeNewFindings())
        let run = GraphRun(id: source.identity, source: "events", sameClass: options.sameClass)
        try finish(engine, run: run, counters: [:], &sink)
    }

    private func finish(
        _ engine: LockOrderEngine,
        run: GraphRun,
        counters: [String: Int],
        _ sink: inout FindingSink
    ) throws {
        if let graph {
            let snapshot = GraphSnapshot(engine, run: run, counters: counters)
            try Diagnostics.checked { () throws(FileError) in try snapshot.write(to: graph) }
        }
        try sink.finish(GraphSummary(engine.summary, counters: counters))
        try failOnOption.check(engine.findings)
    }
}
