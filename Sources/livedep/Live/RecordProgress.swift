// SPDX-License-Identifier: Apache-2.0

import TraceFiles

/// How a recording goes, on a terminal: events, rate, size, drops.
struct RecordProgress {
    private var line: Progress
    private var records: UInt64 = 0
    private var shown = ContinuousClock.now

    init(_ folder: String) { line = Progress("record \(folder)") }

    /// Shows the state; the rate is that since the call before.
    mutating func show(_ records: UInt64, _ bytes: Int, drops: UInt64) {
        let now = ContinuousClock.now
        let seconds = Double((now - shown).components.attoseconds) / 1e18 + Double((now - shown).components.seconds)
        let rate = seconds > 0 ? Int(Double(records - self.records) / seconds) : 0
        line.show("\(records) events, \(rate)/s, \(Self.size(bytes)), \(drops) dropped")
        self.records = records
        shown = now
    }

    /// Clears the line.
    mutating func end() { line.end() }

    /// Bytes as a person reads them.
    static func size(_ bytes: Int) -> String {
        if bytes < 10_000 { return "\(bytes) bytes" }
        return bytes < 10_000_000 ? "\(bytes / 1000) kB" : "\(bytes / 1_000_000) MB"
    }
}
