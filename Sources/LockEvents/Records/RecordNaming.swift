// SPDX-License-Identifier: Apache-2.0

/// What a decoder of records must be told from outside of them: which class a lock is of, which function an address is in.
///
/// On a live machine the kernel answers; of a capture, what was written down while it was made (``RecordedNaming``). The
/// order of questions is the order of records, and an answer may depend on all before it.
public protocol RecordNaming: ~Copyable {
    /// Notes that a lock was initialised under a name: what was known of its address is over.
    mutating func initialise(_ evidence: LockEvidence, name: String)
    /// The class of a lock that is being taken or held.
    mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID
    /// Whether ``takeUnifications(in:)`` has anything to tell.
    var hasUnifications: Bool { get }
    /// Pairs of classes that turned out to be one since the last call; the first of each pair has the better name.
    mutating func takeUnifications(in tables: EventTables) -> [(kept: LockClassID, gone: LockClassID)]
    /// The function that a return address is in; the empty name where it is in none.
    mutating func function(at address: UInt64, in names: inout NameTable) -> NameID
    /// A return address as a stack shows it: `function+0x1/0x2 [module]`.
    mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID
    /// Whether a return address lies in what is called to take a lock, or in what traces it.
    mutating func isInsideLock(_ address: UInt64) -> Bool
    /// Whether the check of an object's size that returns to `address` is followed by a copy to or from user memory.
    mutating func isUserCopy(returningTo address: UInt64) -> Bool
}

extension RecordNaming where Self: ~Copyable {
    /// A stack as it is kept: without what lies between the lock and whoever took it.
    ///
    /// The trampoline's and the lock's own frames come first; how many depends on the kernel, so they are told by what
    /// they are: everything above the known call site, or else what lies in the lock functions or in no function at all.
    mutating func stack(_ addresses: UnsafeBufferPointer<UInt64>, site: UInt64, in tables: inout EventTables) -> StackID
    {
        var first = 0
        if site != 0, let index = addresses.firstIndex(of: site) {
            first = index
        } else {
            while first < addresses.count, isInsideLock(addresses[first]) { first += 1 }
        }
        var ids: [NameID] = []
        ids.reserveCapacity(addresses.count - first)
        for index in first..<addresses.count { ids.append(frame(at: addresses[index], in: &tables.names)) }
        return tables.stacks.intern(ids)
    }

    /// The first return address outside of the lock functions: the site of an attempt, which only its stack shows.
    mutating func site(in addresses: UnsafeBufferPointer<UInt64>) -> UInt64 {
        for address in addresses where !isInsideLock(address) { return address }
        return 0
    }
}
