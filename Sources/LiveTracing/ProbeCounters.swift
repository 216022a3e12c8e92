// SPDX-License-Identifier: Apache-2.0

internal import CLockRecords

/// What the BPF programs counted: what was sent, and what was not, by cause.
public struct ProbeCounters: Sendable {
    let values: [UInt64]

    private subscript(counter: ld_counter) -> UInt64 { values[Int(counter.rawValue)] }

    /// Records handed to the ring.
    public var sent: UInt64 { self[LD_C_SENT] }
    /// Records lost because the ring was full.
    public var dropped: UInt64 { self[LD_C_DROPPED] }
    /// Events of tasks for which the kernel gave no storage.
    public var withoutStorage: UInt64 { self[LD_C_NO_STORAGE] }
    /// Locks taken while a task's list was full.
    public var overflowed: UInt64 { self[LD_C_OVERFLOW] }
    /// Trylocks and releases in interrupts, which belong to no task.
    public var inInterrupts: UInt64 { self[LD_C_INTERRUPT] }
    /// Held locks that turned out to be held no more.
    public var stale: UInt64 { self[LD_C_STALE] }
    /// Acquisitions under held locks whose chain had been sent before.
    public var filtered: UInt64 { self[LD_C_FILTERED] }
    /// Nestings of two instances of one kind that there was no budget for.
    public var unsentPairs: UInt64 { self[LD_C_UNSENT_PAIRS] }
    /// Acquisitions seen.
    public var acquired: UInt64 { self[LD_C_ACQUIRED] }
    /// Modules that were loaded.
    public var modulesLoaded: UInt64 { self[LD_C_MODULES] }
    /// Lock functions hooked by kprobes whose entry or return was not seen.
    public var lostCalls: UInt64 { self[LD_C_LOST_CALLS] }
    /// Releases of locks that the task's list did not have.
    public var unmatched: UInt64 { self[LD_C_UNMATCHED] }
}
