// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph

extension Finding {
    /// The finding as a person reads it (DESIGN 6): what to act on at one look. Ends with a line feed.
    public func text(_ style: ReportStyle = ReportStyle()) -> String {
        (FindingText(self, style).lines() + [""]).joined(separator: "\n")
    }

    /// The finding with every stack it has, for `report --finding`. Ends with a line feed.
    public func textWithStacks(_ style: ReportStyle = ReportStyle()) -> String {
        let text = FindingText(self, style)
        return (text.lines(refersToStacks: false) + text.stacks() + [""]).joined(separator: "\n")
    }
}

/// The lines of one finding.
struct FindingText {
    let finding: Finding
    let style: ReportStyle
    /// The dependencies in the order they are shown, and which of them was the one that made the finding.
    let steps: [Finding.Step]
    let last: Int?

    init(_ finding: Finding, _ style: ReportStyle) {
        self.finding = finding
        self.style = style
        guard finding.kind == .cycle, let closing = finding.steps.last else {
            steps = finding.steps
            last = finding.kind == .rule || finding.kind == .recursion ? nil : finding.steps.indices.last
            return
        }
        // What the task that closed the cycle did comes first, in the order it did it.
        let isKnown = closing.pid != 0 || closing.task != 0
        let before = finding.steps.dropLast().reversed().prefix {
            isKnown && $0.task == closing.task && $0.pid == closing.pid
        }.count
        let start = finding.steps.count - 1 - before
        steps = Array(finding.steps[start...] + finding.steps[..<start])
        last = before
    }

    func lines(refersToStacks: Bool = true) -> [String] {
        var lines = [header]
        lines += context
        lines += table
        lines += participants
        lines += notes
        if refersToStacks { lines += whereStacksAre }
        return lines
    }

    /// What it takes, what is known of its names, and where to cut: a sentence each.
    var notes: [String] { circumstances + readers + names + breaking }

    // MARK: Head

    private var header: String {
        var parts = [style.heading("\(finding.kind.name.uppercased()) \(finding.signature)")]
        if let rule = finding.rule { parts.append("'\(rule.visible)'") }
        if let isNew = finding.isNew {
            if finding.kind == .new {
                if let baseline = style.baseline { parts.append("not in \(baseline.visible)") }
            } else if isNew {
                parts.append(style.alarm("NEW") + (style.baseline.map { " against \($0.visible)" } ?? ""))
            } else {
                parts.append("in \(style.baseline?.visible ?? "baseline")")
            }
        }
        if let grading { parts.append(grading) }
        if finding.steps.isEmpty { parts.append(finding.text.visible) }
        return parts.joined(separator: "  ")
    }

    /// The grade and what it rests on.
    var grading: String? {
        guard let grade = finding.grade else { return nil }
        var parts = [grade.name]
        if let previous = finding.previousGrade { parts[0] += " (was \(previous.name))" }
        if !finding.tasks.isEmpty { parts.append(counted(finding.tasks.count, "task")) }
        if let gate = finding.gate {
            parts.append("gate lock \(gate.visible)")
        } else if grade == .bound {
            parts.append("no gate lock")
        }
        return parts.joined(separator: ", ")
    }

    /// Which test, task and time it was found at.
    var context: [String] {
        guard let step = finding.kind == .rule ? finding.steps.max(by: { $0.time < $1.time }) : finding.steps.last
        else {
            return []
        }
        var parts: [String] = []
        if !step.test.isEmpty { parts.append(step.test.visible) }
        let task = StepText.task(comm: step.comm, pid: step.pid, task: step.task)
        if !task.isEmpty { parts.append(task) }
        if step.time != 0 { parts.append("t=\(secondsText(step.time))") }
        return parts.isEmpty ? [] : [parts.joined(separator: "  ")]
    }

    // MARK: Dependencies

    private var table: [String] {
        var columns = Columns()
        for (index, step) in steps.enumerated() {
            let text = StepText(step, among: steps)
            let stands = index == last || step.isNew == true
            let mark = (index == last ? "*" : " ") + String(repeating: " ", count: index < 9 ? 2 : 1)
            let novelty = step.isNew == true ? style.alarm : style.quiet
            let cells: [Columns.Cell] = [
                Columns.Cell(text: "\(mark)\(index + 1)"),
                Columns.Cell(text: text.from),
                Columns.Cell(text: "-> \(text.to)"),
                Columns.Cell(text: text.task),
                Columns.Cell(text: stands ? text.siteAndCaller : text.site),
                Columns.Cell(text: text.count),
                Columns.Cell(text: text.novelty, paint: novelty),
            ]
            columns.append(cells)
        }
        return columns.lines()
    }

