// SPDX-License-Identifier: Apache-2.0

/// The names, stacks and classes that the events of one run refer to.
///
/// Whoever makes events fills the tables; whoever reads events resolves identifiers against the same tables.
public struct EventTables: Sendable {
    /// Functions, command names, tests.
    public var names = NameTable()
    /// Call stacks.
    public var stacks = StackTable()
    /// Lock classes.
    public var classes = LockClassTable()

    /// Creates empty tables.
    public init() {}

    /// Stores a stack given as function names, innermost first.
    public mutating func internStack(_ frames: [String]) -> StackID {
        stacks.intern(frames.map { names.intern($0) })
    }

    /// A stack's function names, innermost first.
    public func frames(of stack: StackID) -> [String] {
        stacks[stack].map { names[$0] }
    }
}
