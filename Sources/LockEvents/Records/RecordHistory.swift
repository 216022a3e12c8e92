// SPDX-License-Identifier: Apache-2.0

public import CLockRecords

/// What a decoder remembers of the records before: tasks' names and numbers, initialisers' names, what was forgiven.
///
/// Apart from the decoder, which is compiled for each source of names, so that this is not.
@usableFromInline
struct RecordHistory {
    @usableFromInline var counts = DecodeCounts()
    @usableFromInline var tasks = TaskNumbers()
    private var initialNames: [InitSite: String] = [:]
    /// Releases forgiven because the lock was taken before tracing began: one per task and lock.
    private var forgiven: Set<EarlyHold> = []

    private struct InitSite: Hashable {
        var name: UInt64
        var site: UInt64
    }

    private struct EarlyHold: Hashable {
        var task: UInt32
        var lock: UInt64
    }

    @usableFromInline
    init() {}

    // MARK: Tasks

    /// Takes in a record's number; gives the task's name, and whether records of the task are missing before this one.
    @usableFromInline
    mutating func note(_ record: ld_record) -> (comm: NameID, isGap: Bool) {
        guard let position = tasks.position(of: record.tid) else {
            nameTask(record.tid, .none, nextSequence: record.seq &+ 1)
            return (.none, false)
        }
        // A task's records start from zero: the number was given to a new task.
        let isGap = record.seq != tasks[position].nextSequence && record.seq != 0
        if isGap { counts.gaps += 1 }
        tasks[position].nextSequence = record.seq &+ 1
        return (tasks[position].comm, isGap)
    }

    @usableFromInline
    mutating func nameTask(_ tid: UInt32, _ comm: NameID, nextSequence: UInt32) {
        tasks.set(TaskNumbers.Task(tid: tid, nextSequence: nextSequence, comm: comm))
    }

    @usableFromInline
    mutating func forget(_ tid: UInt32) { tasks.remove(tid) }

    @usableFromInline
    func comm(of tid: UInt32) -> NameID { tasks.name(of: tid) }

    @usableFromInline
    var knownTasks: [(tid: UInt32, comm: NameID, nextSequence: UInt32)] {
        tasks.all.map { ($0.tid, $0.comm, $0.nextSequence) }
    }

    // MARK: Locks

    /// The name that an initialiser gives: said with its first record, and by its address later.
    @usableFromInline
    mutating func initialName(_ record: ld_record, _ bytes: UnsafeRawBufferPointer) -> String? {
        let site = InitSite(name: record.aux, site: record.site)
        if record.nname > 0 { initialNames[site] = Self.name(record, bytes) }
        // Without its name the address is all that is known, as for a lock initialised before tracing began.
        guard let name = initialNames[site], !name.isEmpty else {
            counts.unnamedInitialisations += 1
            return nil
        }
        return name
    }

    /// A release that no acquisition explains. A task that was there before tracing began may hold locks from then, and
    /// releases each of them once.
    @usableFromInline
    mutating func noteUnmatchedRelease(_ record: ld_record) {
        if UInt32(record.flags) & LD_F_OLD_TASK.rawValue != 0,
            forgiven.insert(EarlyHold(task: record.tid, lock: record.lock)).inserted
        {
            counts.earlyReleases += 1
        } else {
            counts.unknownReleases[record.hook, default: 0] += 1
        }
    }

    /// The name at a record's end.
    @usableFromInline
    static func name(_ record: ld_record, _ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.suffix(Int(record.nname)).prefix { $0 != 0 }, as: UTF8.self)
    }
}
