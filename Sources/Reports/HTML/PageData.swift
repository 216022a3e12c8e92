// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
import LockGraph
import TraceFiles

/// What the HTML page knows: the graph with every name, function and stack once, and rows of numbers that refer to them.
///
/// `Page/data.js` reads it; the order of a row's members is kept there and in ``write(_:from:to:where:)`` alone. Every
/// text is as ``Swift/String/visible`` shows it.
struct PageData {
    private var strings = Interned<String>()
    private var stacks = Interned<[Int]>()
    private var classes: [ClassRow] = []
    private var classIndex: [Baseline.ClassKey: Int] = [:]
    private var classOfName: [String: Int] = [:]
    private var rows = JSONWriter()

    /// A class as the page lists it.
    private struct ClassRow {
        var name: Int
        var type: String
        var origin: Int
        var naming: Int
        var isInferred: Bool
        var isValidated: Bool
    }

    /// A dependency's key in the page.
    private struct Key: Hashable {
        var from: Int
        var to: Int
        var fromMode: LockMode
        var toMode: LockMode
    }

    /// The data of a page as one JSON object in which `<` does not occur, so that no name can end the element it is in.
    ///
    /// Cost: one engine over the graph and one search for the lightest cuts.
    static func json(
        _ findings: [Finding],
        of graph: GraphSnapshot,
        baseline: Baseline?,
        style: ReportStyle
    ) -> [UInt8] {
        var data = PageData()
        _ = data.strings.index(of: "")
        _ = data.stacks.index(of: [])
        let engine = graph.engine(options: EngineOptions(baseline: baseline))
        data.addClasses(of: engine)
        let dependencies = data.addDependencies(of: engine)
        let components = CycleCuts(graph, baseline: baseline).components
        data.addComponents(components, dependencies: dependencies)
        data.addFindings(findings, of: graph, style: style)
        data.addTimes(of: graph)
        return data.finish(style)
    }

    // MARK: Graph

    private mutating func addClasses(of engine: LockOrderEngine) {
        for node in engine.lockNodes {
            let lockClass = engine.tables.classes[node.lockClass]
            let index = addClass(engine.printedName(of: node), key: engine.key(of: node))
            classes[index].naming = text(lockClass.naming)
            classes[index].isInferred = lockClass.certainty == .inferred
            classes[index].isValidated = lockClass.isValidated
        }
    }

    private mutating func addClass(_ name: String, key: Baseline.ClassKey) -> Int {
        if let known = classIndex[key] { return known }
        let index = classes.count
        classIndex[key] = index
        if classOfName[name] == nil { classOfName[name] = index }
        classes.append(
            ClassRow(
                name: text(name),
                type: key.type.name,
                origin: text(key.origin),
                naming: 0,
                isInferred: false,
                isValidated: true
            )
        )
        return index
    }

    private mutating func addDependencies(of engine: LockOrderEngine) -> [Key: Int] {
        var numbers: [Key: Int] = [:]
        rows.beginObject()
        rows.key("dependencies")
        rows.beginArray()
        for dependency in engine.dependencies {
            let key = Key(
                from: addClass(engine.printedName(of: dependency.from), key: engine.key(of: dependency.from)),
                to: addClass(engine.printedName(of: dependency.to), key: engine.key(of: dependency.to)),
                fromMode: dependency.fromMode,
                toMode: dependency.toMode
            )
            numbers[key] = numbers.count
            let step = Finding.Step(dependency, in: engine)
            let sites = dependency.sites.map { engine.tables.names[$0] }
            write(step, from: key.from, to: key.to, sites: sites, tasks: dependency.taskCount)
        }
        rows.endArray()
        return numbers
    }

    /// Writes a dependency, or a finding's own record of one, as a row.
    private mutating func write(_ step: Finding.Step, from: Int, to: Int, sites: [String], tasks: Int) {
        let words = StepText(step, among: [step])
        var flags = 0
        if step.isDirect { flags |= 1 }
        if step.isMay { flags |= 2 }
        if step.isNew == true { flags |= 4 }
        if step.isNew == false { flags |= 8 }
        rows.beginArray()
        rows.value(from)
        rows.value(to)
        rows.value(step.fromMode.rawValue)
        rows.value(step.toMode.rawValue)
        rows.value(flags)
        rows.value(step.count)
        rows.value(tasks)
        rows.beginArray()
        for site in sites { rows.value(text(site)) }
        rows.endArray()
        rows.value(text(words.task))
        rows.value(step.cpu)
        rows.value(step.time / 1_000_000)
        rows.value(text(step.test))
        rows.value(text(words.siteAndCaller))
        rows.value(text(step.heldSite))
        rows.value(stack(step.heldStack))
        rows.value(text(step.site))
        rows.value(stack(step.stack))
        rows.endArray()
    }

    private mutating func addComponents(_ components: [CycleCuts.Component], dependencies: [Key: Int]) {
        rows.key("components")
        rows.beginArray()
        for component in components {
            rows.beginObject()
            rows.key("classes")
            rows.beginArray()
            for index in component.classes.compactMap({ classOfName[$0] }) { rows.value(index) }
            rows.endArray()
            rows.field("cycles", component.cycles)
            rows.field("all", component.cyclesAreAll)
            rows.key("cut")
            rows.beginArray()
            for candidate in component.cut {
                let step = candidate.step
                guard let from = classOfName[step.from], let to = classOfName[step.to] else { continue }
                let key = Key(from: from, to: to, fromMode: step.fromMode, toMode: step.toMode)
                guard let number = dependencies[key] else { continue }
                let reasons = candidate.reasons(cycles: component.cycles, areAll: component.cyclesAreAll)
                rows.beginArray()
                rows.value(number)
                rows.value(text(reasons.joined(separator: ", ")))
                rows.endArray()
            }
            rows.endArray()
            rows.endObject()
        }
        rows.endArray()
    }

