// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
import LockGraph

/// One record of a graph file, its names already in the graph's tables. Members may come in any order.
struct GraphLine {
    enum Kind: String {
        case run, `class`, dependency, finding, times, summary

        /// The members that a record cannot do without.
        var needed: [String] {
            switch self {
            case .run, .summary: ["run"]
            case .class: ["run", "name", "type"]
            case .dependency: ["run", "from", "fromType", "fromMode", "to", "toType", "toMode"]
            case .finding: ["run", "kind", "signature"]
            case .times: ["run", "name", "type", "what", "mode", "buckets"]
            }
        }
    }

    private(set) var kind: Kind
    private(set) var runID = ""
    private(set) var version = 0
    private(set) var run = GraphRun(id: "")
    private(set) var lockClass = LockClass(name: "", type: .mutex)
    private(set) var from = Baseline.ClassKey(name: "", type: .mutex)
    private(set) var to = Baseline.ClassKey(name: "", type: .mutex)
    private(set) var dependency = Dependency(from: LockNode(.none), to: LockNode(.none))
    private(set) var finding = Finding(kind: .cycle, signature: Signature(rawValue: 0))
    private(set) var keys: [String: Baseline.ClassKey] = [:]
    private(set) var times = TimesLine()
    private(set) var summary = GraphSummary()

    /// What the line says it is; nil if it does not. Throws if the line is not JSON.
    static func recordName(of json: JSONReader) throws(JSONError) -> String? {
        var json = json
        var name: String?
        try json.object { key, json throws(JSONError) in
            if key == "record" { name = try json.string() } else { try json.skip() }
        }
        try json.end()
        return name
    }

    /// Reads a record of a known kind.
    init(_ kind: Kind, _ json: JSONReader, tables: inout EventTables) throws(JSONError) {
        self.kind = kind
        var json = json
        var line = self
        var inferred: Set<String> = []
        let needed = kind.needed
        var present: UInt8 = 0
        try json.object { key, json throws(JSONError) in
            if let index = needed.firstIndex(of: key) { present |= 1 << UInt8(index) }
            switch (kind, key) {
            case (_, "record"): try json.skip()
            case (_, "run"): line.runID = try json.string()
            case (.run, _): try line.readRun(key, &json)
            case (.class, _): try line.readClass(key, &json)
            case (.dependency, _): try line.readDependency(key, &json, &tables)
            case (.finding, "identities"): try line.readIdentities(&json)
            case (.finding, _):
                if try !line.finding.read(key, from: &json, inferred: &inferred) { try json.skip() }
            case (.times, "host"), (.times, "kernel"), (.times, "source"): try line.readRun(key, &json)
            case (.times, _): try line.times.read(key, &json)
            case (.summary, _): try line.readSummary(key, &json)
            }
        }
        try json.end()
        for (index, name) in needed.enumerated() where present & 1 << UInt8(index) == 0 {
            throw JSONError("a \(kind.rawValue) record without '\(name)'", column: 1)
        }
        line.finding.finishReading(inferred: inferred)
        line.run.id = line.runID
        self = line
    }

    private mutating func readRun(_ key: String, _ json: inout JSONReader) throws(JSONError) {
        switch key {
        case "version": version = try json.integer()
        case "host": run.host = try json.string()
        case "kernel": run.kernel = try json.string()
        case "source": run.source = try json.string()
        case "sameClass": run.sameClass = try json.name { SameClassPolicy(rawValue: $0) }
        case "began": run.began = try json.integer()
        case "command": run.command = try json.string()
        default: try json.skip()
        }
    }

    private mutating func readClass(_ key: String, _ json: inout JSONReader) throws(JSONError) {
        switch key {
        case "name": lockClass.name = try json.string()
        case "type": lockClass.type = try json.name { LockType(name: $0) }
        case "origin": lockClass.origin = try json.string()
        case "naming": lockClass.naming = try json.string()
        case "names": lockClass.certainty = try json.string() == "exact" ? .exact : .inferred
        case "validated": lockClass.isValidated = try json.boolean()
        default: try json.skip()
        }
    }

