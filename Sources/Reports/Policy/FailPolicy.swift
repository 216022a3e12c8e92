// SPDX-License-Identifier: Apache-2.0

public import LockGraph

/// What `--fail-on` names: the findings that make a run fail.
///
/// `cycle` means cycles that are bound and whose names are exact; `cycle:guarded` those with a gate lock as well, and
/// `cycle:class` all, also with inferred names. `inversion` is read the same way. Every other kind means all its findings;
/// `rule:guarded` and `rule:bound` ask for a grade.
public struct FailPolicy: Sendable, Hashable {
    /// Why a text is no list of findings to fail on.
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// One line.
        public var description: String
    }

    private enum Bar: Hashable, Sendable {
        case all
        /// At least this grade, with exact names.
        case exactly(Grade)
        /// At least this grade.
        case grade(Grade)
    }

    private var bars: [FindingKind: Bar] = [:]

    /// Fails on nothing.
    public init() {}

    /// Reads a list such as `cycle:class,rule,new`.
    public init(parsing text: String) throws(SyntaxError) {
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let kind = FindingKind(name: parts[0]) else {
                let kinds = FindingKind.allCases.map(\.name).joined(separator: ", ")
                throw SyntaxError(description: "'\(parts[0].visible)' is no kind of finding; they are \(kinds)")
            }
            var bar = Self.usual(kind)
            if parts.count > 1 {
                guard [.cycle, .rule, .inversion].contains(kind), let grade = Grade(name: parts[1]) else {
                    throw SyntaxError(
                        description:
                            "'\(String(item).visible)': a grade is bound, guarded or class, of cycle, rule or inversion"
                    )
                }
                bar = grade == .classOnly ? .all : kind == .rule ? .grade(grade) : .exactly(grade)
            }
            bars[kind] = Self.lower(bars[kind], bar)
        }
    }

    /// What reports for machines count as a failure when nothing else is said: all that is surely wrong.
    public static let usual: FailPolicy = {
        var policy = FailPolicy()
        for kind in FindingKind.allCases where kind != .new { policy.bars[kind] = usual(kind) }
        return policy
    }()

    private static func usual(_ kind: FindingKind) -> Bar {
        kind == .cycle || kind == .inversion ? .exactly(.bound) : .all
    }

    private static func lower(_ known: Bar?, _ bar: Bar) -> Bar {
        guard let known else { return bar }
        switch (known, bar) {
        case (.exactly(let left), .exactly(let right)): return .exactly(min(left, right))
        case (.grade(let left), .grade(let right)): return .grade(min(left, right))
        default: return .all
        }
    }

    /// Whether nothing is named.
    public var isEmpty: Bool { bars.isEmpty }

    /// Whether a kind of finding is named at all.
    public func names(_ kind: FindingKind) -> Bool { bars[kind] != nil }

    /// Whether a finding is named.
    public func matches(_ finding: Finding) -> Bool {
        switch bars[finding.kind] {
        case nil: false
        case .all: true
        case .exactly(let grade): finding.namesAreExact && (finding.grade ?? .classOnly) >= grade
        case .grade(let grade): (finding.grade ?? .classOnly) >= grade
        }
    }
}
