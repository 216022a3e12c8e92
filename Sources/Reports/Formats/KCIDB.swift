// SPDX-License-Identifier: Apache-2.0

import JSONLines
public import LockGraph
public import TraceFiles

/// KernelCI's report format, version 5.3: one test result for each run, and an issue with an incident for each finding
/// that fails.
///
/// Issues are named by the finding's signature, so that reports of one finding from many machines meet in one issue.
public struct KCIDB: Sendable {
    /// Who reports: lower-case letters, digits and underscores.
    public var origin: String
    /// The build that was tested, as it was reported to KCIDB: `origin:id`; nil names one after the kernel's release.
    public var build: String?

    /// Why a name cannot be used.
    public struct NameError: Error, Sendable, Hashable, CustomStringConvertible {
        /// One line.
        public var description: String
    }

    /// Describes who reports what.
    public init(origin: String = "livedep", build: String? = nil) throws(NameError) {
        guard Self.isOrigin(origin) else {
            throw NameError(
                description: "'\(origin.visible)' is no KCIDB origin: use lower-case letters, digits and '_'"
            )
        }
        if let build {
            let parts = build.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isOrigin(String(parts[0])), !parts[1].isEmpty else {
                throw NameError(description: "'\(build.visible)' is no KCIDB build: it is written origin:id")
            }
        }
        self.origin = origin
        self.build = build
    }

    private static func isOrigin(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The report, one JSON object. Ends with a line feed.
    ///
    /// - Parameters:
    ///   - findings: What was found.
    ///   - graph: Where.
    ///   - isFailure: Which findings fail the test.
    public func text(_ findings: [Finding], of graph: GraphSnapshot, isFailure: (Finding) -> Bool) -> String {
        let failing = findings.filter(isFailure)
        var json = JSONWriter()
        json.beginObject()
        json.key("version")
        json.beginObject()
        json.field("major", 5)
        json.field("minor", 3)
        json.endObject()
        json.key("tests")
        json.beginArray()
        for run in graph.runs { writeTest(run, graph: graph, findings: findings, fails: !failing.isEmpty, to: &json) }
        json.endArray()
        json.key("issues")
        json.beginArray()
        for finding in failing { writeIssue(finding, to: &json) }
        json.endArray()
        json.key("incidents")
        json.beginArray()
        for run in graph.runs {
            for finding in failing where Self.belongs(finding, to: run, of: graph) {
                writeIncident(finding, run, to: &json)
            }
        }
        json.endArray()
        json.endObject()
        json.endLine()
        return json.text
    }

    private func writeTest(
        _ run: GraphRun,
        graph: GraphSnapshot,
        findings: [Finding],
        fails: Bool,
        to json: inout JSONWriter
    ) {
        json.beginObject()
        json.field("id", testID(run))
        json.field("origin", origin)
        json.field("build_id", buildID(run))
        json.field("path", "livedep")
        json.field("comment", "lock order, seen by \(run.source.visible)")
        json.field("status", fails ? "FAIL" : "PASS")
        if run.began > 0 { json.field("start_time", Self.timestamp(run.began)) }
        if !run.host.isEmpty {
            json.key("environment")
            json.beginObject()
            json.field("comment", run.host.visible)
            json.endObject()
        }
        let own = findings.filter { Self.belongs($0, to: run, of: graph) }
        if !own.isEmpty { json.field("log_excerpt", Self.excerpt(own)) }
        json.key("misc")
        json.beginObject()
        json.field("kernel", run.kernel)
        json.field("source", run.source)
        json.field("findings", own.count)
        json.endObject()
        json.endObject()
    }

    private func writeIssue(_ finding: Finding, to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", issueID(finding))
        json.field("version", 1)
        json.field("origin", origin)
        json.field("comment", finding.text.visible)
        json.key("culprit")
        json.beginObject()
        json.field("code", true)
        json.field("tool", false)
        json.field("harness", false)
        json.endObject()
        json.key("misc")
        json.beginObject()
        json.field("kind", finding.kind.name)
        json.field("classes", finding.classes)
        json.endObject()
        json.endObject()
    }

    private func writeIncident(_ finding: Finding, _ run: GraphRun, to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", "\(origin):\(finding.signature).\(Self.token(run.id))")
        json.field("origin", origin)
        json.field("issue_id", issueID(finding))
        json.field("issue_version", 1)
        json.field("test_id", testID(run))
        json.field("present", true)
        json.endObject()
    }

    /// A finding belongs to the runs that reported it, and to all if none did.
    private static func belongs(_ finding: Finding, to run: GraphRun, of graph: GraphSnapshot) -> Bool {
        let reporting = graph.findings.filter {
            $0.finding.signature == finding.signature && $0.finding.kind == finding.kind
        }
        return reporting.isEmpty || reporting.contains { graph.runs[$0.run].id == run.id }
    }

    private func testID(_ run: GraphRun) -> String { "\(origin):\(Self.token(run.id))" }

    private func issueID(_ finding: Finding) -> String { "\(origin):\(finding.signature)" }

    private func buildID(_ run: GraphRun) -> String {
        build ?? "\(origin):\(run.kernel.isEmpty ? "unknown" : Self.token(run.kernel))"
    }

    /// A text without what identifiers had better not have.
    private static func token(_ text: String) -> String {
        String(text.visible.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-+".contains($0)) ? $0 : "_" })
    }

    /// The findings' texts as far as KCIDB takes an excerpt: 16384 characters.
    private static func excerpt(_ findings: [Finding]) -> String {
        let text = findings.map { $0.text(ReportStyle()) }.joined(separator: "\n")
        return String(text.prefix(16_000))
    }

    /// RFC 3339, UTC. Days to date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    static func timestamp(_ seconds: Int64) -> String {
        let days = Int(seconds / 86_400)
        let rest = Int(seconds % 86_400)
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}
