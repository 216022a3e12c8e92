// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// What allows a person to check a dependency by hand (DESIGN 3.7): who took which two locks, where.
///
/// Identifiers refer to the ``EventTables`` of the engine it came from.
public struct Witness: Sendable, BitwiseCopyable {
    /// The function that took the lock held, and its stack where an acquisition there was ever captured.
    public var heldSite: NameID
    /// The stack of the lock held, innermost first.
    public var heldStack: StackID
    /// The function that took the new lock, and its stack.
    public var site: NameID
    /// The stack of the new lock, innermost first.
    public var stack: StackID
    /// The task, as the source tells tasks apart.
    public var task: TaskID
    /// Its process id.
    public var pid: UInt32
    /// Where it ran.
    public var cpu: UInt32
    /// Its command name.
    public var comm: NameID
    /// The test that was running.
    public var test: NameID
    /// Nanoseconds on the source's monotonic clock.
    public var time: UInt64

    /// Describes an observation; what is not known has a neutral default.
    public init(
        heldSite: NameID = .none,
        heldStack: StackID = .none,
        site: NameID = .none,
        stack: StackID = .none,
        task: TaskID = TaskID(rawValue: 0),
        pid: UInt32 = 0,
        cpu: UInt32 = 0,
        comm: NameID = .none,
        test: NameID = .none,
        time: UInt64 = 0
    ) {
        self.heldSite = heldSite
        self.heldStack = heldStack
        self.site = site
        self.stack = stack
        self.task = task
        self.pid = pid
        self.cpu = cpu
        self.comm = comm
        self.test = test
        self.time = time
    }
}
