// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Takes events in for the sake of their names alone: what a recording without a graph decodes for.
struct DiscardingSink: LockEventSink {
    var tables = EventTables()

    mutating func consume(_ event: LockEvent) {}
    mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {}
    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {}
    mutating func advance(to time: UInt64) {}
}
