// SPDX-License-Identifier: Apache-2.0

/// Which answers were written down already, so that each is written once, and again when it changes.
///
/// Costs a probe per lock of a record. It forgets all locks when it has too many: they are then written again, which is
/// right as well.
package struct DecisionLog {
    /// What is to be written, in order.
    package var decisions: [NamingDecision] = []
    private var locks = FlatTable()
    private var classes = FlatTable()
    private var addresses = FlatTable()
    private var userCopies: Set<UInt64> = []

    private static let lockLimit = 1 << 18

    /// Nothing is written yet.
    package init() {}

    package mutating func note(lock: UInt64, is lockClass: LockClassID, _ tables: EventTables) {
        guard locks.find(lock) != lockClass.rawValue else { return }
        if locks.count >= Self.lockLimit { locks.removeAll() }
        locks.insert(lock, lockClass.rawValue)
        note(lockClass, tables)
        decisions.append(.lock(LockID(rawValue: lock), lockClass))
    }

    package mutating func note(_ lockClass: LockClassID, _ tables: EventTables) {
        note(lockClass, tables.classes[lockClass])
    }

    package mutating func note(key: UInt64, name: UInt32, is number: LockClassID, _ lockClass: LockClass) {
        note(number, lockClass)
        decisions.append(.key(key, name: name, number))
    }

    private mutating func note(_ number: LockClassID, _ lockClass: LockClass) {
        guard classes.find(UInt64(number.rawValue)) == FlatTable.absent else { return }
        classes.insert(UInt64(number.rawValue), 1)
        decisions.append(.lockClass(number, lockClass))
    }

    /// Lets every address be written down anew: what is there may have changed.
    package mutating func forgetAddresses() {
        addresses = FlatTable()
        userCopies = []
    }

    package func isNew(address: UInt64) -> Bool { addresses.find(address) == FlatTable.absent }

    package mutating func note(address: UInt64, _ name: NamingDecision.AddressName) {
        addresses.insert(address, 1)
        decisions.append(.address(address, name))
    }

    package mutating func note(site: UInt64, isUserCopy: Bool) {
        guard userCopies.insert(site).inserted else { return }
        decisions.append(.userCopy(site, isUserCopy))
    }
}
