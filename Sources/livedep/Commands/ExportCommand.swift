// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockEvents
import LockGraph
import TraceFiles

/// What `export` can make of a recording.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case perfetto
}

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "A recording as a timeline for ui.perfetto.dev.",
        discussion: """
            Each task is a track: locks it held are slices in slices, waits come before them, dependencies are arrows from where
            they first arose, findings and losses are instants. A lock that outlives an outer one is on a further track.
            """
    )

    @Argument(
        help: ArgumentHelp("A capture's folder, or events as NDJSON; '-' is standard input.", valueName: "trace")
    )
    var trace: String

    @Option(help: "What to make of it.")
    var format: ExportFormat = .perfetto

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; '-' is standard output.", valueName: "file"))
    var output: String

    @OptionGroup var judgement: JudgementOptions
    @OptionGroup var taskFilter: TaskFilterOptions

    func run() throws {
        let counts = CaptureReplay.isCapture(trace) ? try exportCapture() : try exportEvents()
        let text =
            "\(counts.slices) slices, \(counts.dependencies) dependencies, \(counts.findings) findings, "
            + "\(RecordProgress.size(counts.bytes)) to \(output)"
        if output == "-" { Diagnostics.warn(text) } else { try Output.write(text + "\n") }
    }

    private func exportCapture() throws -> PerfettoExport.Counts {
        let selection = CaptureReplay.Selection(pid: taskFilter.pid, comm: taskFilter.comm)
        var capture: CaptureReplay
        do { capture = try CaptureReplay(trace, selection: selection) } catch { throw Diagnostics.failure(error) }
        if capture.info.isFiltered {
            Diagnostics.warn(
                FileError(trace, "was recorded with --filtered", advice: "its slices begin and end late or never")
            )
        }
        var options = try judgement.engineOptions(usual: capture.info.run.sameClass)
        options.isFiltered = capture.info.isFiltered
        var export: PerfettoExport
        do { export = try PerfettoExport(output, options: options) } catch { throw Diagnostics.failure(error) }
        var progress = Progress("export \(trace)")
        let total = max(1, capture.totalBytes)
        do {
            while let state = try capture.next(into: &export) {
                export.noteDropped(state.discarded, at: state.time)
                progress.show("\(state.records) events, \(state.bytes * 100 / total) %")
            }
        } catch {
            progress.end()
            throw Diagnostics.failure(error)
        }
        progress.end()
        for line in capture.damage { Diagnostics.warn(line) }
        do { return try export.finish() } catch { throw Diagnostics.failure(error) }
    }

    private func exportEvents() throws -> PerfettoExport.Counts {
        let options = try judgement.engineOptions(usual: .instance)
        var export: PerfettoExport
        do { export = try PerfettoExport(output, options: options) } catch { throw Diagnostics.failure(error) }
        var source: EventFile
        do { source = try EventFile(trace) } catch { throw Diagnostics.failure(error) }
        var filter = taskFilter.filter
        do {
            while let event = try source.next(&export.tables) {
                let decision = filter.decide(event, export.tables)
                guard decision.isWanted else { continue }
                if decision.forgets { export.consume(LockEvent(.lost, task: event.task, lock: .none)) }
                export.consume(event)
            }
            return try export.finish()
        } catch {
            throw Diagnostics.failure(error)
        }
    }
}
