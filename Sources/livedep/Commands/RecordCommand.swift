// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONLines
import LiveTracing
import LockGraph
import TraceFiles

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record the running kernel's lock events into a folder, to look at them later and elsewhere.",
        discussion: """
            Every acquisition and release is kept, in CTF 1.8 (babeltrace2 reads it), with all that is needed to name locks
            without the machine: `livedep replay DIR` gives what `watch` would have given, under any rules and baseline, and
            `livedep export DIR` a timeline. On a kernel with lockdep its own tracepoints are recorded, spinlocks too: many more
            events (--ring), and no times of holds and waits. What was written survives a crash up to its last quarter of a second.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to make.", valueName: "dir"))
    var output: String

    @OptionGroup var live: LiveOptions

    @Flag(help: "Keep only chains not seen before, as watch sees them: little to write, no hold times.")
    var filtered = false

    @Option(
        help: ArgumentHelp("Begin a new file when one has so many bytes: 500k, 100M, 2G.", valueName: "bytes"),
        transform: ByteCount.parse
    )
    var maxSize: Int?

    @Option(help: ArgumentHelp("Keep only the last files, so many (with --max-size).", valueName: "n"))
    var keep: Int?

    @Option(help: ArgumentHelp("Judge while recording, and write the graph here.", valueName: "graph"))
    var graph: String?

    @OptionGroup var annotationsOption: AnnotationsOption
    @OptionGroup var formatOption: FormatOption

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to record, behind '--'.", valueName: "command")
    )
    var command: [String] = []

    func validate() throws {
        if let keep, keep < 1 { throw ValidationError("--keep: at least 1") }
        if keep != nil, maxSize == nil { throw ValidationError("--keep needs --max-size, which makes the files") }
        if live.source == .perf {
            throw ValidationError("--source: perf has no records to keep; watch takes it")
        }
        if annotationsOption.annotations != nil, graph == nil {
            throw ValidationError("--annotations: they serve the graph that --graph writes")
        }
        if filtered, live.unfiltered { throw ValidationError("--filtered and --unfiltered exclude each other") }
    }

    func run() throws {
        let kernel = RunningKernel()
        var session = try live.sessionOptions(isUnfiltered: !filtered, on: kernel)
        // Where BPF is refused there is nothing to record, and the session says so.
        if session.source == .perf { session.source = .functions }
        var engine = EngineOptions(
            sameClass: session.source == .lockdep ? .strict : .instance,
            isFiltered: filtered
        )
        engine.keepsTimes = !filtered && session.source.tellsTimes
        engine.annotations = try annotationsOption.load()
        let settings = RecordRun.Settings(
            session: session,
            kernel: kernel,
            run: GraphRun.live(source: session.source.rawValue, sameClass: engine.sameClass),
            folder: output,
            limits: CaptureWriter.Limits(fileSize: maxSize, files: keep),
            graph: graph.map { ($0, engine) },
            duration: live.durationOption.duration,
            workload: command
        )
        StopRequest.catchSignals()
        let outcome = try ConsumerThread.run { Result { try RecordRun(settings).run() } }.get()
        try formatOption.write(text: text(outcome)) { json in
            json.beginObject()
            json.field("record", "summary")
            json.field("capture", output)
            json.field("events", outcome.records)
            json.field("bytes", outcome.bytes)
            json.field("counters", outcome.counters)
            json.endObject()
            json.endLine()
        }
    }

    private func text(_ outcome: RecordRun.Outcome) -> String {
        let seconds = Int(outcome.seconds.rounded())
        let size = RecordProgress.size(outcome.bytes)
        let counters = outcome.counters.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return """
            Recorded: \(outcome.records) events in \(seconds) s, \(size), in \(output)
            Source: \(counters.joined(separator: ", "))

            """
    }
}
