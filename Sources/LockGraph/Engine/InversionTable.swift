// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Pairs of instances of one class that some task held together, and in which orders.
///
/// Bounded: when it is full it starts anew, which can delay an inversion and cannot invent one.
struct InversionTable: Sendable {
    /// What is known of one of the two orders.
    struct Direction: Sendable {
        /// The kinds of dependency seen, a bit for each of lockdep's EN, ER, SN, SR; 0 while the order was not seen.
        var kinds: UInt8 = 0
        var heldMode = LockMode.write
        var takenMode = LockMode.write
        var isMay = false
        var evidence = Evidence(Witness())
        var count: UInt64 = 0
    }

    struct Pair: Sendable {
        var forward = Direction()
        var backward = Direction()
    }

    private static let limit = 1 << 14
    private var index = FlatTable()
    var pairs: [Pair] = []

    init() {}

    /// The place of a pair of instance numbers, made if it is new, and whether `first` is the pair's first.
    mutating func place(_ first: UInt32, _ second: UInt32) -> (place: Int, isForward: Bool) {
        let low = min(first, second)
        let key = UInt64(low) << 32 | UInt64(max(first, second))
        var found = index.find(key)
        if found == FlatTable.absent {
            if pairs.count >= Self.limit { removeAll() }
            found = UInt32(pairs.count)
            index.insert(key, found)
            pairs.append(Pair())
        }
        return (Int(found), first == low)
    }

    mutating func removeAll() {
        index.removeAll()
        pairs.removeAll(keepingCapacity: true)
    }

    /// Whether dependencies of these kinds, one each way, can block each other: neither end is arrived at by a recursive
    /// reader and left by a reader.
    static func block(_ one: UInt8, _ other: UInt8) -> Bool {
        for first in UInt8(0)..<4 where one & (1 << first) != 0 {
            for second in UInt8(0)..<4 where other & (1 << second) != 0 {
                let passesOne = first & 1 != 0 && second & 2 != 0
                let passesOther = second & 1 != 0 && first & 2 != 0
                if !passesOne, !passesOther { return true }
            }
        }
        return false
    }

    /// The bit of a kind: 2 for a reader that holds, 1 for a recursive reader that takes.
    static func kind(held: LockMode, taken: LockMode) -> UInt8 {
        1 << ((held == .write ? 0 : 2) + (taken == .recursive ? 1 : 0))
    }
}
