// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockEvents
public import LockGraph

extension Finding {
    /// Writes the finding as one JSON object (DESIGN 6).
    ///
    /// Besides the members that DESIGN names there are `gate`, `previousGrade`, `new` (of the finding as a whole) and `inferred` (the classes whose names are),
    /// and in a dependency `task`, `stack` (the new lock's), `count`, `sites`, `needsQueuedWriter` and `writerSeen`.
    ///
    /// - Parameters:
    ///   - json: Where to.
    ///   - prefix: Writes members that come first: those of a graph file's record.
    public func write(to json: inout JSONWriter, prefix: (inout JSONWriter) -> Void = { _ in }) {
        json.beginObject()
        prefix(&json)
        json.field("kind", kind.name)
        json.field("grade", orNull: grade?.name)
        if let previousGrade { json.field("previousGrade", previousGrade.name) }
        json.field("names", namesAreExact ? "exact" : "inferred")
        json.field("signature", signature.description)
        json.field("new", isNew)
        json.field("classes", classes)
        json.field("rule", orNull: rule)
        if let gate { json.field("gate", gate) }
        json.key("tasks")
        json.beginArray()
        for task in tasks { task.write(to: &json) }
        json.endArray()
        json.key("naming")
        json.beginObject()
        for name in naming { json.field(name.lockClass, name.how) }
        json.endObject()
        json.field("inferred", naming.filter { $0.certainty == .inferred }.map(\.lockClass))
        json.key("dependencies")
        json.beginArray()
        for step in steps { step.write(to: &json) }
        json.endArray()
        json.field("text", text)
        json.endObject()
    }
}

extension Finding.Participant {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("task", task)
        json.field("pid", pid)
        json.field("comm", comm)
        json.field("waitsFor", orNull: waitsFor.isEmpty ? nil : waitsFor)
        json.field("site", site)
        json.field("stack", stack)
        json.field("holds", holds)
        json.endObject()
    }
}

extension Finding.Step {
    /// Writes the dependency as one JSON object (DESIGN 6).
    public func write(to json: inout JSONWriter, prefix: (inout JSONWriter) -> Void = { _ in }) {
        json.beginObject()
        prefix(&json)
        json.field("from", from)
        json.field("to", to)
        json.field("fromMode", fromMode.name)
        json.field("toMode", toMode.name)
        json.field("task", task)
        json.field("pid", pid)
        json.field("comm", comm)
        json.field("cpu", cpu)
        json.field("t", time)
        json.field("test", test)
        json.field("heldSite", heldSite)
        json.field("heldStack", heldStack)
        json.field("site", site)
        json.field("stack", stack)
        json.field("direct", isDirect)
        json.field("may", isMay)
        json.field("new", isNew)
        json.field("count", count)
        json.field("sites", siteCount)
        json.field("needsQueuedWriter", needsQueuedWriter)
        json.field("writerSeen", writerSeen)
        json.endObject()
    }
}

extension JSONWriter {
    /// Writes a member with a string, `null` for nil.
    mutating func field(_ name: String, orNull string: String?) {
        key(name)
        if let string { value(string) } else { null() }
    }
}
