// SPDX-License-Identifier: Apache-2.0

/// Every dependency of a ``DependencyOrder``, numbered as they came, and the hash that finds one again.
///
/// A dependency is one 64-bit word: the held class in the upper half, and in the lower half what ``DependencyEntry``
/// keeps of the acquired class. The hash is open addressing with linear probing over 64-bit slots of a 32-bit tag
/// and a 32-bit number, so that a foreign slot is passed over without looking at its dependency: a hit costs one probe
/// and one comparison. Growth doubles the slots; a known dependency allocates nothing.
struct DependencyTable: Sendable {
    /// The word of a dependency that `unify` folded into another one.
    static let gone = UInt64.max

    private(set) var words: [UInt64] = []
    private var slots: [UInt64] = Array(repeating: 0, count: 64)
    private var used = 0
    private var mask = 63

    var count: Int { words.count }

    /// Bytes held, capacity included.
    var footprint: Int { words.capacity * 8 + slots.capacity * 8 }

    @inline(__always)
    private static func hash(_ key: UInt64) -> UInt64 {
        var hash = key &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return hash ^ (hash >> 29)
    }

    @inline(__always)
    private static func slot(hash: UInt64, index: Int) -> UInt64 {
        (hash & 0xFFFF_FFFF_0000_0000) | UInt64(UInt32(truncatingIfNeeded: index &+ 1))
    }

    /// The number of the dependency with this word (its direct bit apart), which is stored if it is new.
    @inline(__always)
    mutating func intern(_ word: UInt64) -> (index: Int, isNew: Bool) {
        let key = word & DependencyEntry.keyMask
        let hash = Self.hash(key)
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 {
            let slot = slots[place]
            if (slot ^ hash) >> 32 == 0 {
                let index = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
                if words[index] & DependencyEntry.keyMask == key { return (index, false) }
            }
            place = (place &+ 1) & mask
        }
        let index = words.count
        precondition(index < Int(UInt32.max) - 1, "more dependencies than 32 bits can number")
        words.append(word)
        slots[place] = Self.slot(hash: hash, index: index)
        used += 1
        if used * 10 > slots.count * 7 { grow() }
        return (index, true)
    }

    /// The number of the dependency with this word (its direct bit apart).
    func find(_ word: UInt64) -> Int? {
        let key = word & DependencyEntry.keyMask
        let hash = Self.hash(key)
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 {
            let slot = slots[place]
            if (slot ^ hash) >> 32 == 0 {
                let index = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
                if words[index] & DependencyEntry.keyMask == key { return index }
            }
            place = (place &+ 1) & mask
        }
        return nil
    }

    mutating func markDirect(_ index: Int) { words[index] |= 1 }

    /// Gives a dependency another word, keeping its number; returns the dependency that already has that word, into
    /// which this one is then folded.
    mutating func rename(_ index: Int, to word: UInt64) -> Int? {
        unlink(index)
        if let twin = find(word) {
            words[index] = Self.gone
            return twin
        }
        words[index] = word
        let hash = Self.hash(word & DependencyEntry.keyMask)
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 { place = (place &+ 1) & mask }
        slots[place] = Self.slot(hash: hash, index: index)
        used += 1
        return nil
    }

    /// Takes a dependency out of the hash, moving later slots of its run back so that no tombstone is needed.
    private mutating func unlink(_ index: Int) {
        let hash = Self.hash(words[index] & DependencyEntry.keyMask)
        let sought = Self.slot(hash: hash, index: index)
        var hole = Int(truncatingIfNeeded: hash) & mask
        while slots[hole] != sought {
            if slots[hole] == 0 { return }
            hole = (hole &+ 1) & mask
        }
        used -= 1
        var next = (hole &+ 1) & mask
        while slots[next] != 0 {
            let occupant = Int(truncatingIfNeeded: slots[next] & 0xFFFF_FFFF) &- 1
            let home = Int(truncatingIfNeeded: Self.hash(words[occupant] & DependencyEntry.keyMask)) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        slots[hole] = 0
    }

    private mutating func grow() {
        let doubled = slots.count * 2
        let newMask = doubled - 1
        var larger = [UInt64](repeating: 0, count: doubled)
        for old in slots where old != 0 {
            let index = Int(truncatingIfNeeded: old & 0xFFFF_FFFF) &- 1
            let hash = Self.hash(words[index] & DependencyEntry.keyMask)
            var place = Int(truncatingIfNeeded: hash) & newMask
            while larger[place] != 0 { place = (place &+ 1) & newMask }
            larger[place] = old
        }
        slots = larger
        mask = newMask
    }
}
