// SPDX-License-Identifier: Apache-2.0

/// How a lock is taken, which decides what a dependency on it can wait for.
///
/// The distinction between `read` and `recursive` is lockdep's (kernel/locking/lockdep.c, `check_deadlock` and the
/// strong-path rule): a plain reader waits behind a queued writer, a recursive reader does not.
public enum LockMode: UInt8, Sendable, Hashable, BitwiseCopyable, CaseIterable {
    /// Exclusive: a mutex, a spinlock, the writer of an rwsem.
    case write
    /// Shared, but queued behind a waiting writer: rwsem and percpu-rwsem readers.
    case read
    /// Shared and never queued behind a waiting writer: rcu, srcu, some rwlock readers.
    case recursive

    /// The name used in events and graph files.
    public var name: String {
        switch self {
        case .write: "write"
        case .read: "read"
        case .recursive: "recursive"
        }
    }

    /// The mode with the given file name, or nil when there is none.
    public init?(name: some StringProtocol) {
        switch name {
        case "write": self = .write
        case "read": self = .read
        case "recursive": self = .recursive
        default: return nil
        }
    }
}
