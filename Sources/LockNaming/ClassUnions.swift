// SPDX-License-Identifier: Apache-2.0

internal import LockEvents

/// Which classes turned out to be one, and which of them stands for the others.
///
/// A class that was named before anything better was known is provisional: a better name takes it in. Two good names differ.
struct ClassUnions {
    /// What several sightings, of the locks at one place or taken at one site, say of the others there.
    enum Sighting {
        case one(LockClassID)
        case several
    }

    private var provisional: Set<LockClassID> = []
    /// Classes that were taken in, and by which.
    private var takenIn: [LockClassID: LockClassID] = [:]
    /// Pairs since somebody last asked; the first of each has the better name.
    private(set) var news: [(kept: LockClassID, gone: LockClassID)] = []

    mutating func takeNews() -> [(kept: LockClassID, gone: LockClassID)] {
        defer { news.removeAll(keepingCapacity: true) }
        return news
    }

    mutating func noteProvisional(_ lockClass: LockClassID) { provisional.insert(lockClass) }

    /// The class that stands for a class now.
    func current(_ lockClass: LockClassID) -> LockClassID {
        var lockClass = lockClass
        while let other = takenIn[lockClass] { lockClass = other }
        return lockClass
    }

    /// What holds after one more class was seen.
    mutating func settle(_ earlier: Sighting?, _ lockClass: LockClassID) -> Sighting {
        guard case .one(let named)? = earlier else { return earlier ?? .one(lockClass) }
        let other = current(named)
        let lockClass = current(lockClass)
        if other == lockClass { return .one(other) }
        if provisional.contains(other) {
            unify(other, into: lockClass)
            return .one(lockClass)
        }
        if provisional.contains(lockClass) {
            unify(lockClass, into: other)
            return .one(other)
        }
        return .several
    }

    mutating func unify(_ gone: LockClassID, into kept: LockClassID) {
        provisional.remove(gone)
        takenIn[gone] = kept
        news.append((kept: kept, gone: gone))
    }
}
