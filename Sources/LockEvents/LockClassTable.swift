// SPDX-License-Identifier: Apache-2.0

/// The lock classes of a run, each stored once by its identity.
public struct LockClassTable: Sendable {
    private var classes: [LockClass] = []
    private var index: [LockClass: LockClassID] = [:]

    /// Creates an empty table.
    public init() {}

    /// How many classes are stored.
    public var count: Int { classes.count }

    /// The identifier of a class, which is stored if no class with its identity is.
    public mutating func intern(_ lockClass: LockClass) -> LockClassID {
        if let id = index[lockClass] { return id }
        let id = LockClassID(rawValue: UInt32(classes.count))
        classes.append(lockClass)
        index[lockClass] = id
        return id
    }

    /// The class behind an identifier of this table.
    public subscript(id: LockClassID) -> LockClass { classes[Int(id.rawValue)] }
}
