// SPDX-License-Identifier: Apache-2.0

public import LockGraph

/// How many findings of each kind there are, in words.
public struct FindingTally: Sendable {
    private var kinds: [FindingKind: Int] = [:]
    private var grades: [Grade: Int] = [:]

    /// Counts findings.
    public init(_ findings: some Sequence<Finding>) {
        for finding in findings {
            kinds[finding.kind, default: 0] += 1
            if finding.kind == .cycle, let grade = finding.grade { grades[grade, default: 0] += 1 }
        }
    }

    init(kinds: [FindingKind: Int], grades: [Grade: Int]) {
        self.kinds = kinds
        self.grades = grades
    }

    /// `2 cycles (1 bound, 0 guarded, 1 class), 1 rule`: every grade is counted, also those of which there are none, and
    /// cycles are named even where there are none.
    public var text: String {
        let cycles = kinds[.cycle, default: 0]
        let byGrade = Grade.allCases.reversed().map { "\(grades[$0, default: 0]) \($0.name)" }
        var parts = ["\(counted(cycles, "cycle")) (\(byGrade.joined(separator: ", ")))"]
        for kind in FindingKind.allCases where kind != .cycle {
            let count = kinds[kind, default: 0]
            if count > 0 { parts.append("\(count) \(kind.name)") }
        }
        return parts.joined(separator: ", ")
    }
}

extension ReportStyle {
    /// What the baseline lacks of some findings, and what it has; nil if they were not compared with one.
    ///
    /// Ends with a line feed.
    public func comparison(_ findings: [Finding]) -> String? {
        guard let baseline else { return nil }
        let new = findings.filter { $0.isNew != false }
        let known = findings.count - new.count
        let rest = known == 0 ? "" : "; in it: \(FindingTally(findings.filter { $0.isNew == false }).text)"
        return heading("New against \(baseline.visible): ") + FindingTally(new).text + rest + "\n"
    }
}
