// SPDX-License-Identifier: Apache-2.0

/// Names seen in a run, each stored once: functions, command names, tests.
///
/// Looking a known name up costs one hash probe and allocates nothing; a new name is kept for the life of the table.
public struct NameTable: Sendable {
    private var names: [String] = [""]
    private var index: [String: NameID] = ["": .none]

    /// Creates a table that holds the empty name only.
    public init() {}

    /// How many names are stored, the empty one included.
    public var count: Int { names.count }

    /// The identifier of `name`, which is stored if it is new.
    public mutating func intern(_ name: String) -> NameID {
        if let id = index[name] { return id }
        let id = NameID(rawValue: UInt32(names.count))
        names.append(name)
        index[name] = id
        return id
    }

    /// The name behind an identifier of this table.
    public subscript(id: NameID) -> String { names[Int(id.rawValue)] }
}
