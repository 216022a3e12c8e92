// SPDX-License-Identifier: Apache-2.0

public import CLockRecords

/// Records, as they come from the ring or from a capture, to events: classes named, sites and stacks resolved, gaps in a
/// task's sequence told.
///
/// What is not in the records it asks of its ``naming``. What it keeps per task and per address is bounded by what is alive
/// or recent. A record without a stack allocates nothing once its names are known. Its code is open to the modules that use
/// it, so that it is compiled for each source of names.
public struct RecordDecoder<Naming: RecordNaming & ~Copyable>: ~Copyable {
    // In the order in which the short way needs them: what lies behind the naming is found through its type's layout.
    @usableFromInline var known = KnownRecords()
    @usableFromInline var history = RecordHistory()
    @usableFromInline var directories = DirectoryOrder()
    /// Of the `lockdep` source, whose records are read the long way.
    @usableFromInline let namesByKey: Bool
    /// Records of an older epoch rest on held lists that misses may have spoiled.
    public var trustedEpoch: UInt32 = 0
    /// Records were dropped, and whose is known only with the next one of the task: whether a task still holds what it was
    /// last seen with, a record of another task cannot say.
    public var hasLoss = false
    /// The same as ``naming``, for the decoder itself, which knows what its questions change.
    @usableFromInline var answering: Naming

    /// What a record says.
    @usableFromInline
    struct Answer {
        /// Records of the task are missing before it.
        @usableFromInline var isGap = false
        @usableFromInline var event: LockEvent?
        /// ``KnownRecords/held`` is what the task held before the event.
        @usableFromInline var showsHeld = false

        @usableFromInline
        init() {}
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
    public var counts: DecodeCounts { history.counts }

    /// Decodes one record and hands what it says to the sink.
    @inlinable
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        if !namesByKey {
            switch known.read(bytes, &history.tasks, trustedEpoch: trustedEpoch) {
            case .event:
                history.counts.records += 1
                return sink.consume(known.event)
            case .eventWithHeld:
                history.counts.records += 1
                if directories.concerns(known.held, count: known.heldCount, known.event) {
                    directories.mark(&known.held, count: known.heldCount, &known.event, in: sink.tables.classes)
                }
                return sink.consume(known.event, held: known.held.span.extracting(first: known.heldCount))
            case .new:
                break
            }
        }
        decodeNew(bytes, into: &sink)
    }

    /// The long way, for a record that the short one does not know all of.
    @inlinable
    mutating func decodeNew(_ bytes: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        let answer = interpret(bytes, in: &sink.tables)
        guard let event = answer.event else {
            if answer.isGap { tellGap(bytes, to: &sink) }
            return
        }
        if answer.isGap { sink.consume(LockEvent(.lost, task: event.task, lock: .none)) }
        guard answer.showsHeld else {
            sink.consume(event)
            return
        }
        if answering.hasUnifications {
            known.answers.forgetLocks()
            for pair in answering.takeUnifications(in: sink.tables) { sink.unify(pair.kept, pair.gone) }
        }
        sink.consume(event, held: known.held.span.extracting(first: known.heldCount))
    }

    @usableFromInline
    func tellGap(_ bytes: UnsafeRawBufferPointer, to sink: inout some LockEventSink & ~Copyable) {
        let record = bytes.loadUnaligned(as: ld_record.self)
        sink.consume(LockEvent(.lost, task: TaskID(rawValue: UInt64(record.tid)), lock: .none))
    }

