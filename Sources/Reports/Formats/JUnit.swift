// SPDX-License-Identifier: Apache-2.0

public import LockGraph
public import TraceFiles

/// JUnit XML, as continuous-integration dashboards read it: one test case for each finding, and one that passes for each
/// kind of finding that was looked for and not found.
public enum JUnit {
    /// The report of a graph's findings.
    ///
    /// - Parameters:
    ///   - findings: What was found.
    ///   - graph: Where: its runs name the suite's host and properties.
    ///   - isFailure: Which findings fail their case; the others pass and are told in its output.
    public static func text(_ findings: [Finding], of graph: GraphSnapshot, isFailure: (Finding) -> Bool) -> String {
        let failures = findings.count(where: isFailure)
        let absent = FindingKind.allCases.filter { kind in kind != .new && !findings.contains { $0.kind == kind } }
        let count = findings.count + absent.count
        let run = graph.runs.first
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
        lines.append(#"<testsuites tests="\#(count)" failures="\#(failures)" errors="0" time="0">"#)
        let host = run?.host.isEmpty == false ? #" hostname="\#(escaped(run?.host ?? ""))""# : ""
        lines.append(
            #"  <testsuite name="livedep" tests="\#(count)" failures="\#(failures)" errors="0" skipped="0" time="0"\#(host)>"#
        )
        lines.append("    <properties>")
        for run in graph.runs {
            for (name, value) in [("run", run.id), ("kernel", run.kernel), ("source", run.source)] where !value.isEmpty
            {
                lines.append(#"      <property name="\#(name)" value="\#(escaped(value))"/>"#)
            }
        }
        lines.append("    </properties>")
        for finding in findings { lines += testCase(finding, isFailure: isFailure(finding)) }
        for kind in absent {
            lines.append(#"    <testcase classname="livedep.\#(kind.name)" name="no \#(kind.name)" time="0"/>"#)
        }
        lines += ["  </testsuite>", "</testsuites>", ""]
        return lines.joined(separator: "\n")
    }

    private static func testCase(_ finding: Finding, isFailure: Bool) -> [String] {
        let name = "\(finding.kind.name) \(finding.signature)"
        let type = [finding.kind.name, finding.grade?.name].compactMap { $0 }.joined(separator: ".")
        var lines = [#"    <testcase classname="livedep.\#(finding.kind.name)" name="\#(name)" time="0">"#]
        let body = escaped(finding.textWithStacks())
        if isFailure {
            lines.append(#"      <failure type="\#(type)" message="\#(escaped(finding.text))">\#(body)</failure>"#)
        } else {
            lines.append("      <system-out>\(body)</system-out>")
        }
        lines.append("    </testcase>")
        return lines
    }

    /// Text for XML 1.0, which cannot have most control characters in any form.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line).visible.unicodeScalars.reduce(into: "") { result, scalar in
                switch scalar {
                case "&": result += "&amp;"
                case "<": result += "&lt;"
                case ">": result += "&gt;"
                case "\"": result += "&quot;"
                case "'": result += "&apos;"
                case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }.joined(separator: "\n")
    }
}
