// SPDX-License-Identifier: Apache-2.0

import LockGraph
import LockdepText
import TraceFiles

/// Findings in lockdep's own layout (`report --format lockdep`).
enum LockdepLayout {
    /// The reports, one after the other, and how many findings lockdep prints no such report of.
    static func text(_ findings: [Finding], of graph: GraphSnapshot) -> (text: String, left: Int) {
        var text = ""
        var left = 0
        for finding in findings {
            let entry = graph.findings.first { $0.finding.signature == finding.signature }
            let kernel = entry.map { graph.runs[$0.run].kernel } ?? graph.runs.first?.kernel ?? ""
            let types = entry?.keys.mapValues(\.type) ?? [:]
            if let report = Splat(finding, kernel: kernel, types: types).flatMap(SplatWriter.text) {
                text += report
            } else {
                left += 1
            }
        }
        return (text, left)
    }
}