    private mutating func readDependency(
        _ key: String,
        _ json: inout JSONReader,
        _ tables: inout EventTables
    ) throws(JSONError) {
        switch key {
        case "host": run.host = try json.string()
        case "kernel": run.kernel = try json.string()
        case "source": run.source = try json.string()
        case "from": from.name = try json.string()
        case "fromType": from.type = try json.name { LockType(name: $0) }
        case "fromOrigin": from.origin = try json.string()
        case "fromSubclass": from.subclass = Int(try json.integer(UInt8.self))
        case "fromMode": dependency.fromMode = try json.name { LockMode(name: $0) }
        case "to": to.name = try json.string()
        case "toType": to.type = try json.name { LockType(name: $0) }
        case "toOrigin": to.origin = try json.string()
        case "toSubclass": to.subclass = Int(try json.integer(UInt8.self))
        case "toMode": dependency.toMode = try json.name { LockMode(name: $0) }
        case "direct": dependency.isDirect = try json.boolean()
        case "may": dependency.isMay = try json.boolean()
        case "count": dependency.count = try json.integer()
        case "tasks": dependency.taskCount = try json.integer()
        case "sites": dependency.sites = try json.strings().map { tables.names.intern($0) }
        case "task": dependency.witness.task = TaskID(rawValue: try json.integer())
        case "pid": dependency.witness.pid = try json.integer()
        case "comm": dependency.witness.comm = tables.names.intern(try json.string())
        case "cpu": dependency.witness.cpu = try json.integer()
        case "t": dependency.witness.time = try json.integer()
        case "test": dependency.witness.test = tables.names.intern(try json.string())
        case "heldSite": dependency.witness.heldSite = tables.names.intern(try json.string())
        case "heldStack": dependency.witness.heldStack = tables.internStack(try json.strings())
        case "site": dependency.witness.site = tables.names.intern(try json.string())
        case "stack": dependency.witness.stack = tables.internStack(try json.strings())
        default: try json.skip()
        }
    }

    private mutating func readIdentities(_ json: inout JSONReader) throws(JSONError) {
        var read: [String: Baseline.ClassKey] = [:]
        try json.object { name, json throws(JSONError) in
            var key = Baseline.ClassKey(name: name, type: .mutex)
            try json.object { member, json throws(JSONError) in
                switch member {
                case "name": key.name = try json.string()
                case "type": key.type = try json.name { LockType(name: $0) }
                case "origin": key.origin = try json.string()
                case "subclass": key.subclass = try json.integer()
                default: try json.skip()
                }
            }
            read[name] = key
        }
        keys = read
    }

    private mutating func readSummary(_ key: String, _ json: inout JSONReader) throws(JSONError) {
        switch key {
        case "events": summary.engine.events = try json.integer()
        case "tasks": summary.engine.tasks = try json.integer()
        case "classes": summary.engine.classes = try json.integer()
        case "nodes": summary.engine.nodes = try json.integer()
        case "dependencies": summary.engine.dependencies = try json.integer()
        case "direct": summary.engine.directDependencies = try json.integer()
        case "findings":
            for (name, count) in try json.counts() where count > 0 {
                if let kind = FindingKind(name: name) { summary.engine.findings[kind] = count }
            }
        case "cycles":
            for (name, count) in try json.counts() where count > 0 {
                if let grade = Grade(name: name) { summary.engine.cyclesByGrade[grade] = count }
            }
        case "cyclesOmitted": summary.engine.cyclesOmitted = try json.integer()
        case "unknownReleases": summary.engine.unknownReleases = try json.integer()
        case "losses": summary.engine.losses = try json.integer()
        case "resyncs": summary.engine.resyncs = try json.integer()
        case "skippedAcquisitions": summary.engine.skippedAcquisitions = try json.integer()
        case "maximumDepth": summary.engine.maximumDepth = try json.integer()
        case "explained": summary.engine.explainedNestings = try json.explainedNestings()
        case "counters": summary.counters = try json.counts()
        default: try json.skip()
        }
    }
}

extension JSONReader {
    /// Reads an array of nestings that annotations explained.
    fileprivate mutating func explainedNestings() throws(JSONError) -> [ExplainedNesting] {
        var nestings: [ExplainedNesting] = []
        try array { json throws(JSONError) in
            var nesting = ExplainedNesting(lockClass: "", function: "")
            try json.object { key, json throws(JSONError) in
                switch key {
                case "class": nesting.lockClass = try json.string()
                case "function": nesting.function = try json.string()
                case "subclass": nesting.subclass = try json.integer()
                case "nest": nesting.nest = try json.string()
                case "count": nesting.count = try json.integer()
                default: try json.skip()
                }
            }
            nestings.append(nesting)
        }
        return nestings
    }

    /// Reads an object of whole numbers.
    fileprivate mutating func counts() throws(JSONError) -> [String: Int] {
        var result: [String: Int] = [:]
        try object { name, json throws(JSONError) in result[name] = try json.integer() }
        return result
    }
}