    @inlinable
    mutating func interpret(_ bytes: UnsafeRawBufferPointer, in tables: inout EventTables) -> Answer {
        var answer = Answer()
        guard bytes.count >= MemoryLayout<ld_record>.size, let base = bytes.baseAddress else {
            history.counts.malformed += 1
            return answer
        }
        let record = base.loadUnaligned(as: ld_record.self)
        let heldBytes = base + MemoryLayout<ld_record>.size
        let heldSize = Int(record.nheld) * MemoryLayout<ld_held>.size
        let stackSize = Int(record.nstack) * 8
        // Class names are lockdep's and longer than those of tasks and initialisers.
        let nameLimit = UInt32(record.kind) == LD_CLASS.rawValue ? LD_CLASS_NAME_LEN : LD_NAME_LEN
        guard Int(record.size) == bytes.count, record.nname <= UInt32(nameLimit),
            MemoryLayout<ld_record>.size + heldSize + stackSize + Int(record.nname) == bytes.count
        else {
            history.counts.malformed += 1
            return answer
        }
        history.counts.records += 1
        let task = history.note(record)
        answer.isGap = task.isGap
        let isProven = UInt32(record.flags) & LD_F_PROVEN.rawValue != 0
        var heldClass = LockClassID.none

        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_TASK:
            let comm = tables.names.intern(RecordHistory.name(record, bytes))
            history.nameTask(record.tid, comm, nextSequence: record.seq &+ 1)
            return answer
        case LD_CLASS:
            meetClass(record, name: RecordHistory.name(record, bytes), in: &tables)
            return answer
        case LD_INIT:
            // What is held is what the lock was until now.
            if isProven { heldClass = lockClass(of: record, site: record.site, in: &tables) }
            if let name = history.initialName(record, bytes) {
                initialise(record, name: name)
            }
        case LD_RELEASE where !isProven && UInt32(record.flags) & LD_F_UNMATCHED.rawValue != 0:
            history.noteUnmatchedRelease(record)
        case LD_MAY where Int(record.hook) == Int(LD_HOOK___check_object_size.rawValue):
            guard answering.isUserCopy(returningTo: record.site) else { return answer }
        default:
            break
        }
        guard let operation = Self.operation(record.kind) else {
            history.counts.malformed += 1
            return answer
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
        event.comm = task.comm
        if operation != .initialize { event.context = LockID(rawValue: record.aux) }

        switch operation {
        case .acquire, .tryAcquire, .attempt, .may:
            var site = record.site
            if record.nstack > 0 {
                let addresses = UnsafeRawBufferPointer(start: heldBytes + heldSize, count: stackSize)
                resolve(addresses, &site, &event, &tables)
            }
            event.site = answering.function(at: site, in: &tables.names)
            event.lockClass = lockClass(of: record, site: site, in: &tables)
            if namesByKey {
                complete(&event, record, in: tables)
            } else {
                known.answers.keep(record, site: site, is: event.lockClass, in: event.site)
            }
            if UInt32(record.flags) & LD_F_FAULT.rawValue != 0 { event.flags.insert(.blocking) }
        case .exit:
            break
        case .release:
            if UInt32(record.flags) & LD_F_UNMATCHED.rawValue != 0 { event.flags.insert(.grace) }
            if UInt32(record.flags) & LD_F_NON_OWNER.rawValue != 0 { event.flags.insert(.nonOwner) }
            if isProven {
                var site = record.site
                let addresses = UnsafeRawBufferPointer(start: heldBytes + heldSize, count: stackSize)
                resolve(addresses, &site, &event, &tables)
                event.site = answering.function(at: site, in: &tables.names)
                event.lockClass = lockClass(of: record, site: site, in: &tables)
                if namesByKey { complete(&event, record, in: tables) }
                event.flags.insert(.proven)
            }
            answer.event = event
            return answer
        case .initialize:
            if isProven {
                event.site = answering.function(at: record.site, in: &tables.names)
                event.lockClass = heldClass
                event.flags.insert(.proven)
            } else if hasLoss {
                event.flags.insert(.grace)
            }
            answer.event = event
            return answer
        case .fail, .downgrade, .lost:
            answer.event = event
            return answer
        }
        if record.epoch < trustedEpoch, !Self.isProven(heldBytes, count: Int(record.nheld)) {
            history.counts.distrusted += 1
            event.depth = LockEvent.unknownDepth
            answer.event = event
            return answer
        }
        decodeHeld(heldBytes, count: Int(record.nheld), &tables)
        if !namesByKey { directories.mark(&known.held, count: known.heldCount, &event, in: tables.classes) }
        answer.event = event
        answer.showsHeld = true
        if operation == .exit { history.forget(record.tid) }
        return answer
    }

