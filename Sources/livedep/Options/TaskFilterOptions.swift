// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockEvents

/// Which tasks to look at: `--pid`, `--comm`.
struct TaskFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only tasks of this process.", valueName: "n"))
    var pid: UInt32?

    @Option(help: ArgumentHelp("Only tasks of this command name.", valueName: "name"))
    var comm: String?

    /// The filter for one run.
    var filter: TaskFilter { TaskFilter(pid: pid, comm: comm) }
}

/// Lets all events of a task through or none, so that no lock seems held that was let go.
///
/// An event says whose it is only where its source knows; the others follow what their task's last such event said.
struct TaskFilter {
    let pid: UInt32?
    let comm: String?
    private var isWanted: [TaskID: Bool] = [:]
    /// Tasks of which events were held back before it was known that they are wanted.
    private var isBehind: Set<TaskID> = []

    init(pid: UInt32?, comm: String?) {
        self.pid = pid
        self.comm = comm
    }

    /// Whether an event is to be looked at, and whether its task's locks are to be forgotten before.
    mutating func decide(_ event: LockEvent, _ tables: EventTables) -> (isWanted: Bool, forgets: Bool) {
        if pid == nil && comm == nil || event.operation == .lost && event.flags.contains(.allTasks) {
            return (true, false)
        }
        if event.pid != 0 || event.comm != .none {
            isWanted[event.task] =
                (pid.map { $0 == event.pid } ?? true) && (comm.map { $0 == tables.names[event.comm] } ?? true)
        }
        guard isWanted[event.task] == true else {
            isBehind.insert(event.task)
            return (false, false)
        }
        return (true, isBehind.remove(event.task) != nil)
    }
}
