// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockEvents
public import LockGraph
public import TraceFiles

/// How the locks one pattern names lead to those another names: a shortest path with witnesses, and all locks between.
public struct LockPath: Sendable {
    /// Why a pattern leads nowhere.
    public struct UnknownLock: Error, Sendable, Hashable, CustomStringConvertible {
        /// The pattern that names no lock of the graph.
        public var pattern: String
        /// Names that look like it.
        public var similar: [String]

        /// One line.
        public var description: String {
            let hint = similar.isEmpty ? "" : "; similar: \(similar.map(\.visible).joined(separator: ", "))"
            return "no lock of the graph is named '\(pattern.visible)'\(hint)"
        }
    }

    /// The patterns as they were given.
    public let from: String
    /// The patterns as they were given.
    public let to: String
    /// The names of the locks at either end that are connected; empty if there is no path.
    public private(set) var sources: [String] = []
    /// The names of the locks at either end that are connected; empty if there is no path.
    public private(set) var targets: [String] = []
    /// A shortest path, along direct dependencies where there is one; empty if there is no path.
    public private(set) var steps: [Finding.Step] = []
    /// All locks between: each `L` with `from -> .. L .. -> to`, the nearest first.
    public private(set) var between: [String] = []

    /// Looks for the ways from one lock to another.
    public init(in graph: GraphSnapshot, from: String, to: String, baseline: Baseline? = nil) throws(UnknownLock) {
        self.from = from
        self.to = to
        let engine = graph.engine(options: EngineOptions(baseline: baseline))
        let names = engine.lockNodes.flatMap { node in
            Set([engine.printedName(of: node), engine.tables.classes[node.lockClass].name])
        }
        for pattern in [from, to] where !names.contains(where: { LockPattern(pattern).fit($0) != nil }) {
            throw UnknownLock(pattern: pattern, similar: Self.similar(to: pattern, among: names))
        }
        guard let answer = engine.path(from: LockPattern(from), to: LockPattern(to)) else { return }
        sources = answer.from.map { engine.printedName(of: $0) }
        targets = answer.to.map { engine.printedName(of: $0) }
        steps = answer.shortest.map { Finding.Step($0, in: engine) }
        between = answer.between.map { engine.printedName(of: $0) }
    }

    private static func similar(to pattern: String, among names: [String]) -> [String] {
        let sought = pattern.lowercased()
        return Set(names.filter { $0.lowercased().contains(sought) }).sorted().prefix(5).map { $0 }
    }

    /// The answer as text. Ends with a line feed.
    public func text(_ style: ReportStyle = ReportStyle()) -> String {
        guard !steps.isEmpty else { return "No path leads from \(from.visible) to \(to.visible).\n" }
        var lines = [style.heading("\(steps[0].from.visible) leads to \(steps[steps.count - 1].to.visible) by:")]
        var columns = Columns()
        for (index, step) in steps.enumerated() {
            let text = StepText(step, among: steps)
            let novelty = step.isNew == true ? style.alarm : style.quiet
            let cells: [Columns.Cell] = [
                Columns.Cell(text: "\(index + 1)", alignsRight: true),
                Columns.Cell(text: text.from),
                Columns.Cell(text: "-> \(text.to)"),
                Columns.Cell(text: text.task),
                Columns.Cell(text: text.siteAndCaller),
                Columns.Cell(text: text.count),
                Columns.Cell(text: step.isDirect ? "" : "implied"),
                Columns.Cell(text: text.novelty, paint: novelty),
            ]
            columns.append(cells)
        }
        lines += columns.lines(indent: "  ")
        if between.isEmpty {
            lines.append("No lock lies between.")
        } else {
            lines.append("\(counted(between.count, "lock")) between, the nearest first:")
            lines += between.map { "  \($0.visible)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The answer as JSON lines: each step, each lock between, a summary.
    public func write(to json: inout JSONWriter) {
        for step in steps {
            step.write(to: &json) { $0.field("record", "step") }
            json.endLine()
        }
        for name in between {
            json.beginObject()
            json.field("record", "between")
            json.field("class", name)
            json.endObject()
            json.endLine()
        }
        json.beginObject()
        json.field("record", "summary")
        json.field("from", sources)
        json.field("to", targets)
        json.field("length", steps.count)
        json.field("between", between.count)
        json.endObject()
        json.endLine()
    }
}
