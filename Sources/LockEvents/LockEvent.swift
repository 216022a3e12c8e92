// SPDX-License-Identifier: Apache-2.0

/// One thing a task did with one lock, whatever source it came from.
///
/// A plain value without references, so that passing millions a second allocates nothing. Names, stacks and classes are
/// identifiers into the run's ``EventTables``.
public struct LockEvent: Sendable, BitwiseCopyable {
    /// What happened (DESIGN 5).
    public enum Operation: UInt8, Sendable, BitwiseCopyable, CaseIterable {
        /// The lock was initialised: whatever was known of its address is over.
        case initialize
        /// A blocking acquisition began. Dependencies exist from here on.
        case attempt
        /// The attempt ended without the lock.
        case fail
        /// A blocking acquisition succeeded, with or without a preceding `attempt`.
        case acquire
        /// A trylock succeeded.
        case tryAcquire
        /// The lock was released, by its holder or (where the lock type allows it) by another task.
        case release
        /// A writer became a reader without letting go.
        case downgrade
        /// The task might have taken the lock here (`might_lock`, `might_fault`) and did not need to.
        case may
        /// The task ended.
        case exit
        /// Events were lost: of one task, or of all when `allTasks` is set.
        case lost
    }

    /// Properties of an event that are rare enough to share one byte.
    public struct Flags: OptionSet, Sendable, BitwiseCopyable {
        /// The bits.
        public var rawValue: UInt8

        /// Wraps the bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A trylock that counts as a blocking acquisition: the page-fault path on `current->mm` (DESIGN 3.1).
        public static let blocking = Flags(rawValue: 1 << 0)
        /// A `lost` event that concerns every task.
        public static let allTasks = Flags(rawValue: 1 << 1)
        /// Nothing may be concluded from what is not known: of a release when no holder is known (the lock was taken before
        /// tracing began), of an initialisation when another task is thought to hold the lock (its release was not seen).
        public static let grace = Flags(rawValue: 1 << 2)
        /// The instance is one of a slab constructor: reuse cannot be told apart, so it gives no instance evidence.
        public static let reused = Flags(rawValue: 1 << 3)
        /// The lock may be released by a task that does not hold it (`up_read_non_owner`).
        public static let nonOwner = Flags(rawValue: 1 << 4)
        /// The lock itself says so, whatever is known of the task's stack: its owner is not the task that releases it, or is
        /// the task that initialises it.
        public static let proven = Flags(rawValue: 1 << 5)
    }

    /// Marks ``depth`` as not told by the source.
    @inlinable public static var unknownDepth: UInt8 { .max }

    /// What happened.
    public var operation: Operation
    /// How the lock is taken or held.
    public var mode: LockMode
    /// lockdep's subclass: 0 to 7. Each is a node of its own.
    public var subclass: UInt8
    /// What else is to be known of it.
    public var flags: Flags
    /// How many locks the task held before this event, as the source counted them; ``unknownDepth`` if it does not count.
    public var depth: UInt8
    /// Where it happened.
    public var cpu: UInt32
    /// Who did it.
    public var task: TaskID
    /// With which lock.
    public var lock: LockID
    /// Of which class; none where the source does not tell (a release).
    public var lockClass: LockClassID
    /// The held lock that makes nesting of one class legal (`nest_lock`), or none.
    public var nest: LockID
    /// The ww acquire context's lock, or none.
    public var context: LockID
    /// Nanoseconds on the source's monotonic clock.
    public var time: UInt64
    /// The function that took the lock.
    public var site: NameID
    /// The stack of the acquisition, innermost first.
    public var stack: StackID
    /// The process id, for a reader.
    public var pid: UInt32
    /// The command name, for a reader.
    public var comm: NameID
    /// The test that was running, if the source knows.
    public var test: NameID

    /// Creates an event; everything a source does not know has a neutral default.
    public init(
        _ operation: Operation,
        task: TaskID,
        lock: LockID,
        lockClass: LockClassID = .none,
        mode: LockMode = .write
    ) {
        self.operation = operation
        self.mode = mode
        self.subclass = 0
        self.flags = []
        self.depth = Self.unknownDepth
        self.cpu = 0
        self.task = task
        self.lock = lock
        self.lockClass = lockClass
        self.nest = .none
        self.context = .none
        self.time = 0
        self.site = .none
        self.stack = .none
        self.pid = 0
        self.comm = .none
        self.test = .none
    }
}

extension LockEvent.Operation {
    /// The name used in event files.
    public var name: String {
        switch self {
        case .initialize: "init"
        case .attempt: "attempt"
        case .fail: "fail"
        case .acquire: "acquire"
        case .tryAcquire: "try"
        case .release: "release"
        case .downgrade: "downgrade"
        case .may: "may"
        case .exit: "exit"
        case .lost: "lost"
        }
    }

    /// The operation with the given file name, or nil when there is none.
    public init?(name: some StringProtocol) {
        switch name {
        case "init": self = .initialize
        case "attempt": self = .attempt
        case "fail": self = .fail
        case "acquire": self = .acquire
        case "try": self = .tryAcquire
        case "release": self = .release
        case "downgrade": self = .downgrade
        case "may": self = .may
        case "exit": self = .exit
        case "lost": self = .lost
        default: return nil
        }
    }
}
