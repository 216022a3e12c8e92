// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveTracing
import LockGraph

/// A live session's counts under the names that summaries and graph files use.
enum LiveCounters {
    /// Every cause of loss is listed even when it is zero: that it is zero is the news.
    static func list(
        _ summary: LiveSummary,
        namings: [String: NamingTally] = [:],
        workloadStatus: Int32?
    ) -> [String: Int] {
        var counters = [
            "records": summary.records,
            "acquisitions": Int(summary.acquisitions),
            "filtered": Int(summary.filtered),
            "unsent instance pairs": Int(summary.unsentPairs),
            "drops": Int(summary.dropped),
            "misses": Int(summary.misses),
            "gaps": summary.gaps,
            "distrusted": summary.distrusted,
            "malformed": summary.malformed,
            "without storage": Int(summary.withoutStorage),
            "held list full": Int(summary.overflowed),
            "in interrupts": Int(summary.inInterrupts),
            "lost calls": Int(summary.lostCalls),
            "stale held locks": Int(summary.stale),
            "early releases": summary.earlyReleases,
            "unknown releases": summary.unknownReleaseCount,
            "unnamed initialisations": summary.unnamedInitialisations,
            "unclassified user copies": summary.unclassifiedCopies,
            "map bytes": Int(summary.mapBytes),
            "resident bytes": residentBytes,
            "start-up ms": Int(summary.startUp / 1_000_000),
        ]
        for (naming, tally) in namings {
            counters["classes named by \(naming)"] = tally.classes
            counters["acquisitions named by \(naming)"] = Int(tally.acquisitions)
        }
        if let workloadStatus { counters["exit status"] = Int(workloadStatus) }
        return counters
    }

    /// The most memory that this process had resident so far.
    private static var residentBytes: Int {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
    }
}
