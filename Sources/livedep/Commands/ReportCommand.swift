// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONLines
import LockGraph
import Reports
import TraceFiles

/// What `report` can make of a graph.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, html, dot, lockdep, junit, kcidb
}

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The findings of a graph, for people and for machines.",
        discussion: """
            'html' is one page for a browser, complete in itself: findings, search, and pictures of cycles and of any
            class's neighbourhood. 'dot' draws the findings' dependencies, or the whole graph if there are none. In 'junit'
            and 'kcidb' the findings that --fail-on names are failures; without it all that is surely wrong.
            """
    )

    @Argument(help: "The graph to report on.")
    var graph: String

    @OptionGroup var baselineOption: BaselineOption

    @Option(
        help: ArgumentHelp(
            "Only the finding whose signature begins like this, with all its stacks.",
            valueName: "signature"
        )
    )
    var finding: String?

    @Option(help: "What to make of it.")
    var format: ReportFormat = .text

    @OptionGroup var failOnOption: FailOnOption

    @Option(help: ArgumentHelp("For kcidb: who reports.", valueName: "name"))
    var kcidbOrigin = "livedep"

    @Option(help: ArgumentHelp("For kcidb: the build that was tested, as origin:id.", valueName: "id"))
    var kcidbBuild: String?

    func validate() throws {
        if let finding, !(1...16).contains(finding.count) || !finding.allSatisfy(\.isHexDigit) {
            throw ValidationError("--finding: '\(finding)' is no signature: 1 to 16 hexadecimal digits")
        }
        do { _ = try KCIDB(origin: kcidbOrigin, build: kcidbBuild) } catch { throw ValidationError("\(error)") }
    }

    func run() throws {
        let snapshot = try GraphArgument.read(graph)
        let baseline = try baselineOption.load()
        var findings = snapshot.reportedFindings(baseline: baseline)
        if let finding {
            findings = findings.filter { $0.signature.description.hasPrefix(finding.lowercased()) }
            if findings.isEmpty {
                throw Diagnostics.failure(
                    FileError(graph, "has no finding '\(finding)'", advice: "livedep report \(graph) lists them")
                )
            }
        }
        try write(findings, of: snapshot, baseline: baseline)
        try failOnOption.check(findings)
    }

    private func write(_ findings: [Finding], of snapshot: GraphSnapshot, baseline: Baseline?) throws {
        let policy = failOnOption.failOn.isEmpty ? FailPolicy.usual : failOnOption.failOn
        switch format {
        case .text: try Output.write(text(findings, of: snapshot))
        case .json:
            var json = JSONWriter()
            for finding in findings {
                finding.write(to: &json)
                json.endLine()
            }
            if finding == nil { snapshot.writeTimes(to: &json) }
            for (index, run) in snapshot.runs.enumerated() where finding == nil {
                (snapshot.summaries[index] ?? GraphSummary()).write(to: &json) { json in
                    json.field("run", run.id)
                    json.field("complete", snapshot.summaries[index] != nil)
                }
                json.endLine()
            }
            try Output.write(json.bytes)
        case .html:
            try Output.write(HTML.text(findings, of: snapshot, baseline: baseline, style: style))
        case .dot: try Output.write(findings.isEmpty ? DOT.text(snapshot) : DOT.text(findings))
        case .lockdep:
            let (text, left) = LockdepLayout.text(findings, of: snapshot)
            try Output.write(text)
            if left > 0 {
                let what = left == 1 ? "1 finding is of a kind" : "\(left) findings are of kinds"
                Diagnostics.warn(FileError(graph, "\(what) that lockdep prints no such report of; left out"))
            }
        case .junit: try Output.write(JUnit.text(findings, of: snapshot, isFailure: policy.matches))
        case .kcidb:
            let report = try Diagnostics.checked { () throws(KCIDB.NameError) in
                try KCIDB(origin: kcidbOrigin, build: kcidbBuild)
            }
            try Output.write(report.text(findings, of: snapshot, isFailure: policy.matches))
        }
    }

    private var style: ReportStyle {
        ReportStyle.standard(baseline: baselineOption.baseline, graph: graph == "-" ? nil : graph)
    }

    private func text(_ findings: [Finding], of snapshot: GraphSnapshot) -> String {
        if finding != nil { return findings.map { $0.textWithStacks(style) }.joined(separator: "\n") }
        var parts = findings.isEmpty ? [] : [style.text(findings)]
        parts.append(style.times(of: snapshot))
        for (index, run) in snapshot.runs.enumerated() {
            guard let summary = snapshot.summaries[index] else { continue }
            let name = snapshot.runs.count > 1 ? "Run \(run.id)\n" : ""
            parts.append(name + summary.text(style))
        }
        if let comparison = style.comparison(findings) { parts.append(comparison) }
        return parts.joined(separator: "\n")
    }
}
