// SPDX-License-Identifier: Apache-2.0

internal import CLockRecords

/// Records, as they come from the ring or from a capture, to events: classes named, sites and stacks resolved, gaps in a
/// task's sequence told.
///
/// What is not in the records it asks of its ``naming``. What it keeps per task and per address is bounded by what is alive
/// or recent. A record without a stack allocates nothing once its names are known.
public struct RecordDecoder<Naming: RecordNaming & ~Copyable>: ~Copyable {
    // In the order in which the short way needs them: what lies behind the naming is found through its type's layout.
    private var known = KnownRecords()
    private var knownCount = 0
    /// Of the `lockdep` source, whose records are read the long way.
    let namesByKey: Bool
    /// Records of an older epoch rest on held lists that misses may have spoiled.
    public var trustedEpoch: UInt32 = 0
    private var longCounts = DecodeCounts()
    /// The same as ``naming``, for the decoder itself, which knows what its questions change.
    var answering: Naming

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

    /// Decodes the records of one run.
    public init(naming: consuming Naming) {
        namesByKey = naming.namesByKey
        answering = naming
    }

    /// Answers what the records do not say. Telling it anything makes every answer be asked for again.
    public var naming: Naming {
        _read { yield answering }
        _modify {
            known.answers.forgetLocks()
            yield &answering
        }
    }

    /// What was met so far.
    public var counts: DecodeCounts {
        var counts = longCounts
        counts.records += knownCount
        return counts
    }

