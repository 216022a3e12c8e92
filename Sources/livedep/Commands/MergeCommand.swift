// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reports
import TraceFiles

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "The union of many machines' graphs; order and repetition do not matter."
    )

    @Argument(help: ArgumentHelp("Graphs to merge.", valueName: "graph"))
    var graphs: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the union goes; '.gz' compresses it.", valueName: "graph"))
    var output: String

    func run() throws {
        var union = GraphSnapshot()
        for name in graphs {
            let damaged = union.damagedLines
            try Diagnostics.checked { () throws(FileError) in try union.read(name) }
            let more = union.damagedLines - damaged
            if more > 0 {
                Diagnostics.warn(
                    FileError(name, "\(more == 1 ? "1 damaged line" : "\(more) damaged lines") passed over")
                )
            }
        }
        try Diagnostics.checked { () throws(FileError) in try union.write(to: output) }
    }
}
