// SPDX-License-Identifier: Apache-2.0

/// What is known of one lock at the moment it was used.
public struct LockEvidence: Sendable, Hashable {
    /// The lock's address.
    public var lock: UInt64
    /// Return address of the call that took it; zero where unknown.
    public var site: UInt64
    /// The kind of lock that the function takes.
    public var type: LockType
    /// Address of the slab cache that the lock's object came from; zero when it is not a slab object.
    public var cache: UInt64
    /// The lock's offset in its slab object, bytes.
    public var offset: UInt32
    /// What the lock's container adds to its class, as a number that only tells containers apart; zero for nothing.
    public var detail: UInt32
    /// It is `current->mm->mmap_lock`.
    public var isOwnMmapLock: Bool

    /// Collects the evidence.
    public init(
        lock: UInt64,
        site: UInt64,
        type: LockType,
        cache: UInt64 = 0,
        offset: UInt32 = 0,
        detail: UInt32 = 0,
        isOwnMmapLock: Bool = false
    ) {
        self.lock = lock
        self.site = site
        self.type = type
        self.cache = cache
        self.offset = offset
        self.detail = detail
        self.isOwnMmapLock = isOwnMmapLock
    }
}
