// SPDX-License-Identifier: Apache-2.0

import LockGraph
import TraceFiles

/// The part of the page that needs no script: what was found, where, and whether it is all of it.
struct PageHead {
    private static let runsShown = 100

    let findings: [Finding]
    let graph: GraphSnapshot
    let title: String
    let baseline: String?

    init(_ findings: [Finding], of graph: GraphSnapshot, title: String, baseline: String?) {
        self.findings = findings
        self.graph = graph
        self.title = title
        self.baseline = baseline
    }

    var html: String {
        let isClean = findings.allSatisfy { $0.isNew == false }
        var lines = [
            #"<header id="top">"#, "<h1>livedep <span>\(HTML.escaped(title))</span></h1>",
            #"<p id="verdict" class="\#(isClean ? "clean" : "found")">\#(HTML.escaped(verdict))</p>"#,
        ]
        if let doubt { lines.append(#"<p class="doubt">\#(HTML.escaped(doubt))</p>"#) }
        lines.append(#"<details id="runs"><summary>\#(HTML.escaped(origin))</summary>"#)
        for index in graph.runs.indices.prefix(Self.runsShown) { lines.append(run(index)) }
        if graph.runs.count > Self.runsShown {
            lines.append("<p>and \(graph.runs.count - Self.runsShown) more runs</p>")
        }
        return (lines + ["</details>", "</header>", ""]).joined(separator: "\n")
    }

    private var verdict: String {
        guard baseline == nil else {
            return (ReportStyle(baseline: baseline).comparison(findings) ?? "").trimmingNewline
        }
        return findings.isEmpty ? "Nothing found." : "Found: " + FindingTally(findings).text
    }

    private var doubt: String? {
        var doubts: [String] = []
        let cutOff = graph.runs.indices.count { graph.summaries[$0] == nil }
        if cutOff > 0 {
            doubts.append("\(counted(cutOff, "run")) did not come to an end; what was seen until then counts")
        }
        if graph.damagedLines > 0 { doubts.append("\(counted(graph.damagedLines, "damaged line")) passed over") }
        return doubts.isEmpty ? nil : doubts.joined(separator: ". ") + "."
    }

    private var origin: String {
        func list(_ values: [String], _ noun: String) -> String {
            let distinct = Set(values.filter { !$0.isEmpty }).sorted()
            return distinct.count > 3 ? counted(distinct.count, noun) : distinct.joined(separator: ", ")
        }
        let parts = [
            counted(graph.runs.count, "run"), list(graph.runs.map(\.host), "host"),
            list(graph.runs.map(\.kernel), "kernel"), list(graph.runs.map(\.source), "source"),
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: " · ")
    }

    private func run(_ index: Int) -> String {
        let run = graph.runs[index]
        var lines = [("run", run.id), ("host", run.host), ("kernel", run.kernel), ("source", run.source)]
        if run.began > 0 { lines.append(("began", KCIDB.timestamp(run.began))) }
        if !run.command.isEmpty { lines.append(("command", run.command)) }
        let summary = graph.summaries[index].map { $0.text() } ?? "cut off: no summary\n"
        let text = lines.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.visible)" }.joined(separator: "\n")
        let whole = "\(text)\n\(summary)".split(separator: "\n").map { HTML.escaped(String($0)) }
        return "<pre>\(whole.joined(separator: "\n"))</pre>"
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
