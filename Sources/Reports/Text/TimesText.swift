// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
public import TraceFiles

extension ReportStyle {
    /// The classes that were waited for and held longest, with percentiles, or why nothing is known of that. Ends with a line
    /// feed.
    public func times(of graph: GraphSnapshot) -> String { TimesText(graph, self).lines.joined(separator: "\n") + "\n" }
}

/// The lines about held and waited times.
struct TimesText {
    let lines: [String]

    /// So many classes are listed; the graph has all.
    private static let most = 10

    init(_ graph: GraphSnapshot, _ style: ReportStyle) {
        let entries = graph.mergedTimes()
        var lines: [String] = []
        for kind in LockTimes.Kind.allCases {
            let ofKind = entries.filter { $0.kind == kind }
            if ofKind.isEmpty {
                if kind == .wait, !entries.isEmpty { lines.append("No lock was waited for.") }
                continue
            }
            lines += Self.table(ofKind, kind, graph, style)
        }
        if let note = Self.note(on: graph) { lines.append(note) }
        self.lines = lines
    }

    /// Which runs have no times, and why; nil where all have.
    static func note(on graph: GraphSnapshot) -> String? {
        let without = graph.runs.indices.filter { graph.lacksTimes(run: $0) }.count
        if without == 0 { return nil }
        let whose =
            without == graph.runs.count ? "" : " of \(counted(without, "run")) out of \(graph.runs.count)"
        return "Held and waited times\(whose) are not known: a filtered watch does not see releases, and lockdep's "
            + "tracepoints come before a lock is obtained. record and watch --unfiltered, of the functions source, know them."
    }

    private static func table(
        _ entries: [LockTimes.Entry],
        _ kind: LockTimes.Kind,
        _ graph: GraphSnapshot,
        _ style: ReportStyle
    ) -> [String] {
        var columns = Columns()
        let title = kind == .wait ? "Waited for longest" : "Held longest"
        let figures = [kind == .wait ? "waits" : "holds", "total", "p50", "p90", "p99", "max"]
        columns.append(
            [Columns.Cell(text: title, paint: style.heading)]
                + figures.map { Columns.Cell(text: $0, paint: style.quiet, alignsRight: true) }
        )
        for entry in entries.prefix(most) {
            let durations = entry.durations
            let spans =
                [durations.total] + GraphSnapshot.percentiles.map { durations.percentile($0) } + [durations.maximum]
            columns.append(
                [Columns.Cell(text: "   " + name(of: entry, among: entries, graph))]
                    + ([String(durations.count)] + spans.map { durationText($0) }).map {
                        Columns.Cell(text: $0, alignsRight: true)
                    }
            )
        }
        var lines = columns.lines()
        if entries.count > most { lines.append("   and \(entries.count - most) more (--format json has all)") }
        return lines
    }

    /// A class as the reports call it: with its mode where there are both, with its origin where the name is not enough.
    private static func name(of entry: LockTimes.Entry, among entries: [LockTimes.Entry], _ graph: GraphSnapshot)
        -> String
    {
        let lockClass = graph.tables.classes[entry.lockClass]
        var text = lockClass.name.visible
        let namesakes = entries.contains { other in
            other.lockClass != entry.lockClass && graph.tables.classes[other.lockClass].name == lockClass.name
        }
        if namesakes, !lockClass.origin.isEmpty { text += " [\(lockClass.origin.visible)]" }
        if entry.mode != .write { return text + " (R)" }
        let hasReaders = entries.contains { $0.lockClass == entry.lockClass && $0.mode != .write }
        return hasReaders ? text + " (W)" : text
    }
}

/// A duration with three digits: `812 ns`, `4.07 us`, `38.9 ms`, `12.0 s`.
func durationText(_ nanoseconds: UInt64) -> String {
    if nanoseconds < 1000 { return "\(nanoseconds) ns" }
    for (unit, name) in [(1_000.0, "us"), (1_000_000, "ms")] {
        let value = Double(nanoseconds) / unit
        if value < 999.5 { return "\(threeDigits(value)) \(name)" }
    }
    return "\(threeDigits(Double(nanoseconds) / 1e9)) s"
}

private func threeDigits(_ value: Double) -> String {
    let decimals = value < 9.995 ? 100.0 : value < 99.95 ? 10 : 1
    let scaled = Int((value * decimals).rounded())
    if decimals == 1 { return String(scaled) }
    let rest = String(scaled % Int(decimals))
    return
        "\(scaled / Int(decimals)).\(String(repeating: "0", count: decimals == 100 && rest.count == 1 ? 1 : 0))\(rest)"
}
