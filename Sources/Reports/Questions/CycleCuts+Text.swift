// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockGraph
import TraceFiles

extension CycleCuts.Candidate {
    /// What speaks for and against breaking this one.
    func reasons(cycles: Int, areAll: Bool) -> [String] {
        let all = areAll ? String(cycles) : "at least \(cycles)"
        var reasons = [cycles == 1 ? "breaks the one cycle" : "breaks \(cyclesBroken) of \(all) cycles"]
        switch step.isNew {
        case true: reasons.append("NEW")
        case false: reasons.append("in baseline")
        case nil: break
        }
        let names = functions.map(\.visible)
        switch names.count {
        case 0: reasons.append("call sites unknown")
        case 1: reasons.append("one call site: \(StepText(step, among: [step]).siteAndCaller)")
        default: reasons.append("\(names.count) call sites: \(names.joined(separator: ", "))")
        }
        reasons.append("seen x\(step.count)")
        return reasons
    }
}

extension CycleCuts {
    /// How many of the other dependencies on cycles are shown per component.
    private static let othersShown = 10

    /// The answer as text. Ends with a line feed.
    public func text(_ style: ReportStyle = ReportStyle()) -> String {
        if components.isEmpty { return "No cycles: nothing to break.\n" }
        var lines: [String] = []
        for (index, component) in components.enumerated() {
            if index > 0 { lines.append("") }
            lines += text(component, style)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(_ component: Component, _ style: ReportStyle) -> [String] {
        let count = component.cyclesAreAll ? counted(component.cycles, "cycle") : "at least \(component.cycles) cycles"
        let cut = counted(component.cut.count, "dependency", plural: "dependencies")
        let quality =
            component.isExact
            ? "no lighter set breaks them all"
            : "a lighter set may exist (weight \(component.weight), at least \(component.lowerBound))"
        var lines = [
            style.heading("\(count) over \(component.classes.count) classes: break \(cut)") + "; \(quality)"
        ]
        let others = component.candidates.count - component.cut.count
        let shown = component.candidates.prefix(component.cut.count + Self.othersShown)
        var columns = Columns()
        for (place, candidate) in shown.enumerated() {
            let text = StepText(candidate.step, among: component.candidates.map(\.step))
            let reasons = candidate.reasons(cycles: component.cycles, areAll: component.cyclesAreAll)
            let cells: [Columns.Cell] = [
                Columns.Cell(text: candidate.isInCut ? "BREAK" : "", paint: style.alarm),
                Columns.Cell(text: "\(place + 1)", alignsRight: true),
                Columns.Cell(text: text.from),
                Columns.Cell(text: "-> \(text.to)"),
                Columns.Cell(text: reasons.joined(separator: ", ")),
            ]
            columns.append(cells)
        }
        lines += columns.lines(indent: "  ")
        if others > Self.othersShown {
            lines.append("  and \(others - Self.othersShown) more dependencies on these cycles")
        }
        return lines
    }

    /// The answer as JSON lines: each dependency on a cycle with its rank in its component, then a summary.
    public func write(to json: inout JSONWriter) {
        for (index, component) in components.enumerated() {
            for (place, candidate) in component.candidates.enumerated() {
                candidate.step.write(to: &json) { json in
                    json.field("record", "cut")
                    json.field("component", index + 1)
                    json.field("rank", place + 1)
                    json.field("break", candidate.isInCut)
                    json.field("weight", candidate.weight)
                    json.field("cyclesBroken", candidate.cyclesBroken)
                    json.field("functions", candidate.functions)
                    json.field(
                        "reasons",
                        candidate.reasons(cycles: component.cycles, areAll: component.cyclesAreAll)
                    )
                }
                json.endLine()
            }
        }
        json.beginObject()
        json.field("record", "summary")
        json.key("components")
        json.beginArray()
        for component in components {
            json.beginObject()
            json.field("classes", component.classes)
            json.field("cycles", component.cycles)
            json.field("allCyclesCounted", component.cyclesAreAll)
            json.field("dependencies", component.candidates.count)
            json.field("break", component.cut.count)
            json.field("weight", component.weight)
            json.field("lowerBound", component.lowerBound)
            json.field("method", component.isExact ? "exact" : "eades-lin-smyth")
            json.endObject()
        }
        json.endArray()
        json.endObject()
        json.endLine()
    }
}
