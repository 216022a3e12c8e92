// SPDX-License-Identifier: Apache-2.0

public import CLockRecords

/// The short way through the decoder, for records that bring nothing new: all that is not in them was answered before.
///
/// It gives what the long way would give and asks nothing, so it knows neither the naming nor the sink's tables, and the
/// compiler sees one concrete function. Of a full stream all but a few in a thousand records go this way.
@usableFromInline
struct KnownRecords: ~Copyable {
    /// What a record turned out to be.
    @usableFromInline
    enum Reading {
        /// It brings something new, or is not whole: the long way.
        case new
        /// ``event``.
        case event
        /// ``event``, with the first ``heldCount`` locks of ``held``.
        case eventWithHeld
    }

    @usableFromInline var answers = AnswerCache()
    /// The latest event.
    @usableFromInline var event = LockEvent(.lost, task: TaskID(rawValue: 0), lock: .none)
    /// The locks held before it, outermost first.
    @usableFromInline var held: [HeldLock]
    @usableFromInline private(set) var heldCount = 0

    @usableFromInline
    init() {
        held = Array(repeating: HeldLock(lock: .none, lockClass: .none), count: Int(LD_MAX_HELD))
    }

    /// Reads a record into ``event``, and takes its number in.
    @usableFromInline
    mutating func read(
        _ bytes: UnsafeRawBufferPointer,
        _ tasks: inout TaskNumbers,
        trustedEpoch: UInt32
    ) -> Reading {
        guard let base = bytes.baseAddress, bytes.count >= MemoryLayout<ld_record>.size,
            UInt(bitPattern: base) % UInt(MemoryLayout<ld_record>.alignment) == 0
        else { return .new }
        let record = base.assumingMemoryBound(to: ld_record.self)
        let count = Int(record.pointee.nheld)
        let tail = base + MemoryLayout<ld_record>.size
        let stackStart = count * MemoryLayout<ld_held>.size
        let stackCount = Int(record.pointee.nstack)
        guard Int(record.pointee.size) == bytes.count, record.pointee.nname == 0, count <= held.count,
            MemoryLayout<ld_record>.size + stackStart + stackCount * 8 == bytes.count,
            let position = tasks.position(of: record.pointee.tid),
            tasks[position].nextSequence == record.pointee.seq
        else { return .new }

        let kind = UInt32(record.pointee.kind)
        let flags = UInt32(record.pointee.flags)
        let isTaking: Bool
        let operation: LockEvent.Operation
        switch kind {
        case LD_ACQUIRE.rawValue: (operation, isTaking) = (.acquire, true)
        case LD_TRY.rawValue: (operation, isTaking) = (.tryAcquire, true)
        case LD_RELEASE.rawValue where flags & LD_F_UNMATCHED.rawValue == 0: (operation, isTaking) = (.release, false)
        case LD_DOWNGRADE.rawValue: (operation, isTaking) = (.downgrade, false)
        case LD_FAIL.rawValue: (operation, isTaking) = (.fail, false)
        default: return .new
        }
        if isTaking {
            guard record.pointee.epoch >= trustedEpoch,
                let slot = answers.find(
                    record.pointee.lock,
                    record.pointee.site,
                    record.pointee.origin,
                    AnswerCache.kind(type: record.pointee.type, flags: record.pointee.flags)
                ), readHeld(tail.assumingMemoryBound(to: ld_held.self), count: count)
            else { return .new }
            event.stack = .none
            if stackCount > 0 {
                let stack = UnsafeBufferPointer(
                    start: (tail + stackStart).assumingMemoryBound(to: UInt64.self),
                    count: stackCount
                )
                guard let known = answers.find(stack, site: record.pointee.site) else { return .new }
                event.stack = known
            }
            event.lockClass = answers[slot].lockClass
            event.site = answers[slot].function
            event.flags = flags & LD_F_FAULT.rawValue != 0 ? .blocking : []
        } else {
            event.stack = .none
            event.lockClass = .none
            event.site = .none
            event.flags =
                operation == .release && flags & LD_F_NON_OWNER.rawValue != 0 ? .nonOwner : []
        }
        event.operation = operation
        event.mode = Self.mode(record.pointee.mode)
        event.depth = record.pointee.depth
        event.cpu = UInt32(record.pointee.cpu)
        event.task = TaskID(rawValue: UInt64(record.pointee.tid))
        event.lock = LockID(rawValue: record.pointee.lock)
        event.context = LockID(rawValue: record.pointee.aux)
        event.nest = .none
        event.time = record.pointee.time
        event.pid = record.pointee.tid < LD_IDLE_TID ? record.pointee.tid : 0
        event.comm = tasks[position].comm
        tasks[position].nextSequence = record.pointee.seq &+ 1
        return isTaking ? .eventWithHeld : .event
    }

    /// Reads a record's held list into ``held``; false where one of its locks must be asked for.
    @inline(__always)
    private mutating func readHeld(_ entries: UnsafePointer<ld_held>, count: Int) -> Bool {
        for index in 0..<count {
            let entry = entries + index
            guard
                let slot = answers.find(
                    entry.pointee.lock,
                    entry.pointee.site,
                    entry.pointee.origin,
                    AnswerCache.kind(type: entry.pointee.type, flags: entry.pointee.flags)
                )
            else { return false }
            held[index] = Self.heldLock(entry.pointee, answers[slot].lockClass, answers[slot].function)
        }
        heldCount = count
        return true
    }

    @inlinable
    static func mode(_ mode: UInt8) -> LockMode {
        switch ld_mode(rawValue: UInt32(mode)) {
        case LD_READ: .read
        case LD_RECURSIVE: .recursive
        default: .write
        }
    }

    /// A held lock as its entry in a record says, of the class and taken in the function that were found for it.
    @inlinable
    static func heldLock(_ entry: ld_held, _ lockClass: LockClassID, _ function: NameID) -> HeldLock {
        var lock = HeldLock(
            lock: LockID(rawValue: entry.lock),
            lockClass: lockClass,
            mode: Self.mode(entry.mode)
        )
        let flags = UInt32(entry.flags)
        lock.isTrylock = flags & LD_F_TRYLOCK.rawValue != 0 && flags & LD_F_FAULT.rawValue == 0
        lock.context = LockID(rawValue: entry.context)
        lock.site = function
        return lock
    }

    /// Takes the place of what was read: the long way's held list.
    @usableFromInline
    mutating func show(_ lock: HeldLock, at index: Int) {
        held[index] = lock
        heldCount = index + 1
    }

    @usableFromInline
    mutating func showNone() { heldCount = 0 }
}
