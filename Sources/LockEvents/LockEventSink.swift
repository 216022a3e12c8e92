// SPDX-License-Identifier: Apache-2.0

/// Takes in the events of one run, in order, from whichever source.
///
/// The source fills ``tables`` with what its events refer to before it hands them over. Used by one thread at a time.
public protocol LockEventSink: ~Copyable {
    /// The names, stacks and classes that the events refer to.
    var tables: EventTables { get set }

    /// Takes in an event; the task's held locks follow from the events before it.
    mutating func consume(_ event: LockEvent)

    /// Takes in an event whose record shows every lock that its task held before it, outermost first.
    mutating func consume(_ event: LockEvent, held: Span<HeldLock>)

    /// Events were lost that cannot be told by task: every task's held locks are unknown until shown.
    mutating func loseAllStacks()

    /// Two classes turned out to be one; `kept` has the better name.
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID)

    /// From this time on another test runs, or none (`.none`); told before the events from then on, and for them all.
    mutating func run(_ test: NameID, from time: UInt64)

    /// Tells the time, in nanoseconds of the events' clock, where no event does: several times a second.
    mutating func advance(to time: UInt64)
}

extension LockEventSink where Self: ~Copyable {
    /// Of no interest to a sink that keeps nothing of events.
    public mutating func run(_ test: NameID, from time: UInt64) {}
}
