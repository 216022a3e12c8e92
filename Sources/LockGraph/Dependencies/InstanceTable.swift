// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Numbers the lock instances that serve as evidence, so that an address used again is another instance.
///
/// Only locks in evidence are kept. A table with a limit forgets all its mappings when it is full, and numbers go on: older
/// evidence then matches nothing newer.
struct InstanceTable: Sendable {
    private var byAddress = FlatTable()
    private var addresses: [UInt64] = []
    private var classes: [LockClassID] = []
    private var base: UInt32 = 0
    private let limit: Int
    /// Changes whenever a number stops standing for an address: part of the context that evidence was last looked at in.
    private(set) var epoch: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    /// The number of a lock as an instance of a class (of whatever subclass: that is the taker's), and whether everything older was forgotten for it.
    mutating func number(_ lock: LockID, of lockClass: LockClassID) -> (number: UInt32, hasForgotten: Bool) {
        let known = byAddress.find(lock.rawValue)
        if known != FlatTable.absent {
            if classes[Int(known &- base)] == lockClass { return (known, false) }
            epoch &+= 1
        }
        var hasForgotten = false
        if addresses.count >= limit {
            base &+= UInt32(addresses.count)
            addresses.removeAll(keepingCapacity: true)
            classes.removeAll(keepingCapacity: true)
            byAddress.removeAll()
            epoch &+= 1
            hasForgotten = true
        }
        let number = base &+ UInt32(addresses.count)
        addresses.append(lock.rawValue)
        classes.append(lockClass)
        byAddress.insert(lock.rawValue, number)
        return (number, hasForgotten)
    }

    /// The address that a number stands for, or nil when its lock is gone.
    func lock(_ number: UInt32) -> LockID? {
        let index = Int(number &- base)
        guard number >= base, index < addresses.count else { return nil }
        return byAddress.find(addresses[index]) == number ? LockID(rawValue: addresses[index]) : nil
    }

    /// The class that a number's lock is or was of, or nil.
    func lockClass(_ number: UInt32) -> LockClassID? {
        let index = Int(number &- base)
        return number >= base && index < classes.count ? classes[index] : nil
    }

    /// The address now belongs to a new lock.
    mutating func forget(_ lock: LockID) {
        if byAddress.remove(lock.rawValue) != FlatTable.absent { epoch &+= 1 }
    }

    /// Classes were unified.
    mutating func renameClasses(_ map: (LockClassID) -> LockClassID) {
        for index in classes.indices { classes[index] = map(classes[index]) }
        epoch &+= 1
    }
}
