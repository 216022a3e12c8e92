// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockGraph
import Reports
import TraceFiles

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Dependencies, classes and cycles that appeared or went.",
        discussion: """
            Graphs are compared by names that survive a reboot; renumbered '#2' and other addresses make no difference.
            With --fail-on, 'new' means any dependency that appeared, 'cycle' a cycle that did.
            """
    )

    @Argument(help: "The graph to compare with.")
    var base: String

    @Argument(help: "The graph to look at.")
    var new: String

    @OptionGroup var formatOption: FormatOption
    @OptionGroup var failOnOption: FailOnOption

    func run() throws {
        let diff = GraphDiff(base: try GraphArgument.read(base), new: try GraphArgument.read(new))
        for warning in diff.warnings { Diagnostics.warn(warning) }
        try formatOption.write(text: diff.text(.standard())) { diff.write(to: &$0) }
        if failOnOption.failOn.names(.new) && !diff.appeared.dependencies.isEmpty { throw ExitCode(1) }
        try failOnOption.check(diff.appeared.cycles)
    }
}
