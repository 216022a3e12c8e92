// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// "While one of these was held, one of those was taken": a dependency of the lock graph with what is known of it.
///
/// Its key is the two nodes and the two modes. A value made on request from the engine's compact storage.
public struct Dependency: Sendable {
    /// The lock held.
    public var from: LockNode
    /// The lock taken.
    public var to: LockNode
    /// How the lock was held.
    public var fromMode: LockMode
    /// How the new lock was taken.
    public var toMode: LockMode
    /// Seen at least once from the innermost held lock; otherwise implied by the locks between.
    public var isDirect: Bool
    /// Only ever seen as something that might happen (`might_lock`, `might_fault`).
    public var isMay: Bool
    /// Whether the baseline lacks it; nil without a baseline.
    public var isNew: Bool?
    /// How many acquisitions made it (of the records that were sent).
    public var count: UInt64
    /// The functions that took the new lock, the first few of them.
    public var sites: [NameID]
    /// How many different tasks made it, counted up to two.
    public var taskCount: Int
    /// The first observation.
    public var witness: Witness

    /// Describes a dependency, for example one read from a file.
    public init(
        from: LockNode,
        to: LockNode,
        fromMode: LockMode = .write,
        toMode: LockMode = .write,
        isDirect: Bool = true,
        isMay: Bool = false,
        isNew: Bool? = nil,
        count: UInt64 = 1,
        sites: [NameID] = [],
        taskCount: Int = 1,
        witness: Witness = Witness()
    ) {
        self.from = from
        self.to = to
        self.fromMode = fromMode
        self.toMode = toMode
        self.isDirect = isDirect
        self.isMay = isMay
        self.isNew = isNew
        self.count = count
        self.sites = sites
        self.taskCount = taskCount
        self.witness = witness
    }
}
