// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a capture says of itself: whose run it is, and what was seen and unseen in it.
public struct CaptureInfo: Sendable, Hashable {
    /// The run, so that a replay's graph is this run's graph.
    public var run: GraphRun
    /// Only records that might tell something new were sent (DESIGN 3.4); counts and hold times mean little then.
    public var isFiltered: Bool
    /// Nanoseconds from the clock of the records to the time of day (UTC, since 1970).
    public var clockOffset: Int64
    /// Each function of the hook table in its order, and how it was hooked.
    public var hooks: [Hook]
    /// Tells captures apart.
    public var uuid: [UInt8]

    /// Whether records say when a lock was obtained and let go: lockdep's tracepoints come before it is obtained.
    public var tellsTimes: Bool { !isFiltered && run.source == "functions" }

    /// One function of the hook table.
    public struct Hook: Sendable, Hashable {
        /// The kernel's function.
        public var function: String
        /// `fexit`, `kprobe`, `absent`...
        public var attachment: String

        /// Describes a hook.
        public init(function: String, attachment: String) {
            self.function = function
            self.attachment = attachment
        }
    }

    /// Describes a capture that begins now.
    public init(run: GraphRun, isFiltered: Bool, hooks: [Hook]) {
        self.run = run
        self.isFiltered = isFiltered
        self.hooks = hooks
        var day = timespec()
        var monotonic = timespec()
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        clock_gettime(CLOCK_REALTIME, &day)
        clockOffset = Int64(day.tv_sec - monotonic.tv_sec) * 1_000_000_000 + Int64(day.tv_nsec - monotonic.tv_nsec)
        var random = SystemRandomNumberGenerator()
        uuid = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        // RFC 4122, version 4.
        uuid[6] = uuid[6] & 0x0f | 0x40
        uuid[8] = uuid[8] & 0x3f | 0x80
    }

    /// The identifier as text.
    var uuidText: String {
        var text = ""
        for (index, byte) in uuid.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
        return text
    }
}
