// SPDX-License-Identifier: Apache-2.0

/// Counts held locks by a hash of their address: a zero says for certain that nobody holds a lock.
///
/// One increment per acquisition and one decrement per release, so that the questions across tasks (who else holds this,
/// is a lock being initialised held) visit the tasks only when the answer may be yes.
@usableFromInline
struct HeldFilter: Sendable {
    @usableFromInline var counts = [UInt32](repeating: 0, count: 1 << 12)

    @inlinable
    static func position(_ lock: LockID) -> Int {
        Int(truncatingIfNeeded: FlatTable.mix(lock.rawValue) >> 52)
    }

    @inlinable
    mutating func insert(_ lock: LockID) { counts[Self.position(lock)] &+= 1 }

    @inlinable
    mutating func remove(_ lock: LockID) { counts[Self.position(lock)] &-= 1 }

    func mayContain(_ lock: LockID) -> Bool { counts[Self.position(lock)] != 0 }
}
