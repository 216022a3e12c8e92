// SPDX-License-Identifier: Apache-2.0

import LockGraph
public import TraceFiles

extension GraphSummary {
    /// The summary in a few lines; ends with a line feed. Every grade is counted, also those of which there are none.
    public func text(_ style: ReportStyle = ReportStyle()) -> String {
        let found = FindingTally(kinds: engine.findings, grades: engine.cyclesByGrade)
        var lines = [
            style.heading("Findings: ") + found.text,
            "Graph: \(counted(engine.classes, "class", plural: "classes")), "
                + "\(counted(engine.dependencies, "dependency", plural: "dependencies")) "
                + "(\(engine.directDependencies) direct)",
            "Seen: \(counted(engine.events, "event")) of \(counted(engine.tasks, "task")), "
                + "up to \(engine.maximumDepth) locks held",
        ]
        var doubts: [String] = []
        if engine.cyclesOmitted > 0 {
            doubts.append("\(counted(engine.cyclesOmitted, "longer cycle")) not written out")
        }
        if engine.losses > 0 { doubts.append("a task's locks became unknown \(counted(engine.losses, "time"))") }
        if engine.resyncs > 0 { doubts.append("\(counted(engine.resyncs, "resync"))") }
        if engine.skippedAcquisitions > 0 {
            doubts.append("\(counted(engine.skippedAcquisitions, "acquisition")) added nothing for that")
        }
        if engine.unknownReleases > 0 {
            doubts.append("\(counted(engine.unknownReleases, "release")) without a known holder")
        }
        if !doubts.isEmpty { lines.append("Doubts: " + doubts.joined(separator: ", ")) }
        for nesting in engine.explainedNestings {
            let said = nesting.nest.isEmpty ? "subclass \(nesting.subclass)" : "nest lock \(nesting.nest.visible)"
            lines.append(
                "Explained by an annotation: \(nesting.lockClass.visible) under itself in \(nesting.function.visible) "
                    + "(\(said)), \(counted(nesting.count, "time"))"
            )
        }
        if !counters.isEmpty {
            let sorted = counters.sorted { $0.key < $1.key }
            let counts = sorted.filter { $0.value != 0 }.map { "\($0.value) \($0.key.visible)" }
            // That a loss is zero is worth saying, and not worth a number each.
            let zero = sorted.filter { $0.value == 0 }.map(\.key.visible)
            if !counts.isEmpty { lines.append("Source: " + counts.joined(separator: ", ")) }
            if !zero.isEmpty { lines.append("None: " + zero.joined(separator: ", ")) }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
