// SPDX-License-Identifier: Apache-2.0

/// Call stacks seen in a run, innermost function first, each stored once.
///
/// Kernels repeat few stacks many times: a known stack costs one hash over its frames and allocates nothing.
public struct StackTable: Sendable {
    private var stacks: [[NameID]] = [[]]
    private var index: [[NameID]: StackID] = [[]: .none]

    /// Creates a table that holds the empty stack only.
    public init() {}

    /// How many stacks are stored, the empty one included.
    public var count: Int { stacks.count }

    /// The identifier of a stack, which is stored if it is new.
    public mutating func intern(_ frames: [NameID]) -> StackID {
        if let id = index[frames] { return id }
        let id = StackID(rawValue: UInt32(stacks.count))
        stacks.append(frames)
        index[frames] = id
        return id
    }

    /// The frames behind an identifier of this table, innermost first.
    public subscript(id: StackID) -> [NameID] { stacks[Int(id.rawValue)] }
}
