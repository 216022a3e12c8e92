// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockGraph
import LockdepText
import TraceFiles

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "A graph of what lockdep says: reports in any log or mail, /proc/lockdep, /proc/lockdep_chains.",
        discussion: """
            Give /proc/lockdep and /proc/lockdep_chains of one boot together. What cannot be read is named with its line on
            standard error, and reading goes on; the exit status is 2 only if nothing at all was found.
            """
    )

    @Argument(help: ArgumentHelp("Text to read, '.gz' or not; '-' is standard input.", valueName: "file"))
    var files: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the graph goes; '.gz' compresses it.", valueName: "graph"))
    var output: String

    func validate() throws {
        if files.isEmpty { throw ValidationError("name the file to read, or '-' for standard input") }
    }

    func run() throws {
        var graph = GraphSnapshot()
        var proc = LockdepProcReader()
        for name in files {
            try Diagnostics.checked { () throws(FileError) in try Self.read(name, into: &graph, &proc) }
        }
        proc.finish()
        if !proc.tables.classes.isEmpty { graph.formUnion(proc.graph) }
        if graph.runs.isEmpty {
            throw Diagnostics.failure(
                FileError(
                    files.joined(separator: ", "),
                    "no lockdep report, nor /proc/lockdep",
                    advice: "give a log that has 'possible circular locking dependency detected' or '-> #0 (...)' in it"
                )
            )
        }
        try Diagnostics.checked { () throws(FileError) in try graph.write(to: output) }
    }

    private static func read(
        _ name: String,
        into graph: inout GraphSnapshot,
        _ proc: inout LockdepProcReader
    ) throws(FileError) {
        var file = try LockdepFile(name)
        if file.isProc {
            try file.read(into: &proc)
            return
        }
        try file.readSplats { splat in
            if !splat.missing.isEmpty {
                let missing = splat.missing.map(\.description).joined(separator: ", ")
                Diagnostics.warn(FileError(name, line: splat.lines.lowerBound, "\(splat.kind.rawValue): \(missing)"))
            }
            graph.formUnion(splat.graph)
        }
    }
}

extension Splat {
    /// The graph of this report alone: a report is the last thing that lockdep says in a boot.
    fileprivate var graph: GraphSnapshot {
        var imported = SplatImport()
        imported.add(self)
        let run = GraphRun(id: identity, kernel: kernel ?? "", source: "splat", sameClass: .strict)
        return imported.graph(of: run, counters: missing.isEmpty ? [:] : ["missing parts": missing.count])
    }
}

extension LockdepProcReader {
    fileprivate var graph: GraphSnapshot {
        var imported = SplatImport()
        imported.add(tables)
        let run = GraphRun(id: tables.identity, source: "lockdep", sameClass: .strict)
        return imported.graph(of: run, counters: ["chains": tables.chainCount])
    }
}

extension SplatImport {
    fileprivate func graph(of run: GraphRun, counters: [String: Int]) -> GraphSnapshot {
        var graph = GraphSnapshot(engine, run: run, counters: counters)
        for finding in findings { graph.insert(finding, keys: keys(of: finding), run: 0) }
        return graph
    }
}