    /// Who waits for what, or who did it, where there are no dependencies to show that.
    private var participants: [String] {
        guard finding.kind == .deadlock || finding.steps.isEmpty else { return [] }
        return finding.tasks.map { task in
            var line = "   " + StepText.task(comm: task.comm, pid: task.pid, task: task.task)
            if !task.waitsFor.isEmpty { line += " waits for \(task.waitsFor.visible)" }
            if !task.site.isEmpty { line += " in \(task.site.visible)" }
            if !task.holds.isEmpty { line += ", holds \(task.holds.map(\.visible).joined(separator: ", "))" }
            return line
        }
    }

    // MARK: What it takes

    private var circumstances: [String] {
        guard finding.kind == .cycle, let last else { return [] }
        var said: [String] = []
        for (index, step) in steps.enumerated() where index != last {
            if let text = Circumstance.text(for: step), !said.contains(text) { said.append(text) }
        }
        if said.isEmpty { return [] }
        let rest = said.dropLast().joined(separator: ", ")
        let others = rest.isEmpty ? said.joined() : "\(rest), \(said.last ?? "")"
        return ["Hangs if, at once: \(others), and \(last + 1)."]
    }

    /// Readers that wait for readers do so only behind a writer.
    private var readers: [String] {
        steps.enumerated().compactMap { index, step in
            guard step.needsQueuedWriter else { return nil }
            let seen = step.writerSeen ? "writers were seen" : "no writer was seen yet"
            return "\(index + 1) waits only behind a queued writer of \(step.to.visible); \(seen)."
        }
    }

    private var names: [String] {
        if finding.naming.isEmpty { return [] }
        let inferred = finding.naming.filter { $0.certainty == .inferred }
        if inferred.isEmpty { return ["Names: \(finding.naming.count) exact."] }
        let reasons = inferred.map { "\($0.lockClass.visible), by \($0.how.visible)" }.joined(separator: "; ")
        return ["Names: \(finding.naming.count - inferred.count) exact, \(inferred.count) inferred (\(reasons))."]
    }

    private var breaking: [String] {
        guard finding.kind == .cycle, steps.count > 1 else { return [] }
        let weights = steps.map { CutWeight(isNew: $0.isNew, sites: $0.siteCount, count: $0.count).value }
        guard let lightest = weights.min(), let index = weights.firstIndex(of: lightest) else { return [] }
        let text = StepText(steps[index], among: steps)
        var reasons: [String] = []
        if steps[index].isNew == true {
            reasons.append(steps.count { $0.isNew == true } == 1 ? "the only new one" : "a new one")
        }
        reasons.append(text.sites)
        if steps[index].isNew != true { reasons.append("seen \(text.count)") }
        return ["Break at \(index + 1): \(reasons.joined(separator: ", "))."]
    }

    // MARK: Stacks

    private var whereStacksAre: [String] {
        guard let graph = style.graph, finding.steps.contains(where: { !$0.stack.isEmpty || !$0.heldStack.isEmpty })
        else {
            return []
        }
        let signature = finding.signature.description.prefix(8)
        return ["Stacks: livedep report \(graph.visible) --finding \(signature)"]
    }

    func stacks() -> [String] {
        var lines: [String] = []
        for (index, step) in steps.enumerated() {
            lines.append("")
            let text = StepText(step, among: steps)
            lines.append(style.heading("\(index + 1)  \(text.from) -> \(text.to)"))
            lines += stack("\(step.from.visible) taken", at: step.heldSite, step.heldStack)
            lines += stack("\(step.to.visible) \(step.isMay ? "might be taken" : "taken")", at: step.site, step.stack)
        }
        for task in finding.tasks where finding.steps.isEmpty || finding.kind == .deadlock {
            lines.append("")
            lines += stack(StepText.task(comm: task.comm, pid: task.pid, task: task.task), at: task.site, task.stack)
        }
        return lines
    }

    private func stack(_ what: String, at site: String, _ frames: [String]) -> [String] {
        if frames.isEmpty { return ["   \(what)\(site.isEmpty ? "" : " in \(site.visible)"); no stack was captured"] }
        return ["   \(what):"] + frames.map { "      \($0.visible)" }
    }
}
