// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// What is kept of a dependency's observations besides its key and count: a witness, and what grading needs (DESIGN 3.8).
struct Evidence: Sendable {
    /// An instance of the lock held and one of the lock taken, seen together.
    struct InstancePair: Sendable, BitwiseCopyable, Equatable {
        var held: UInt32
        var taken: UInt32
    }

    static let pairLimit = 6
    static let gateLimit = 4
    static let siteLimit = 6

    var witness: Witness
    /// A second task that made it, where there was one.
    var hasSecondTask = false
    /// Counts in ``sites``, ``pairs`` and ``gates``.
    var siteCount: UInt8 = 0
    var pairCount: UInt8 = 0
    var gateCount: UInt8 = 0
    var sites: InlineArray<6, NameID> = .init(repeating: .none)
    var pairs: InlineArray<6, InstancePair> = .init(repeating: InstancePair(held: 0, taken: 0))
    /// Exclusive locks held around every observation so far. Never grows after the first.
    var gates: InlineArray<4, UInt32> = .init(repeating: 0)

    init(_ witness: Witness) { self.witness = witness }

    /// Whether no task and no instance can change anything any more.
    var isSteady: Bool { hasSecondTask && gateCount == 0 && pairCount == Self.pairLimit }

    /// Whether another observation in another context could still change anything but the count.
    var isSettled: Bool {
        isSteady && siteCount == Self.siteLimit && witness.heldStack != .none && witness.stack != .none
    }

    /// Adds a call site; true when it was new and there was room.
    mutating func add(site: NameID) {
        guard site != .none, siteCount < Self.siteLimit else { return }
        for index in 0..<Int(siteCount) where sites[index] == site { return }
        sites[Int(siteCount)] = site
        siteCount += 1
    }

    /// Adds a pair of instances; true when it was new and there was room.
    mutating func add(pair: InstancePair) -> Bool {
        guard pairCount < Self.pairLimit else { return false }
        for index in 0..<Int(pairCount) where pairs[index] == pair { return false }
        pairs[Int(pairCount)] = pair
        pairCount += 1
        return true
    }

    /// Adds a gate of the first observation, while there is room: outermost first.
    mutating func add(gate: UInt32) {
        guard gateCount < Self.gateLimit else { return }
        gates[Int(gateCount)] = gate
        gateCount += 1
    }

    /// Keeps the gates that pass; true when one went.
    mutating func keepGates(_ isHeld: (UInt32) -> Bool) -> Bool {
        var kept: UInt8 = 0
        for index in 0..<Int(gateCount) where isHeld(gates[index]) {
            gates[Int(kept)] = gates[index]
            kept += 1
        }
        defer { gateCount = kept }
        return kept < gateCount
    }
}