    // MARK: Findings

    private mutating func addFindings(_ findings: [Finding], of graph: GraphSnapshot, style: ReportStyle) {
        var keys: [Signature: [String: Baseline.ClassKey]] = [:]
        for entry in graph.findings { keys[entry.finding.signature] = entry.keys }
        rows.key("findings")
        rows.beginArray()
        for finding in findings {
            addFinding(finding, words: FindingText(finding, style), keys: keys[finding.signature] ?? [:])
        }
        rows.endArray()
    }

    private mutating func addFinding(_ finding: Finding, words: FindingText, keys: [String: Baseline.ClassKey]) {
        rows.beginObject()
        rows.field("kind", finding.kind.name)
        rows.field("grade", finding.grade?.name ?? "")
        rows.field("new", finding.isNew)
        rows.field("signature", finding.signature.description)
        rows.field("exact", finding.namesAreExact)
        rows.field("text", text(finding.text))
        rows.field("rule", text(finding.rule ?? ""))
        rows.field("grading", text(words.grading ?? ""))
        rows.field("context", text(words.context.joined(separator: "  ")))
        rows.key("notes")
        rows.beginArray()
        for note in words.notes { rows.value(text(note)) }
        rows.endArray()
        rows.key("classes")
        rows.beginArray()
        for name in finding.classes { rows.value(index(of: name, among: keys)) }
        rows.endArray()
        rows.key("steps")
        rows.beginArray()
        for step in words.steps {
            let ends = [step.from, step.to].map { index(of: $0, among: keys) }
            write(step, from: ends[0], to: ends[1], sites: [], tasks: 0)
        }
        rows.endArray()
        // The one that made the finding.
        rows.field("last", words.last ?? -1)
        rows.key("tasks")
        rows.beginArray()
        for task in finding.tasks where finding.steps.isEmpty || finding.kind == .deadlock {
            rows.beginArray()
            rows.value(text(StepText.task(comm: task.comm, pid: task.pid, task: task.task)))
            rows.value(text(task.waitsFor))
            rows.value(text(task.site))
            rows.value(stack(task.stack))
            rows.value(text(task.holds.map(\.visible).joined(separator: ", ")))
            rows.endArray()
        }
        rows.endArray()
        rows.endObject()
    }

    private mutating func addTimes(of graph: GraphSnapshot) {
        rows.key("times")
        rows.beginArray()
        for entry in graph.mergedTimes() {
            let lockClass = graph.tables.classes[entry.lockClass]
            let durations = entry.durations
            rows.beginArray()
            rows.value(addClass(lockClass.name, key: graph.key(of: LockNode(entry.lockClass))))
            rows.value(entry.kind.rawValue)
            rows.value(entry.mode.rawValue)
            rows.value(durations.count)
            rows.value(durations.total)
            for percent in GraphSnapshot.percentiles { rows.value(durations.percentile(percent)) }
            rows.value(durations.maximum)
            rows.endArray()
        }
        rows.endArray()
        rows.field("timesNote", text(TimesText.note(on: graph) ?? ""))
    }

    /// The class behind a name that a run printed: `#2` need not mean the same in the whole graph.
    private mutating func index(of name: String, among keys: [String: Baseline.ClassKey]) -> Int {
        if let key = keys[name] { return addClass(name, key: key) }
        if let known = classOfName[name] { return known }
        return addClass(name, key: Baseline.ClassKey(name: name, type: .mutex))
    }

    // MARK: Tables

    private mutating func text(_ string: String) -> Int { strings.index(of: string.visible) }

    private mutating func stack(_ frames: [String]) -> Int {
        let indices = frames.map { text($0) }
        return stacks.index(of: indices)
    }

    /// Adds the tables, which are known only now.
    private mutating func finish(_ style: ReportStyle) -> [UInt8] {
        rows.key("classes")
        rows.beginArray()
        for row in classes {
            rows.beginArray()
            rows.value(row.name)
            rows.value(row.type)
            rows.value(row.origin)
            rows.value(row.naming)
            rows.value((row.isInferred ? 1 : 0) | (row.isValidated ? 0 : 2))
            rows.endArray()
        }
        rows.endArray()
        rows.key("stacks")
        rows.beginArray()
        for stack in stacks.values {
            rows.beginArray()
            for frame in stack { rows.value(frame) }
            rows.endArray()
        }
        rows.endArray()
        rows.field("strings", strings.values)
        rows.field("graph", (style.graph ?? "").visible)
        rows.field("baseline", style.baseline?.visible ?? "")
        rows.endObject()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows.bytes.count)
        for byte in rows.bytes {
            if byte == UInt8(ascii: "<") { bytes.append(contentsOf: #"\u003c"#.utf8) } else { bytes.append(byte) }
        }
        return bytes
    }
}

/// Values with numbers in order of their first appearance.
private struct Interned<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int] = [:]

    mutating func index(of value: Value) -> Int {
        if let known = numbers[value] { return known }
        numbers[value] = values.count
        values.append(value)
        return values.count - 1
    }
}