    /// Names a stack, and the site of an event that only its stack shows.
    @usableFromInline
    mutating func resolve(
        _ bytes: UnsafeRawBufferPointer,
        _ site: inout UInt64,
        _ event: inout LockEvent,
        _ tables: inout EventTables
    ) {
        bytes.withMemoryRebound(to: UInt64.self) { addresses in
            let isSiteTold = site != 0
            if !isSiteTold { site = answering.site(in: addresses) }
            event.stack = answering.stack(addresses, site: site, in: &tables)
            if isSiteTold { known.answers.keep(addresses, site: site, is: event.stack) }
        }
    }

    /// Whether every lock of a held list was seen to have the task for its owner when the record was made: such a list
    /// holds whatever programs missed (bpf/task_locks.h, `still_held`).
    @usableFromInline
    static func isProven(_ bytes: UnsafeRawPointer, count: Int) -> Bool {
        for index in 0..<count {
            let entry = (bytes + index * MemoryLayout<ld_held>.size).loadUnaligned(as: ld_held.self)
            let type = ld_type(rawValue: UInt32(entry.type))
            if type == LD_PERCPU_RWSEM || entry.mode == LD_READ.rawValue { return false }
        }
        return true
    }

    @inlinable
    mutating func decodeHeld(_ bytes: UnsafeRawPointer, count: Int, _ tables: inout EventTables) {
        known.showNone()
        for index in 0..<count {
            let entry = (bytes + index * MemoryLayout<ld_held>.size).loadUnaligned(as: ld_held.self)
            let lockClass = lockClass(of: entry, in: &tables)
            let function = answering.function(at: entry.site, in: &tables.names)
            var lock = KnownRecords.heldLock(entry, lockClass, function)
            if namesByKey {
                complete(&lock, entry, in: tables)
            } else {
                known.answers.keep(entry, is: lockClass, in: function)
            }
            known.show(lock, at: index)
        }
    }

    /// A lock was initialised: what was known of its address is over.
    @usableFromInline
    mutating func initialise(_ record: ld_record, name: String) {
        known.answers.forget(record.lock)
        answering.initialise(Self.evidence(record, site: record.site), name: name)
    }

    // MARK: Tasks

    /// A task's name as it was told outside of its own records: a capture's later files name the tasks that go on.
    public mutating func nameTask(_ tid: UInt32, _ name: NameID, nextSequence: UInt32) {
        history.nameTask(tid, name, nextSequence: nextSequence)
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
        let isOfName = comm.map { $0 == names[history.comm(of: record.tid)] } ?? true
        return (record.tid, isOfProcess && isOfName)
    }

    /// Takes from a record that nobody is to be told of what later ones rest on: names.
    public mutating func pass(_ bytes: UnsafeRawBufferPointer, in tables: inout EventTables) {
        guard bytes.count >= MemoryLayout<ld_record>.size else { return }
        let record = bytes.loadUnaligned(as: ld_record.self)
        guard MemoryLayout<ld_record>.size + Int(record.nname) <= bytes.count else { return }
        _ = history.note(record)
        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_TASK:
            let comm = tables.names.intern(RecordHistory.name(record, bytes))
            history.nameTask(record.tid, comm, nextSequence: record.seq &+ 1)
        case LD_INIT:
            if let name = history.initialName(record, bytes) {
                initialise(record, name: name)
            }
        case LD_EXIT: history.forget(record.tid)
        default: break
        }
    }

    /// Every task that is known: its number, its name, and the number that its next record will carry.
    public var knownTasks: [(tid: UInt32, comm: NameID, nextSequence: UInt32)] { history.knownTasks }

    // MARK: Parts of records

    @inlinable
    static func operation(_ kind: UInt8) -> LockEvent.Operation? {
        switch ld_kind(rawValue: UInt32(kind)) {
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

    @inlinable
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

    @inlinable
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

    @inlinable
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
