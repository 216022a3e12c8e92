// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reports
import TraceFiles

struct PathCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "How one lock leads to another, every step with its witness, and all locks between.",
        discussion: """
            A lock is named by its exact printed name, else by its last member (mmap_lock is &mm->mmap_lock), else by a
            glob. mmap_sem and mmap_lock are one.
            """
    )

    @Argument(help: "The graph to look in.")
    var graph: String

    @Argument(help: "The lock to start from.")
    var from: String

    @Argument(help: "The lock to arrive at.")
    var to: String

    @OptionGroup var baselineOption: BaselineOption
    @OptionGroup var formatOption: FormatOption

    func run() throws {
        let snapshot = try GraphArgument.read(graph)
        let baseline = try baselineOption.load()
        let path = try Diagnostics.checked { () throws(LockPath.UnknownLock) in
            try LockPath(in: snapshot, from: from, to: to, baseline: baseline)
        }
        try formatOption.write(text: path.text(.standard(baseline: baselineOption.baseline))) { path.write(to: &$0) }
    }
}
