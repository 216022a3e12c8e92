// SPDX-License-Identifier: Apache-2.0

internal import LockEvents

/// Tells which test runs: the one that the run was given, or whatever the kernel's log announces.
///
/// A test's first locks come within a microsecond of its announcement, so that a line counts from when it was written, not
/// from when it was read. Where the log's clock cannot be read (perf is refused) it counts from then on; where the log
/// cannot, no test is known.
struct RunningTests: ~Copyable {
    /// From a time on a test runs; empty for none.
    struct Change: Equatable {
        var test: String
        var time: UInt64
    }

    private var log: KernelLog?
    private var announcements = TestAnnouncements()
    private var given: String?

    /// Prepares to listen.
    ///
    /// - Parameter test: the test that runs all the time; nil to ask the log.
    init(_ test: String?) {
        given = test
        log = test == nil ? KernelLog() : nil
    }

    /// The changes since the last call, in order. One system call where there are none.
    mutating func take(now: UInt64) -> [Change] {
        if let test = given {
            given = ""
            return test.isEmpty ? [] : [Change(test: test, time: now)]
        }
        var changes: [Change] = []
        while let line = log?.next(TestAnnouncements.mayAnnounce) {
            if let test = announcements.read(line.text) { changes.append(Change(test: test, time: line.time)) }
        }
        if changes.isEmpty { return [] }
        let offset = log?.offset()
        for index in changes.indices {
            let time = offset.map { UInt64(clamping: Int64(clamping: changes[index].time) + $0) } ?? now
            changes[index].time = min(time, now)
        }
        return changes
    }
}

extension KernelState {
    /// How a run that was not given a test learns which one runs.
    public enum AnnouncedTests: String, Sendable {
        /// By the kernel's log, from when a line was written.
        case exact
        /// By the kernel's log, from when a line was read: the log's clock cannot be asked for.
        case late
        /// Not at all: the log cannot be read.
        case none
    }

    /// How this process learns which test runs. Opens the log, and asks for its clock.
    public static var announcedTests: AnnouncedTests {
        guard var log = KernelLog() else { return .none }
        return log.offset() == nil ? .late : .exact
    }
}
