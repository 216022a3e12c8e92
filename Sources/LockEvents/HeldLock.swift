// SPDX-License-Identifier: Apache-2.0

/// One entry of a task's stack of held locks.
public struct HeldLock: Sendable, BitwiseCopyable {
    /// Which lock.
    public var lock: LockID
    /// Of which class.
    public var lockClass: LockClassID
    /// How it is held.
    public var mode: LockMode
    /// lockdep's subclass it was taken with.
    public var subclass: UInt8
    /// Taken by a trylock: such a lock gets no incoming dependency, and does give outgoing ones.
    public var isTrylock: Bool
    /// Gives no instance evidence (``LockEvent/Flags/reused``).
    public var isReused: Bool
    /// The task still waits for it: the source lists locks from the attempt on. It holds nobody else up.
    public var isAwaited: Bool
    /// The nest lock it was taken under, or none.
    public var nest: LockID
    /// The ww context it belongs to, or none.
    public var context: LockID
    /// The function that took it.
    public var site: NameID
    /// The stack it was taken with, where one was captured.
    public var stack: StackID
    /// A ww context acquired by being named (``LockEvent/context``): it goes with its last lock.
    public var isNamedContext: Bool
    /// When it was taken, in nanoseconds of the events' clock; 0 where that was not seen.
    public var since: UInt64
    /// A number for whoever reads the stacks; no source tells it. The graph keeps the lock's node here.
    public var mark: UInt32

    /// Describes a held lock; everything a source does not know has a neutral default.
    @inlinable
    public init(lock: LockID, lockClass: LockClassID, mode: LockMode = .write) {
        self.lock = lock
        self.lockClass = lockClass
        self.mode = mode
        self.subclass = 0
        self.isTrylock = false
        self.isReused = false
        self.isAwaited = false
        self.nest = .none
        self.context = .none
        self.site = .none
        self.stack = .none
        self.isNamedContext = false
        self.since = 0
        self.mark = .max
    }

    /// The lock as the event took it.
    @inlinable
    public init(_ event: LockEvent) {
        self.init(lock: event.lock, lockClass: event.lockClass, mode: event.mode)
        subclass = event.subclass
        isTrylock = event.operation == .tryAcquire && !event.flags.contains(.blocking)
        isReused = event.flags.contains(.reused)
        nest = event.nest
        context = event.context
        site = event.site
        stack = event.stack
        since = event.time
    }
}
