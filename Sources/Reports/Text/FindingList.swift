// SPDX-License-Identifier: Apache-2.0

public import LockGraph

extension ReportStyle {
    /// More new dependencies than this are a table of one line each.
    private static let newInFull = 5

    /// Findings in their order, a block each; many new dependencies are one table, so that what comes after them is not
    /// buried. Ends with a line feed; empty if there are none.
    public func text(_ findings: [Finding]) -> String {
        let new = findings.filter { $0.kind == .new }
        if new.count <= Self.newInFull { return findings.map { $0.text(self) }.joined(separator: "\n") }
        var parts: [String] = []
        var isTold = false
        for finding in findings {
            if finding.kind != .new {
                parts.append(finding.text(self))
            } else if !isTold {
                parts.append(table(new))
                isTold = true
            }
        }
        return parts.joined(separator: "\n")
    }

    /// Those seen from the innermost held lock first: the others follow from them.
    private func table(_ findings: [Finding]) -> String {
        let ordered = findings.sorted { left, right in
            let direct = [left, right].map { $0.steps.allSatisfy(\.isDirect) }
            if direct[0] != direct[1] { return direct[0] }
            if left.classes != right.classes { return left.classes.lexicographicallyPrecedes(right.classes) }
            return left.signature.rawValue < right.signature.rawValue
        }
        let implied = findings.count { !$0.steps.allSatisfy(\.isDirect) }
        let against = baseline.map { " against \($0.visible)" } ?? ""
        let from = implied == 0 ? "" : ", \(implied) of them implied by others (at the end)"
        var lines = ["\(alarm("NEW"))\(against): \(heading("\(findings.count) dependencies"))\(from)"]
        var columns = Columns()
        for finding in ordered {
            for step in finding.steps {
                let text = StepText(step, among: finding.steps)
                columns.append([
                    Columns.Cell(text: String(finding.signature.description.prefix(8)), paint: quiet),
                    Columns.Cell(text: text.from), Columns.Cell(text: "-> \(text.to)"), Columns.Cell(text: text.task),
                    Columns.Cell(text: text.siteAndCaller), Columns.Cell(text: text.count),
                    Columns.Cell(text: step.test.visible),
                ])
            }
        }
        lines += columns.lines(indent: "   ")
        if let graph { lines.append("Stacks: livedep report \(graph.visible) --finding SIGNATURE") }
        return lines.joined(separator: "\n") + "\n"
    }
}
