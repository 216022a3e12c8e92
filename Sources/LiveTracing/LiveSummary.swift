// SPDX-License-Identifier: Apache-2.0

/// What a session saw and what it did not, each cause of loss by itself.
public struct LiveSummary: Sendable {
    /// Records read from the ring.
    public var records: Int
    /// Acquisitions that the programs saw. Of a task that goes on without anything being sent of it up to 15 are missing.
    public var acquisitions: UInt64
    /// Acquisitions under held locks that were not sent because their chain had been.
    public var filtered: UInt64
    /// Nestings of two instances of one kind that were not sent, as there were too many new ones a second; none of them is
    /// marked as sent (bpf/instance_filter.h).
    public var unsentPairs: UInt64
    /// Records lost because the ring was full.
    public var dropped: UInt64
    /// Runs of programs that the kernel's recursion guard skipped.
    public var misses: UInt64
    /// Gaps in tasks' sequences.
    public var gaps: Int
    /// Records passed over because a miss may have spoiled what they rest on.
    public var distrusted: Int
    /// Records that are not of the agreed form.
    public var malformed: Int
    /// Events of tasks for which the kernel gave no storage.
    public var withoutStorage: UInt64
    /// Locks taken while a task's list was full.
    public var overflowed: UInt64
    /// Trylocks and releases in interrupts, which belong to no task.
    public var inInterrupts: UInt64
    /// Lock functions hooked by kprobes whose entry or return was not seen: a lock may have been taken unseen.
    public var lostCalls: UInt64
    /// Held locks that turned out to be held no more.
    public var stale: UInt64
    /// Releases of locks taken before tracing began.
    public var earlyReleases: Int
    /// Releases that no acquisition explains, by the function that made them.
    public var unknownReleases: [String: Int]
    /// Initialisations whose name was lost.
    public var unnamedInitialisations: Int
    /// Call sites of which it could not be said that they copy to or from user memory.
    public var unclassifiedCopies: Int
    /// Bytes of kernel memory that the maps take.
    public var mapBytes: UInt64
    /// Nanoseconds that loading and attaching took.
    public var startUp: UInt64 = 0

    /// All releases that no acquisition explains.
    public var unknownReleaseCount: Int { unknownReleases.values.reduce(0, +) }
}

extension LiveSummary {
    /// What a source that counts little else knows.
    init(records: Int, acquisitions: UInt64, dropped: UInt64, malformed: Int) {
        self.init(
            records: records,
            acquisitions: acquisitions,
            filtered: 0,
            unsentPairs: 0,
            dropped: dropped,
            misses: 0,
            gaps: 0,
            distrusted: 0,
            malformed: malformed,
            withoutStorage: 0,
            overflowed: 0,
            inInterrupts: 0,
            lostCalls: 0,
            stale: 0,
            earlyReleases: 0,
            unknownReleases: [:],
            unnamedInitialisations: 0,
            unclassifiedCopies: 0,
            mapBytes: 0
        )
    }
}
