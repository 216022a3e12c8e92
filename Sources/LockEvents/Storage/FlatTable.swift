// SPDX-License-Identifier: Apache-2.0

/// A map from 64-bit keys to small numbers in one flat array: open addressing, linear probing, at most two thirds full.
///
/// A look-up touches one cache line as a rule and never allocates; an insertion allocates when the table doubles. Nothing
/// ever iterates over it, so that no result depends on where keys lie.
@usableFromInline
package struct FlatTable: Sendable {
    /// What ``find(_:)`` gives for a key that is not stored; not storable as a value.
    @inlinable package static var absent: UInt32 { .max }

    @usableFromInline
    struct Entry: Sendable, BitwiseCopyable {
        @usableFromInline var key: UInt64
        @usableFromInline var value: UInt32

        @usableFromInline
        init(key: UInt64, value: UInt32) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline var entries: [Entry]
    @usableFromInline var mask: Int
    /// How many keys are stored.
    package private(set) var count = 0

    /// Creates an empty table.
    package init() {
        entries = Array(repeating: Entry(key: 0, value: Self.absent), count: 16)
        mask = 15
    }

    /// Spreads a key's bits over the whole word (the finaliser of SplitMix64), so that hostile keys gain little.
    @inlinable
    package static func mix(_ key: UInt64) -> UInt64 {
        var hash = key
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }

    /// The value stored for a key, or ``absent``.
    @inlinable
    package func find(_ key: UInt64) -> UInt32 {
        var position = Int(truncatingIfNeeded: Self.mix(key)) & mask
        while true {
            let entry = entries[position]
            if entry.value == Self.absent || entry.key == key { return entry.value }
            position = (position &+ 1) & mask
        }
    }

    /// Stores a value for a key, new or known.
    package mutating func insert(_ key: UInt64, _ value: UInt32) {
        if count &* 3 >= entries.count &* 2 { grow() }
        let position = position(of: key)
        if entries[position].value == Self.absent { count += 1 }
        entries[position] = Entry(key: key, value: value)
    }

    /// Forgets a key and gives the value it had, or ``absent``.
    @discardableResult
    package mutating func remove(_ key: UInt64) -> UInt32 {
        var hole = position(of: key)
        let removed = entries[hole].value
        guard removed != Self.absent else { return removed }
        count -= 1
        // Entries behind the hole that probed past it move up, so that no tombstone lengthens later probes.
        var next = (hole &+ 1) & mask
        while entries[next].value != Self.absent {
            let home = Int(truncatingIfNeeded: Self.mix(entries[next].key)) & mask
            if ((next &- home) & mask) >= ((next &- hole) & mask) {
                entries[hole] = entries[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        entries[hole].value = Self.absent
        return removed
    }

    /// Forgets everything.
    package mutating func removeAll() { self = FlatTable() }

    private func position(of key: UInt64) -> Int {
        var position = Int(truncatingIfNeeded: Self.mix(key)) & mask
        while entries[position].value != Self.absent, entries[position].key != key {
            position = (position &+ 1) & mask
        }
        return position
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(key: 0, value: Self.absent), count: old.count * 2)
        mask = entries.count - 1
        for entry in old where entry.value != Self.absent {
            entries[position(of: entry.key)] = entry
        }
    }
}
