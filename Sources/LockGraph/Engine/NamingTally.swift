// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// How the classes of a run came by their names, in numbers.
public struct NamingTally: Sendable, Hashable {
    /// Classes named one way.
    public var classes = 0
    /// Acquisitions of locks of these classes. A filtered source sends fewer than happened.
    public var acquisitions: UInt64 = 0

    /// Nothing was named.
    public init() {}
}

extension LockOrderEngine {
    /// Classes and acquisitions by how each class came by its name (``LockClass/naming``). Classes that were taken in by
    /// another count as that one. Visits every class.
    public var namingTally: [String: NamingTally] {
        var tally: [String: NamingTally] = [:]
        var isCounted: Set<LockClassID> = []
        for (index, count) in acquisitions.enumerated() where count > 0 {
            let lockClass = nodes.canonical(LockClassID(rawValue: UInt32(index)))
            let naming = tables.classes[lockClass].naming
            tally[naming, default: NamingTally()].acquisitions += count
            if isCounted.insert(lockClass).inserted { tally[naming, default: NamingTally()].classes += 1 }
        }
        return tally
    }

    mutating func countAcquisition(_ lockClass: LockClassID) {
        guard lockClass != .none else { return }
        let index = Int(lockClass.rawValue)
        while acquisitions.count <= index { acquisitions.append(0) }
        acquisitions[index] &+= 1
    }
}
