// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockEvents
import LockGraph

/// The lines of a graph file (DESIGN 7). Members of a key are always there, others only where something is known.
extension GraphSnapshot {
    static func write(_ run: GraphRun, to json: inout JSONWriter) {
        json.beginObject()
        json.field("record", "run")
        json.field("version", GraphRun.version)
        json.field("run", run.id)
        json.field("host", run.host)
        json.field("kernel", run.kernel)
        json.field("source", run.source)
        json.field("sameClass", run.sameClass.rawValue)
        if run.began != 0 { json.field("began", run.began) }
        if !run.command.isEmpty { json.field("command", run.command) }
        json.endObject()
        json.endLine()
    }

    static func write(_ lockClass: LockClass, run: GraphRun, to json: inout JSONWriter) {
        json.beginObject()
        json.field("record", "class")
        json.field("run", run.id)
        json.field("name", lockClass.name)
        json.field("type", lockClass.type.name)
        json.field("origin", lockClass.origin)
        json.field("naming", lockClass.naming)
        json.field("names", lockClass.certainty == .exact ? "exact" : "inferred")
        if !lockClass.isValidated { json.field("validated", false) }
        json.endObject()
        json.endLine()
    }

    /// One self-contained line: a program that knows nothing else of the file can work on it.
    static func write(_ dependency: Dependency, run: GraphRun, tables: EventTables, to json: inout JSONWriter) {
        let from = tables.classes[dependency.from.lockClass]
        let to = tables.classes[dependency.to.lockClass]
        json.beginObject()
        json.field("record", "dependency")
        json.field("run", run.id)
        json.field("host", run.host)
        json.field("kernel", run.kernel)
        json.field("source", run.source)
        json.field("from", from.name)
        json.field("fromType", from.type.name)
        json.field("fromOrigin", from.origin)
        json.field("fromSubclass", dependency.from.printedSubclass)
        json.field("fromMode", dependency.fromMode.name)
        json.field("to", to.name)
        json.field("toType", to.type.name)
        json.field("toOrigin", to.origin)
        json.field("toSubclass", dependency.to.printedSubclass)
        json.field("toMode", dependency.toMode.name)
        json.field("direct", dependency.isDirect)
        json.field("may", dependency.isMay)
        json.field("count", dependency.count)
        json.field("tasks", dependency.taskCount)
        json.field("sites", dependency.sites.map { tables.names[$0] })
        write(dependency.witness, tables: tables, to: &json)
        json.endObject()
        json.endLine()
    }

    private static func write(_ witness: Witness, tables: EventTables, to json: inout JSONWriter) {
        if witness.task.rawValue != 0 { json.field("task", witness.task.rawValue) }
        if witness.pid != 0 { json.field("pid", witness.pid) }
        if witness.comm != .none { json.field("comm", tables.names[witness.comm]) }
        if witness.cpu != 0 { json.field("cpu", witness.cpu) }
        if witness.time != 0 { json.field("t", witness.time) }
        if witness.test != .none { json.field("test", tables.names[witness.test]) }
        if witness.heldSite != .none { json.field("heldSite", tables.names[witness.heldSite]) }
        if witness.heldStack != .none { json.field("heldStack", tables.frames(of: witness.heldStack)) }
        if witness.site != .none { json.field("site", tables.names[witness.site]) }
        if witness.stack != .none { json.field("stack", tables.frames(of: witness.stack)) }
    }

    static func write(
        _ finding: Finding,
        keys: [String: Baseline.ClassKey],
        run: GraphRun,
        to json: inout JSONWriter
    ) {
        finding.write(to: &json) { json in
            json.field("record", "finding")
            json.field("run", run.id)
            json.key("identities")
            json.beginObject()
            for (name, key) in keys.sorted(by: { $0.key < $1.key }) {
                json.key(name)
                json.beginObject()
                json.field("name", key.name)
                json.field("type", key.type.name)
                json.field("origin", key.origin)
                json.field("subclass", key.subclass)
                json.endObject()
            }
            json.endObject()
        }
        json.endLine()
    }

    static func write(_ summary: GraphSummary, run: GraphRun, to json: inout JSONWriter) {
        summary.write(to: &json) { $0.field("run", run.id) }
        json.endLine()
    }

    static func text(of entry: FindingEntry) -> String {
        var json = JSONWriter()
        write(entry.finding, keys: entry.keys, run: GraphRun(id: ""), to: &json)
        return json.text
    }

    static func text(of summary: GraphSummary) -> String {
        var json = JSONWriter()
        write(summary, run: GraphRun(id: ""), to: &json)
        return json.text
    }
}

extension GraphSummary {
    /// Writes the record that ends a run's JSON (DESIGN 4).
    public func write(to json: inout JSONWriter, prefix: (inout JSONWriter) -> Void = { _ in }) {
        json.beginObject()
        json.field("record", "summary")
        prefix(&json)
        json.field("events", engine.events)
        json.field("tasks", engine.tasks)
        json.field("classes", engine.classes)
        json.field("nodes", engine.nodes)
        json.field("dependencies", engine.dependencies)
        json.field("direct", engine.directDependencies)
        json.key("findings")
        json.beginObject()
        for kind in FindingKind.allCases { json.field(kind.name, engine.findings[kind, default: 0]) }
        json.endObject()
        json.key("cycles")
        json.beginObject()
        for grade in Grade.allCases.reversed() { json.field(grade.name, engine.cyclesByGrade[grade, default: 0]) }
        json.endObject()
        json.field("cyclesOmitted", engine.cyclesOmitted)
        json.field("unknownReleases", engine.unknownReleases)
        json.field("losses", engine.losses)
        json.field("resyncs", engine.resyncs)
        json.field("skippedAcquisitions", engine.skippedAcquisitions)
        json.field("maximumDepth", engine.maximumDepth)
        if !engine.explainedNestings.isEmpty {
            json.key("explained")
            json.beginArray()
            for nesting in engine.explainedNestings {
                json.beginObject()
                json.field("class", nesting.lockClass)
                json.field("function", nesting.function)
                json.field("subclass", nesting.subclass)
                json.field("nest", nesting.nest)
                json.field("count", nesting.count)
                json.endObject()
            }
            json.endArray()
        }
        json.field("counters", counters)
        json.endObject()
    }
}
