// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONLines
import Reports

/// How most commands answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// `--format text|json`.
struct FormatOption: ParsableArguments {
    @Option(help: "How to answer.")
    var format: OutputFormat = .text

    /// Writes an answer that has both forms.
    func write(text: @autoclosure () -> String, json: (inout JSONWriter) -> Void) throws {
        switch format {
        case .text: try Output.write(text())
        case .json:
            var writer = JSONWriter()
            json(&writer)
            try Output.write(writer.bytes)
        }
    }
}
