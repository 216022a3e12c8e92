// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockEvents

/// Which tasks to look at: `--pid`, `--comm`.
struct TaskFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only tasks of this process.", valueName: "n"))
    var pid: UInt32?

    @Option(help: ArgumentHelp("Only tasks of this command name.", valueName: "name"))
    var comm: String?

    /// Whether an event is of such a task. Losses concern all.
    func lets(_ event: LockEvent, _ tables: EventTables) -> Bool {
        if event.operation == .lost { return true }
        if let pid, event.pid != pid { return false }
        if let comm, tables.names[event.comm] != comm { return false }
        return true
    }
}
