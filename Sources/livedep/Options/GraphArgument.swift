// SPDX-License-Identifier: Apache-2.0

import Reports
import TraceFiles

/// Graph files as arguments of commands.
enum GraphArgument {
    /// Reads a graph, saying on standard error what its answers may lack.
    static func read(_ name: String) throws -> GraphSnapshot {
        let graph: GraphSnapshot = try Diagnostics.checked { () throws(FileError) in try GraphSnapshot(reading: name) }
        if graph.damagedLines > 0 {
            let lines = graph.damagedLines == 1 ? "1 damaged line" : "\(graph.damagedLines) damaged lines"
            Diagnostics.warn(FileError(name, "\(lines) passed over"))
        }
        let cutOff = graph.runs.indices.filter { graph.summaries[$0] == nil }
        if let first = cutOff.first {
            let others = cutOff.count > 1 ? " and \(cutOff.count - 1) more" : ""
            Diagnostics.warn(
                FileError(
                    name,
                    "run '\(graph.runs[first].id)'\(others) did not come to its end; what it saw until then counts"
                )
            )
        }
        return graph
    }
}

extension ReportStyle {
    /// The style for this terminal.
    static func standard(baseline: String? = nil, graph: String? = nil) -> ReportStyle {
        ReportStyle(isColoured: Output.wantsColour, baseline: baseline, graph: graph)
    }
}
