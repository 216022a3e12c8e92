// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// A source of live events: prepared by its initialiser, started, pumped by one thread, stopped.
public protocol TracingSession: ~Copyable {
    /// What the source hooks, and how that fared.
    var hooks: [HookState] { get }
    /// Counts so far.
    var summary: LiveSummary { get }

    /// Begins to record.
    mutating func start()

    /// Ends recording at once. What was recorded can still be pumped out.
    mutating func stop()

    /// Waits for events, and hands what has come to the sink.
    ///
    /// - Returns: how many records there were.
    @discardableResult
    mutating func pump(into sink: inout some LockEventSink & ~Copyable, waitingAtMost milliseconds: Int32) -> Int
}

extension LiveSession: TracingSession {}
