// SPDX-License-Identifier: Apache-2.0

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
            "drops": Int(summary.dropped),
            "misses": Int(summary.misses),
            "gaps": summary.gaps,
            "distrusted": summary.distrusted,
            "malformed": summary.malformed,
            "without storage": Int(summary.withoutStorage),
            "held list full": Int(summary.overflowed),
            "in interrupts": Int(summary.inInterrupts),
            "stale held locks": Int(summary.stale),
            "early releases": summary.earlyReleases,
            "unknown releases": summary.unknownReleaseCount,
            "unnamed initialisations": summary.unnamedInitialisations,
            "unclassified user copies": summary.unclassifiedCopies,
            "map bytes": Int(summary.mapBytes),
        ]
        for (naming, tally) in namings {
            counters["classes named by \(naming)"] = tally.classes
            counters["acquisitions named by \(naming)"] = Int(tally.acquisitions)
        }
        if let workloadStatus { counters["exit status"] = Int(workloadStatus) }
        return counters
    }
}
