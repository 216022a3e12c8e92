// SPDX-License-Identifier: Apache-2.0

/// The tasks that records were seen of: the name of each, and the number that its next record will carry.
///
/// A look-up is one probe of a flat table, none for the task of the record before. Memory follows the tasks alive.
@usableFromInline
struct TaskNumbers {
    struct Task: BitwiseCopyable {
        var tid: UInt32
        var nextSequence: UInt32
        var comm: NameID
    }

    private var index = FlatTable()
    private var tasks: [Task] = []
    private var free: [Int] = []
    private var latest = 0

    /// Where a task's entry is, or nil.
    @inline(__always)
    mutating func position(of tid: UInt32) -> Int? {
        if latest < tasks.count, tasks[latest].tid == tid { return latest }
        let found = index.find(UInt64(tid))
        guard found != FlatTable.absent else { return nil }
        latest = Int(found)
        return latest
    }

    subscript(position: Int) -> Task {
        @inline(__always) get { tasks[position] }
        @inline(__always) set { tasks[position] = newValue }
    }

    /// The task's name; the empty one where it is not known.
    func name(of tid: UInt32) -> NameID {
        let found = index.find(UInt64(tid))
        return found == FlatTable.absent ? .none : tasks[Int(found)].comm
    }

    /// Enters a task, or changes its entry.
    mutating func set(_ task: Task) {
        if let position = position(of: task.tid) {
            tasks[position] = task
        } else if let position = free.popLast() {
            tasks[position] = task
            index.insert(UInt64(task.tid), UInt32(position))
        } else {
            index.insert(UInt64(task.tid), UInt32(tasks.count))
            tasks.append(task)
        }
    }

    /// Forgets a task that ended.
    mutating func remove(_ tid: UInt32) {
        let found = index.remove(UInt64(tid))
        guard found != FlatTable.absent else { return }
        // No task has this number: the kernel's end far below.
        tasks[Int(found)].tid = .max
        free.append(Int(found))
    }

    /// All of them, by number.
    var all: [Task] { tasks.filter { $0.tid != .max }.sorted { $0.tid < $1.tid } }
}
