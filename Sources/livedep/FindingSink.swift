// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockGraph
import Reports
import TraceFiles

/// Findings to standard output as they come, and a summary in the end.
struct FindingSink {
    let format: OutputFormat
    let style: ReportStyle
    private var json = JSONWriter()

    init(format: OutputFormat, style: ReportStyle) {
        self.format = format
        self.style = style
    }

    mutating func write(_ findings: [Finding]) throws {
        for finding in findings {
            switch format {
            case .text: try Output.write(finding.text(style) + "\n")
            case .json:
                finding.write(to: &json)
                json.endLine()
                try send()
            }
        }
    }

    mutating func finish(_ summary: GraphSummary) throws {
        switch format {
        case .text: try Output.write(summary.text(style))
        case .json:
            summary.write(to: &json)
            json.endLine()
            try send()
        }
    }

    private mutating func send() throws {
        try Output.write(json.bytes)
        json.removeAll()
    }
}
