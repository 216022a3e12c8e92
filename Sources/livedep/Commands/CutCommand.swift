// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reports
import TraceFiles

struct CutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut",
        abstract: "Where each cycle is best broken, ranked, with reasons.",
        discussion: """
            For each set of locks that lead to each other, the lightest set of dependencies without which no cycle is
            left. New dependencies (--baseline), few call sites and rare observations make a dependency light.
            """
    )

    @Argument(help: "The graph to look in.")
    var graph: String

    @OptionGroup var baselineOption: BaselineOption
    @OptionGroup var formatOption: FormatOption

    func run() throws {
        let cuts = CycleCuts(try GraphArgument.read(graph), baseline: try baselineOption.load())
        try formatOption.write(text: cuts.text(.standard(baseline: baselineOption.baseline))) { cuts.write(to: &$0) }
    }
}
