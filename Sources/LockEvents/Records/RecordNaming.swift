// SPDX-License-Identifier: Apache-2.0

/// What a decoder of records must be told from outside of them: which class a lock is of, which function an address is in.
///
/// On a live machine the kernel answers; of a capture, what was written down while it was made (``RecordedNaming``). The
/// order of questions is the order of records, and an answer may depend on all before it.
public protocol RecordNaming: StackNaming, ~Copyable {
    /// Notes that a lock was initialised under a name: what was known of its address is over.
    mutating func initialise(_ evidence: LockEvidence, name: String)
    /// The class of a lock that is being taken or held.
    mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID
    /// Whether locks are named by class keys, as lockdep's own tracepoints tell them, rather than by evidence.
    var namesByKey: Bool { get }
    /// Notes a class by its key.
    mutating func meet(_ keyed: KeyedClass, in tables: inout EventTables)
    /// The class of a key, or none if it has not been met.
    func lockClass(key: UInt64, name: UInt32) -> LockClassID
    /// Whether ``takeUnifications(in:)`` has anything to tell.
    var hasUnifications: Bool { get }
    /// Pairs of classes that turned out to be one since the last call; the first of each pair has the better name.
    mutating func takeUnifications(in tables: EventTables) -> [(kept: LockClassID, gone: LockClassID)]
    /// The function that a return address is in; the empty name where it is in none.
    mutating func function(at address: UInt64, in names: inout NameTable) -> NameID
    /// Whether the check of an object's size that returns to `address` is followed by a copy to or from user memory.
    mutating func isUserCopy(returningTo address: UInt64) -> Bool
}
