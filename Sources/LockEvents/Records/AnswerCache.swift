// SPDX-License-Identifier: Apache-2.0

public import CLockRecords

/// The latest answers about locks and stacks, so that a record like the ones before it asks nobody.
///
/// An answer is given again only to the very same question: all that is known of the lock, or every address of the stack.
/// What could change an answer makes it be asked for again: the lock's initialisation, and anything told to the naming from
/// outside, two classes becoming one among it.
@usableFromInline
struct AnswerCache {
    /// What is known of a lock in a record, and what it was found to be.
    struct Lock: BitwiseCopyable {
        var lock: UInt64
        var site: UInt64
        var cache: UInt64
        var offset: UInt32
        var detail: UInt32
        /// Type, and whether it is the task's own mmap_lock.
        var kind: UInt32
        /// Of the answers about the lock at that time.
        var version: UInt32
        var lockClass: LockClassID
        var function: NameID
    }

    private struct Stack: BitwiseCopyable {
        var site: UInt64
        var start: UInt32
        var count: UInt32
        var id: StackID
    }

    private var locks: [Lock] = []
    private var lockIndex = FlatTable()
    private var versions: [UInt32]
    private var generation: UInt32 = 1
    private var misses = 0
    private var stacks: [Stack] = []
    private var stackIndex = FlatTable()
    private var addresses: [UInt64] = []

    private static let lockLimit = 1 << 14
    private static let versionSlots = 1 << 10
    private static let addressLimit = 1 << 17
    /// After so many questions all are asked again, so that whoever answers knows which locks are in use.
    private static let missLimit = 1 << 15

    init() { versions = Array(repeating: 0, count: Self.versionSlots) }

    @inline(__always)
    private static func spread(_ lock: UInt64) -> UInt64 { lock &* 0x9e37_79b9_7f4a_7c15 }

    @inline(__always)
    private func version(_ spread: UInt64) -> UInt32 {
        generation &+ versions[Int(truncatingIfNeeded: spread >> 54)]
    }

    @inline(__always)
    private static func key(_ spread: UInt64, _ site: UInt64) -> UInt64 {
        spread ^ (site &* 0xbf58_476d_1ce4_e5b9)
    }

    /// What kind of lock it is, as far as a class depends on it.
    @inline(__always)
    static func kind(type: UInt8, flags: UInt8) -> UInt32 {
        UInt32(type) | (UInt32(flags) & LD_F_MMAP_LOCK.rawValue) << 8
    }

    /// Where an answer is that still holds, or nil.
    @inline(__always)
    func find(_ lock: UInt64, _ site: UInt64, _ origin: ld_origin, _ kind: UInt32) -> Int? {
        let spread = Self.spread(lock)
        let found = lockIndex.find(Self.key(spread, site))
        guard found != FlatTable.absent else { return nil }
        let slot = Int(found)
        let known = locks[slot]
        guard known.lock == lock, known.site == site, known.cache == origin.cache, known.offset == origin.offset,
            known.detail == origin.detail, known.kind == kind, known.version == version(spread)
        else { return nil }
        return slot
    }

    subscript(slot: Int) -> Lock { @inline(__always) get { locks[slot] } }

    private mutating func keep(
        _ lock: UInt64,
        _ site: UInt64,
        _ origin: ld_origin,
        _ kind: UInt32,
        is lockClass: LockClassID,
        in function: NameID
    ) {
        misses += 1
        if misses >= Self.missLimit { forgetLocks() }
        if locks.count >= Self.lockLimit {
            lockIndex.removeAll()
            locks.removeAll(keepingCapacity: true)
        }
        let spread = Self.spread(lock)
        let answer = Lock(
            lock: lock,
            site: site,
            cache: origin.cache,
            offset: origin.offset,
            detail: origin.detail,
            kind: kind,
            version: version(spread),
            lockClass: lockClass,
            function: function
        )
        let key = Self.key(spread, site)
        let found = lockIndex.find(key)
        if found != FlatTable.absent {
            locks[Int(found)] = answer
        } else {
            lockIndex.insert(key, UInt32(locks.count))
            locks.append(answer)
        }
    }

    /// Keeps an answer about a record's lock, which was taken at `site`.
    @usableFromInline
    mutating func keep(_ record: ld_record, site: UInt64, is lockClass: LockClassID, in function: NameID) {
        let kind = Self.kind(type: record.type, flags: record.flags)
        keep(record.lock, site, record.origin, kind, is: lockClass, in: function)
    }

    /// Keeps an answer about a held lock.
    @usableFromInline
    mutating func keep(_ entry: ld_held, is lockClass: LockClassID, in function: NameID) {
        let kind = Self.kind(type: entry.type, flags: entry.flags)
        keep(entry.lock, entry.site, entry.origin, kind, is: lockClass, in: function)
    }

    /// The lock is another now.
    @usableFromInline
    mutating func forget(_ lock: UInt64) { versions[Int(truncatingIfNeeded: Self.spread(lock) >> 54)] &+= 1 }

    /// Every lock is to be asked for again.
    @usableFromInline
    mutating func forgetLocks() {
        generation &+= 1
        misses = 0
    }

    /// Everything is.
    mutating func forgetAll() {
        forgetLocks()
        forgetStacks()
    }

    // MARK: Stacks

    private mutating func forgetStacks() {
        stackIndex.removeAll()
        stacks.removeAll(keepingCapacity: true)
        addresses.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private static func hash(_ stack: UnsafeBufferPointer<UInt64>, _ site: UInt64) -> UInt64 {
        var hash = site
        for address in stack {
            hash = (hash ^ address) &* 0xbf58_476d_1ce4_e5b9
            hash ^= hash >> 29
        }
        return hash
    }

    /// The identifier of a stack that was seen before, or nil.
    func find(_ stack: UnsafeBufferPointer<UInt64>, site: UInt64) -> StackID? {
        let found = stackIndex.find(Self.hash(stack, site))
        guard found != FlatTable.absent else { return nil }
        let known = stacks[Int(found)]
        guard known.site == site, Int(known.count) == stack.count else { return nil }
        let start = Int(known.start)
        for index in 0..<stack.count where addresses[start + index] != stack[index] { return nil }
        return known.id
    }

    /// Keeps a stack.
    @usableFromInline
    mutating func keep(_ stack: UnsafeBufferPointer<UInt64>, site: UInt64, is id: StackID) {
        if addresses.count + stack.count > Self.addressLimit { forgetStacks() }
        stackIndex.insert(Self.hash(stack, site), UInt32(stacks.count))
        stacks.append(Stack(site: site, start: UInt32(addresses.count), count: UInt32(stack.count), id: id))
        addresses.append(contentsOf: stack)
    }
}