    /// Decodes one record and hands what it says to the sink.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        if namesByKey { return decodeNew(bytes, into: &sink) }
        switch known.read(bytes, trustedEpoch: trustedEpoch) {
        case .event:
            knownCount += 1
            sink.consume(known.event)
        case .eventWithHeld:
            knownCount += 1
            sink.consume(known.event, held: known.held.span.extracting(first: known.heldCount))
        case .new:
            decodeNew(bytes, into: &sink)
        }
    }

    @inline(never)
    private mutating func decodeNew(_ bytes: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        guard bytes.count >= MemoryLayout<ld_record>.size, let base = bytes.baseAddress else {
            longCounts.malformed += 1
            return
        }
        let record = base.loadUnaligned(as: ld_record.self)
        let heldSize = Int(record.nheld) * MemoryLayout<ld_held>.size
        let stackSize = Int(record.nstack) * 8
        let tail = MemoryLayout<ld_record>.size
        let nameStart = tail + heldSize + stackSize
        guard Int(record.size) == bytes.count, record.nname <= UInt32(LD_NAME_LEN),
            nameStart + Int(record.nname) == bytes.count
        else {
            longCounts.malformed += 1
            return
        }
        longCounts.records += 1
        noteSequence(record, into: &sink)

        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_TASK:
            let name = Self.name(bytes[nameStart...])
            nameTask(record.tid, sink.tables.names.intern(name), nextSequence: record.seq &+ 1)
            return
        case LD_CLASS:
            meetClass(record, name: Self.name(bytes[tail...]), in: &sink.tables)
            return
        case LD_INIT:
            initialise(record, name: record.nname > 0 ? Self.name(bytes[nameStart...]) : nil)
        case LD_RELEASE where record.flags & UInt8(truncatingIfNeeded: LD_F_UNMATCHED.rawValue) != 0:
            if isForgiven(record) { return }
            longCounts.unknownReleases[record.hook, default: 0] += 1
        case LD_MAY where Int(record.hook) == Int(LD_HOOK___check_object_size.rawValue):
            guard answering.isUserCopy(returningTo: record.site) else { return }
        default:
            break
        }
        let stackBytes = UnsafeRawBufferPointer(rebasing: bytes[(tail + heldSize)..<(tail + heldSize + stackSize)])
        send(record, base + tail, stackBytes, into: &sink)
    }

    private mutating func send(
        _ record: ld_record,
        _ heldBytes: UnsafeRawPointer,
        _ stackBytes: UnsafeRawBufferPointer,
        into sink: inout some LockEventSink & ~Copyable
    ) {
        guard let operation = Self.operation(record) else {
            longCounts.malformed += 1
            return
        }
        var event = LockEvent(
            operation,
            task: TaskID(rawValue: UInt64(record.tid)),
            lock: LockID(rawValue: record.lock),
            mode: KnownRecords.mode(record.mode)
        )
        event.depth = record.depth
        event.cpu = UInt32(record.cpu)
        event.time = record.time
        event.pid = record.tid < LD_IDLE_TID ? record.tid : 0
        event.comm = known.tasks.comm(of: record.tid)
        if operation != .initialize { event.context = LockID(rawValue: record.aux) }

        let isTaking = Self.takesLock(operation)
        if isTaking {
            var site = record.site
            if !stackBytes.isEmpty {
                stackBytes.withMemoryRebound(to: UInt64.self) { addresses in
                    if site == 0 { site = answering.site(in: addresses) }
                    event.stack = answering.stack(addresses, site: site, in: &sink.tables)
                    if site == record.site { known.answers.keep(addresses, site: site, is: event.stack) }
                }
            }
            event.site = answering.function(at: site, in: &sink.tables.names)
            event.lockClass = lockClass(of: record, site: site, in: &sink.tables)
            if namesByKey {
                complete(&event, record, in: sink.tables)
            } else {
                let kind = AnswerCache.kind(type: record.type, flags: record.flags)
                known.answers.keep(record.lock, site, record.origin, kind, is: event.lockClass, in: event.site)
            }
            if has(record, LD_F_FAULT) { event.flags.insert(.blocking) }
        } else if operation == .release {
            if has(record, LD_F_UNMATCHED) { event.flags.insert(.grace) }
            if has(record, LD_F_NON_OWNER) { event.flags.insert(.nonOwner) }
        }
        guard isTaking || operation == .exit else {
            sink.consume(event)
            return
        }
        if record.epoch < trustedEpoch, !Self.isProven(heldBytes, count: Int(record.nheld)) {
            longCounts.distrusted += 1
            event.depth = LockEvent.unknownDepth
            sink.consume(event)
            return
        }
        decodeHeld(heldBytes, count: Int(record.nheld), into: &sink)
        passUnifications(to: &sink)
        sink.consume(event, held: known.held.span.extracting(first: known.heldCount))
        if operation == .exit { forget(record.tid) }
    }

    /// Whether every lock of a held list was seen to have the task for its owner when the record was made: such a list
    /// holds whatever programs missed (bpf/task_locks.h, `still_held`).
    private static func isProven(_ bytes: UnsafeRawPointer, count: Int) -> Bool {
        for index in 0..<count {
            let entry = (bytes + index * MemoryLayout<ld_held>.size).loadUnaligned(as: ld_held.self)
            let type = ld_type(rawValue: UInt32(entry.type))
            if type == LD_PERCPU_RWSEM || entry.mode == LD_READ.rawValue { return false }
        }
        return true
    }

    private mutating func decodeHeld(
        _ bytes: UnsafeRawPointer,
        count: Int,
        into sink: inout some LockEventSink & ~Copyable
    ) {
        known.showNone()
        for index in 0..<count {
            let entry = (bytes + index * MemoryLayout<ld_held>.size).loadUnaligned(as: ld_held.self)
            let lockClass = lockClass(of: entry, in: &sink.tables)
            let function = answering.function(at: entry.site, in: &sink.tables.names)
            var lock = KnownRecords.heldLock(entry, lockClass, function)
            if namesByKey {
                complete(&lock, entry, in: sink.tables)
            } else {
                let kind = AnswerCache.kind(type: entry.type, flags: entry.flags)
                known.answers.keep(entry.lock, entry.site, entry.origin, kind, is: lockClass, in: function)
            }
            known.show(lock, at: index)
        }
    }

    private mutating func passUnifications(to sink: inout some LockEventSink & ~Copyable) {
        guard answering.hasUnifications else { return }
        known.answers.forgetLocks()
        for pair in answering.takeUnifications(in: sink.tables) { sink.unify(pair.kept, pair.gone) }
    }

    // MARK: Tasks

    private mutating func noteSequence(_ record: ld_record, into sink: inout some LockEventSink & ~Copyable) {
        guard let position = known.tasks.position(of: record.tid) else {
            nameTask(record.tid, .none, nextSequence: record.seq &+ 1)
            return
        }
        // A task's records start from zero: the number was given to a new task.
        if record.seq != known.tasks[position].nextSequence, record.seq != 0 {
            longCounts.gaps += 1
            sink.consume(LockEvent(.lost, task: TaskID(rawValue: UInt64(record.tid)), lock: .none))
        }
        known.tasks[position].nextSequence = record.seq &+ 1
    }

    private mutating func forget(_ tid: UInt32) { known.tasks.remove(tid) }

    /// A task's name as it was told outside of its own records: a capture's later files name the tasks that go on.
    public mutating func nameTask(_ tid: UInt32, _ name: NameID, nextSequence: UInt32) {
        known.tasks.set(TaskNumbers.Task(tid: tid, nextSequence: nextSequence, comm: name))
    }

    /// All is to be asked for again: what is answered from here on must be told to somebody new.
    mutating func askAgain() { known.answers.forgetAll() }

    /// Whose a record is, and whether that is a chosen task: a thread or one of a process, or one of a name. Nil for a record
    /// that only tells a task's name.
    public func task(
        of bytes: UnsafeRawBufferPointer,
        pid: UInt32?,
        comm: String?,
        _ names: NameTable
    ) -> (tid: UInt32, isChosen: Bool)? {
        guard bytes.count >= MemoryLayout<ld_record>.size else { return nil }
        let record = bytes.loadUnaligned(as: ld_record.self)
        if record.kind == LD_TASK.rawValue { return nil }
        let isOfProcess = pid.map { $0 == record.tid || $0 == record.tgid } ?? true
        let isOfName = comm.map { $0 == names[known.tasks.name(of: record.tid)] } ?? true
        return (record.tid, isOfProcess && isOfName)
    }

    /// Takes from a record that nobody is to be told of what later ones rest on: names.
    public mutating func pass(_ bytes: UnsafeRawBufferPointer, in tables: inout EventTables) {
        guard bytes.count >= MemoryLayout<ld_record>.size else { return }
        let record = bytes.loadUnaligned(as: ld_record.self)
        let start = bytes.count - Int(record.nname)
        guard start >= MemoryLayout<ld_record>.size else { return }
        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_TASK:
            nameTask(record.tid, tables.names.intern(Self.name(bytes[start...])), nextSequence: record.seq &+ 1)
        case LD_INIT: initialise(record, name: record.nname > 0 ? Self.name(bytes[start...]) : nil)
        case LD_EXIT: forget(record.tid)
        default:
            if let position = known.tasks.position(of: record.tid) {
                known.tasks[position].nextSequence = record.seq &+ 1
            }
        }
    }

    /// Every task that is known: its number, its name, and the number that its next record will carry.
    public var knownTasks: [(tid: UInt32, comm: NameID, nextSequence: UInt32)] {
        known.tasks.all.map { ($0.tid, $0.comm, $0.nextSequence) }
    }

    /// A task that was there before tracing began may hold locks from then, and releases each of them once.
    private mutating func isForgiven(_ record: ld_record) -> Bool {
        guard has(record, LD_F_OLD_TASK) else { return false }
        guard forgiven.insert(EarlyHold(task: record.tid, lock: record.lock)).inserted else { return false }
        longCounts.earlyReleases += 1
        return true
    }

    // MARK: Parts of records

    private mutating func initialise(_ record: ld_record, name: String?) {
        let site = InitSite(name: record.aux, site: record.site)
        if let name { initialNames[site] = name }
        // Without its name the address is all that is known, as for a lock initialised before tracing began.
        guard let name = initialNames[site], !name.isEmpty else {
            longCounts.unnamedInitialisations += 1
            return
        }
        known.answers.forget(record.lock)
        answering.initialise(Self.evidence(record, site: record.site), name: name)
    }

    private static func name(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func operation(_ record: ld_record) -> LockEvent.Operation? {
        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_ACQUIRE: .acquire
        case LD_TRY: .tryAcquire
        case LD_ATTEMPT: .attempt
        case LD_FAIL: .fail
        case LD_RELEASE: .release
        case LD_DOWNGRADE: .downgrade
        case LD_MAY: .may
        case LD_INIT: .initialize
        case LD_EXIT: .exit
        default: nil
        }
    }

    private static func takesLock(_ operation: LockEvent.Operation) -> Bool {
        switch operation {
        case .acquire, .tryAcquire, .attempt, .may: true
        case .fail, .release, .downgrade, .initialize, .exit, .lost: false
        }
    }

    private func has(_ record: ld_record, _ flag: ld_flags) -> Bool { UInt32(record.flags) & flag.rawValue != 0 }

    static func type(_ type: UInt8) -> LockType {
        switch ld_type(rawValue: UInt32(type)) {
        case LD_RWSEM: .rwsem
        case LD_PERCPU_RWSEM: .percpuRwsem
        case LD_WW_MUTEX: .wwMutex
        case LD_RT_MUTEX: .rtMutex
        case LD_SPIN: .spin
        case LD_RWLOCK: .rwlock
        case LD_WW_CONTEXT: .wwContext
        case LD_PSEUDO: .pseudo
        default: .mutex
        }
    }

    static func evidence(_ record: ld_record, site: UInt64) -> LockEvidence {
        LockEvidence(
            lock: record.lock,
            site: site,
            type: type(record.type),
            cache: record.origin.cache,
            offset: record.origin.offset,
            detail: record.origin.detail,
            isOwnMmapLock: UInt32(record.flags) & LD_F_MMAP_LOCK.rawValue != 0
        )
    }

    static func evidence(_ entry: ld_held) -> LockEvidence {
        LockEvidence(
            lock: entry.lock,
            site: entry.site,
            type: type(entry.type),
            cache: entry.origin.cache,
            offset: entry.origin.offset,
            detail: entry.origin.detail,
            isOwnMmapLock: UInt32(entry.flags) & LD_F_MMAP_LOCK.rawValue != 0
        )
    }
}
