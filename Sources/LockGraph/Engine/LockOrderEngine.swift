// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// Lock events in, findings out: the engine that every front-end shares.
public struct LockOrderEngine: Sendable {
    /// The names, stacks and classes that events refer to. Whoever decodes events fills them.
    public var tables = EventTables()
    public let options: EngineOptions

    /// Creates an engine that has seen nothing.
    public init(options: EngineOptions = EngineOptions()) { self.options = options }

    /// Takes in one event. The task's stack is rebuilt from the events before it.
    public mutating func consume(_ event: LockEvent) {}

    /// Takes in one event whose record carries all locks its task held before it, outermost first.
    public mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {}

    /// Makes every task's stack unknown, until it is shown whole or empty: records were lost that nobody can attribute.
    public mutating func loseAllStacks() {}

    /// Makes one of two classes that turn out to be one. What was found before keeps its names; it is not reported again.
    public mutating func unify(_ first: LockClassID, _ second: LockClassID) {}

    /// Tells the time where no event does, so that a circle of waiting tasks is reported on a quiet system.
    public mutating func advance(to time: UInt64) {}

    /// Ends the run: circles of waiting tasks that are left are reported however short they lasted.
    public mutating func finish() {}

    /// Adds a dependency that some other graph has (a file, a splat), with all consequences of one seen in an event.
    public mutating func add(_ dependency: Dependency) {}

    /// Whether ``takeNewFindings()`` has something to give.
    public var hasNewFindings: Bool { false }

    /// What was found since the last call, in the order it was found.
    public mutating func takeNewFindings() -> [Finding] { [] }

    /// Everything found so far, each at its latest grade.
    public var findings: [Finding] { [] }

    /// Counts so far.
    public var summary: EngineSummary { EngineSummary() }

    /// The nodes seen so far, in order of appearance.
    public var nodes: [LockNode] { [] }

    /// The dependencies so far, in order of appearance.
    public var dependencies: [Dependency] { [] }

    /// The name to show for a node: `name`, `name#2` for another class of the same name, `name/1` for a subclass.
    public func printedName(of node: LockNode) -> String { "" }

    /// The identity of a node, as a baseline or a graph file keeps it.
    public func key(of node: LockNode) -> Baseline.ClassKey { Baseline.ClassKey(name: "", type: .mutex) }

    /// How the classes one pattern names lead to those another names; nil when they do not.
    public func path(from: LockPattern, to: LockPattern) -> PathAnswer? { nil }

    /// The sets of nodes that lead to each other, each sorted by appearance: where every cycle lies.
    public func strongComponents() -> [[LockNode]] { [] }
}
