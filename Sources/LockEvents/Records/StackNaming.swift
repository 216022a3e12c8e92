// SPDX-License-Identifier: Apache-2.0

/// Names the addresses of a captured stack, and tells which of them belong to the lock and to whoever traced it.
public protocol StackNaming: ~Copyable {
    /// A return address as a stack shows it: `function+0x1/0x2 [module]`.
    mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID
    /// Whether a return address lies in what is called to take a lock, or in what traces it.
    mutating func isInsideLock(_ address: UInt64) -> Bool
    /// How many frames at a stack's top belong to whatever traced the event, and only their place tells it.
    mutating func framesOfTracer(_ addresses: UnsafeBufferPointer<UInt64>) -> Int
}

extension StackNaming where Self: ~Copyable {
    /// None on most sources.
    public func framesOfTracer(_ addresses: UnsafeBufferPointer<UInt64>) -> Int { 0 }

    /// A stack as it is kept: without what lies between the lock and whoever took it.
    ///
    /// The trampoline's and the lock's own frames come first; how many depends on the kernel, so they are told by what
    /// they are: everything above the known call site, or else what lies in the lock functions or in no function at all.
    public mutating func stack(_ addresses: UnsafeBufferPointer<UInt64>, site: UInt64, in tables: inout EventTables)
        -> StackID
    {
        var first = 0
        if site != 0, let index = addresses.firstIndex(of: site) {
            first = index
        } else {
            first = framesOfTracer(addresses)
            while first < addresses.count, isInsideLock(addresses[first]) { first += 1 }
        }
        var ids: [NameID] = []
        ids.reserveCapacity(addresses.count - first)
        for index in first..<addresses.count { ids.append(frame(at: addresses[index], in: &tables.names)) }
        return tables.stacks.intern(ids)
    }

    /// The first return address outside of the lock functions: the site of an attempt, which only its stack shows.
    public mutating func site(in addresses: UnsafeBufferPointer<UInt64>) -> UInt64 {
        for address in addresses.dropFirst(framesOfTracer(addresses)) where !isInsideLock(address) { return address }
        return 0
    }
}
