// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph
public import TraceFiles

/// Graphviz: locks as boxes, dependencies as arrows with who made them where.
public enum DOT {
    /// The dependencies of some findings as one graph. What closed a finding is bold, what is new is red, what only may
    /// happen is dashed.
    public static func text(_ findings: [Finding]) -> String {
        var graph = DOTGraph()
        for finding in findings {
            for (index, step) in finding.steps.enumerated() {
                graph.add(step, isClosing: finding.kind == .cycle && index == finding.steps.count - 1)
            }
        }
        return graph.text(title: findings.map { "\($0.kind.name) \($0.signature)" }.joined(separator: ", "))
    }

    /// All dependencies of a graph; implied ones are thin.
    public static func text(_ graph: GraphSnapshot, baseline: Baseline? = nil) -> String {
        let engine = graph.engine(options: EngineOptions(baseline: baseline))
        var picture = DOTGraph()
        for dependency in engine.dependencies { picture.add(Finding.Step(dependency, in: engine), isClosing: false) }
        return picture.text(title: graph.runs.map(\.id).joined(separator: ", "))
    }
}

/// Collects arrows, each once, and writes them sorted.
private struct DOTGraph {
    private struct Arrow {
        var step: Finding.Step
        var isClosing: Bool
    }

    private var arrows: [String: Arrow] = [:]

    mutating func add(_ step: Finding.Step, isClosing: Bool) {
        let key = [step.from, step.to, step.fromMode.name, step.toMode.name].joined(separator: "\0")
        var arrow = arrows[key] ?? Arrow(step: step, isClosing: false)
        arrow.isClosing = arrow.isClosing || isClosing
        if step.isNew == true { arrow.step.isNew = true }
        arrows[key] = arrow
    }

    func text(title: String) -> String {
        let sorted = arrows.sorted { $0.key < $1.key }.map(\.value)
        let names = Set(sorted.flatMap { [$0.step.from, $0.step.to] }).sorted()
        var lines = [
            "digraph livedep {", "    label=\(Self.quote(title));", "    node [shape=box, fontname=\"monospace\"];",
            "    edge [fontname=\"monospace\", fontsize=10];",
        ]
        for name in names { lines.append("    \(Self.quote(name));") }
        for arrow in sorted {
            let attributes = Self.attributes(arrow).map { "\($0.0)=\($0.1)" }.joined(separator: ", ")
            lines.append("    \(Self.quote(arrow.step.from)) -> \(Self.quote(arrow.step.to)) [\(attributes)];")
        }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    private static func attributes(_ arrow: Arrow) -> [(String, String)] {
        let step = arrow.step
        let text = StepText(step, among: [step])
        var label = [text.siteAndCaller, text.task].filter { !$0.isEmpty }
        let modes = [step.fromMode, step.toMode].map { $0 == .write ? "W" : $0 == .read ? "R" : "RR" }
        if modes != ["W", "W"] { label.insert("\(modes[0]) -> \(modes[1])", at: 0) }
        if step.isMay { label.append("MAY") }
        if step.isNew == true { label.append("NEW") }
        var attributes = [("label", quote(label.joined(separator: "\n")))]
        if step.isNew == true { attributes.append(("color", "red")) }
        if arrow.isClosing {
            attributes.append(("penwidth", "2"))
        } else if !step.isDirect {
            attributes.append(("penwidth", "0.5"))
        }
        if step.isMay { attributes.append(("style", "dashed")) }
        return attributes
    }

    /// A quoted string. Backslashes would begin escapes of Graphviz's own.
    private static func quote(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line).visible.reduce(into: "") { result, character in
                if character == "\"" || character == "\\" { result.append("\\") }
                result.append(character)
            }
        }
        return "\"\(lines.joined(separator: "\\n"))\""
    }
}
