// SPDX-License-Identifier: Apache-2.0

/// How one set of classes leads to another.
public struct PathAnswer: Sendable {
    /// The nodes at either end that are connected.
    public var from: [LockNode]
    /// The nodes at the far end that are connected.
    public var to: [LockNode]
    /// All nodes between: each `L` with `from -> .. L .. -> to`, nearest to `from` first.
    public var between: [LockNode]
    /// A shortest path, along direct dependencies where one exists, with witnesses.
    public var shortest: [Dependency]

    /// Describes an answer.
    public init(from: [LockNode], to: [LockNode], between: [LockNode], shortest: [Dependency]) {
        self.from = from
        self.to = to
        self.between = between
        self.shortest = shortest
    }
}
