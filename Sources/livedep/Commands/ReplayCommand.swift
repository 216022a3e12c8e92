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
        abstract: "What a recording of lock events shows: events as NDJSON, from a file or standard input."
    )

    @Argument(help: "Events as NDJSON, '.gz' or not; '-' is standard input.")
    var events: String

    @OptionGroup var judgement: JudgementOptions
    @OptionGroup var taskFilter: TaskFilterOptions

    @Option(help: ArgumentHelp("Where to write the graph; '.gz' compresses it.", valueName: "graph"))
    var graph: String?

    @OptionGroup var failOnOption: FailOnOption
    @OptionGroup var formatOption: FormatOption

    func run() throws {
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
        let summary = GraphSummary(engine.summary)
        if let graph {
            let run = GraphRun(id: source.identity, source: "events", sameClass: options.sameClass)
            let snapshot = GraphSnapshot(engine, run: run)
            try Diagnostics.checked { () throws(FileError) in try snapshot.write(to: graph) }
        }
        try sink.finish(summary)
        try failOnOption.check(engine.findings)
    }
}
