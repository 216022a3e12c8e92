// SPDX-License-Identifier: Apache-2.0

internal import CLockRecords
internal import LockEvents
internal import LockNaming

/// Records from the ring to events: classes named, sites and stacks resolved, gaps in a task's sequence told.
///
/// What it keeps per task and per address is bounded by what is alive or recent. A record without a stack allocates
/// nothing once its names are known.
struct RecordDecoder<Memory: KernelMemory>: ~Copyable {
    var namer: LockNamer<Memory>
    var symbolizer: Symbolizer
    var copies: UserCopySites<Memory>
    /// Names the locks of the `lockdep` source; nil on others.
    var lockdep: LockdepNamer<Memory>?
    private(set) var counts = DecodeCounts()
    /// Records of an older epoch rest on held lists that misses may have spoiled.
    var trustedEpoch: UInt32 = 0

    private var tasks: [UInt32: Task] = [:]
    private var initialNames: [InitSite: String] = [:]
    /// Releases forgiven because the lock was taken before tracing began: one per task and lock.
    private var forgiven: Set<EarlyHold> = []
    private var held: [HeldLock] = []

    private struct Task {
        var nextSequence: UInt32
        var comm: NameID
    }

    private struct InitSite: Hashable {
        var name: UInt64
        var site: UInt64
    }

    private struct EarlyHold: Hashable {
        var task: UInt32
        var lock: UInt64
    }

    init(
        namer: consuming LockNamer<Memory>,
        lockdep: LockdepNamer<Memory>? = nil,
        symbolizer: Symbolizer,
        copies: UserCopySites<Memory>
    ) {
        self.namer = namer
        self.lockdep = lockdep
        self.symbolizer = symbolizer
        self.copies = copies
        held.reserveCapacity(Int(LD_MAX_HELD))
    }

    /// Decodes one record and hands what it says to the sink.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        guard bytes.count >= MemoryLayout<ld_record>.size, let base = bytes.baseAddress else {
            counts.malformed += 1
            return
        }
        let record = base.loadUnaligned(as: ld_record.self)
        let heldSize = Int(record.nheld) * MemoryLayout<ld_held>.size
        let stackSize = Int(record.nstack) * 8
        let tail = MemoryLayout<ld_record>.size
        guard Int(record.size) == bytes.count, tail + heldSize + stackSize <= bytes.count else {
            counts.malformed += 1
            return
        }
        counts.records += 1
        noteSequence(record, into: &sink)

        switch ld_kind(rawValue: UInt32(record.kind)) {
        case LD_TASK:
            let name = Self.name(bytes[tail...])
            tasks[record.tid, default: Task(nextSequence: record.seq &+ 1, comm: .none)].comm =
                sink.tables.names.intern(name)
            return
        case LD_CLASS:
            meetClass(record, name: Self.name(bytes[tail...]), in: &sink.tables)
            return
        case LD_INIT:
            initialise(record, name: bytes.count > tail ? Self.name(bytes[tail...]) : nil)
        case LD_RELEASE where record.flags & UInt8(truncatingIfNeeded: LD_F_UNMATCHED.rawValue) != 0:
            if !isForgiven(record) { counts.unknownReleases[record.hook, default: 0] += 1 }
        case LD_MAY where Int(record.hook) == Int(LD_HOOK___check_object_size.rawValue):
            guard copies.isUserCopy(returningTo: record.site) else { return }
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
            counts.malformed += 1
            return
        }
        var event = LockEvent(
            operation,
            task: TaskID(rawValue: UInt64(record.tid)),
            lock: LockID(rawValue: record.lock),
            mode: Self.mode(record.mode)
        )
        event.depth = record.depth
        event.cpu = UInt32(record.cpu)
        event.time = record.time
        event.pid = record.tid < LD_IDLE_TID ? record.tid : 0
        event.comm = tasks[record.tid]?.comm ?? .none
        if operation != .initialize { event.context = LockID(rawValue: record.aux) }

        let isTaking = Self.takesLock(operation)
        if isTaking {
            var site = record.site
            if !stackBytes.isEmpty {
                stackBytes.withMemoryRebound(to: UInt64.self) { addresses in
                    if site == 0 { site = symbolizer.site(in: addresses) }
                    event.stack = symbolizer.stack(addresses, site: site, in: &sink.tables)
                }
            }
            event.site = symbolizer.function(at: site, in: &sink.tables.names)
            event.lockClass = lockClass(of: record, site: site, in: &sink.tables)
            if lockdep != nil { complete(&event, record, in: sink.tables) }
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
            counts.distrusted += 1
            event.depth = LockEvent.unknownDepth
            sink.consume(event)
            return
        }
        decodeHeld(heldBytes, count: Int(record.nheld), into: &sink)
        passUnifications(to: &sink)
        sink.consume(event, held: held.span)
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
        held.removeAll(keepingCapacity: true)
        for index in 0..<count {
            let entry = (bytes + index * MemoryLayout<ld_held>.size).loadUnaligned(as: ld_held.self)
            let lockClass = lockClass(of: entry, in: &sink.tables)
            var lock = HeldLock(
                lock: LockID(rawValue: entry.lock),
                lockClass: lockClass,
                mode: Self.mode(entry.mode)
            )
            let flags = UInt32(entry.flags)
            lock.isTrylock = flags & LD_F_TRYLOCK.rawValue != 0 && flags & LD_F_FAULT.rawValue == 0
            lock.context = LockID(rawValue: entry.context)
            lock.site = symbolizer.function(at: entry.site, in: &sink.tables.names)
            if lockdep != nil { complete(&lock, entry, in: sink.tables) }
            held.append(lock)
        }
    }

    private mutating func passUnifications(to sink: inout some LockEventSink & ~Copyable) {
        guard namer.hasUnifications else { return }
        for pair in namer.takeUnifications() { sink.unify(pair.kept, pair.gone) }
    }

    // MARK: Tasks

    private mutating func noteSequence(_ record: ld_record, into sink: inout some LockEventSink & ~Copyable) {
        guard let task = tasks[record.tid] else {
            tasks[record.tid] = Task(nextSequence: record.seq &+ 1, comm: .none)
            return
        }
        // A task's records start from zero: the number was given to a new task.
        if record.seq != task.nextSequence, record.seq != 0 {
            counts.gaps += 1
            sink.consume(LockEvent(.lost, task: TaskID(rawValue: UInt64(record.tid)), lock: .none))
        }
        tasks[record.tid]?.nextSequence = record.seq &+ 1
    }

    private mutating func forget(_ tid: UInt32) { tasks[tid] = nil }

    /// A task that was there before tracing began may hold locks from then, and releases each of them once.
    private mutating func isForgiven(_ record: ld_record) -> Bool {
        guard has(record, LD_F_OLD_TASK) else { return false }
        guard forgiven.insert(EarlyHold(task: record.tid, lock: record.lock)).inserted else { return false }
        counts.earlyReleases += 1
        return true
    }

    // MARK: Parts of records

    private mutating func initialise(_ record: ld_record, name: String?) {
        let site = InitSite(name: record.aux, site: record.site)
        if let name { initialNames[site] = name }
        // Without its name the address is all that is known, as for a lock initialised before tracing began.
        guard let name = initialNames[site], !name.isEmpty else {
            counts.unnamedInitialisations += 1
            return
        }
        namer.initialise(Self.evidence(record, site: record.site), name: name)
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

    private static func mode(_ mode: UInt8) -> LockMode {
        switch ld_mode(rawValue: UInt32(mode)) {
        case LD_READ: .read
        case LD_RECURSIVE: .recursive
        default: .write
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
