// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command: picks a subcommand. What each does is in its own file under `Commands/`.
///
/// Exit status: 0 nothing that `--fail-on` names, 1 findings it names, 2 could not run, 64 usage (DESIGN 4).
@main
struct Livedep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "livedep",
        abstract: "lockdep for the kernel you are running.",
        subcommands: [
            DoctorCommand.self, WatchCommand.self, RecordCommand.self, ReplayCommand.self, LearnCommand.self,
            ImportCommand.self, ReportCommand.self,
            DiffCommand.self, PathCommand.self, CutCommand.self, MergeCommand.self, ExportCommand.self,
        ]
    )
}
