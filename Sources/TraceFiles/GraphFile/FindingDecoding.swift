// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
import LockGraph

extension Finding {
    /// Takes one member of a finding's JSON object; false if it is none that a finding has.
    mutating func read(_ key: String, from json: inout JSONReader, inferred: inout Set<String>) throws(JSONError)
        -> Bool
    {
        switch key {
        case "kind": kind = try json.name { FindingKind(name: $0) }
        case "grade": grade = json.null() ? nil : try json.name { Grade(name: $0) }
        case "previousGrade": previousGrade = json.null() ? nil : try json.name { Grade(name: $0) }
        case "names": namesAreExact = try json.string() == "exact"
        case "signature": signature = try json.name { Signature($0) }
        case "new": isNew = json.null() ? nil : try json.boolean()
        case "classes": classes = try json.strings()
        case "rule": rule = json.null() ? nil : try json.string()
        case "gate": gate = json.null() ? nil : try json.string()
        case "tasks":
            var read: [Participant] = []
            try json.array { json throws(JSONError) in read.append(try Participant(from: &json)) }
            tasks = read
        case "naming":
            var read: [Naming] = []
            try json.object { name, json throws(JSONError) in
                read.append(Naming(lockClass: name, how: try json.string(), certainty: .exact))
            }
            naming = read
        case "inferred": inferred = Set(try json.strings())
        case "dependencies":
            var read: [Step] = []
            try json.array { json throws(JSONError) in read.append(try Step(from: &json)) }
            steps = read
        case "text": text = try json.string()
        default: return false
        }
        return true
    }

    /// Ends reading: what came in two members is put together.
    mutating func finishReading(inferred: Set<String>) {
        for index in naming.indices where inferred.contains(naming[index].lockClass) {
            naming[index].certainty = .inferred
        }
    }
}

extension Finding.Participant {
    fileprivate init(from json: inout JSONReader) throws(JSONError) {
        var read = Finding.Participant(task: 0)
        try json.object { key, json throws(JSONError) in
            switch key {
            case "task": read.task = try json.integer()
            case "pid": read.pid = try json.integer()
            case "comm": read.comm = try json.string()
            case "waitsFor": read.waitsFor = json.null() ? "" : try json.string()
            case "site": read.site = try json.string()
            case "stack": read.stack = try json.strings()
            case "holds": read.holds = try json.strings()
            default: try json.skip()
            }
        }
        self = read
    }
}

extension Finding.Step {
    fileprivate init(from json: inout JSONReader) throws(JSONError) {
        var read = Finding.Step(from: "", to: "")
        try json.object { key, json throws(JSONError) in
            switch key {
            case "from": read.from = try json.string()
            case "to": read.to = try json.string()
            case "fromMode": read.fromMode = try json.name { LockMode(name: $0) }
            case "toMode": read.toMode = try json.name { LockMode(name: $0) }
            case "task": read.task = try json.integer()
            case "pid": read.pid = try json.integer()
            case "comm": read.comm = try json.string()
            case "cpu": read.cpu = try json.integer()
            case "t": read.time = try json.integer()
            case "test": read.test = try json.string()
            case "heldSite": read.heldSite = try json.string()
            case "heldStack": read.heldStack = try json.strings()
            case "site": read.site = try json.string()
            case "stack": read.stack = try json.strings()
            case "direct": read.isDirect = try json.boolean()
            case "may": read.isMay = try json.boolean()
            case "new": read.isNew = json.null() ? nil : try json.boolean()
            case "count": read.count = try json.integer()
            case "sites": read.siteCount = try json.integer()
            case "needsQueuedWriter": read.needsQueuedWriter = try json.boolean()
            case "writerSeen": read.writerSeen = try json.boolean()
            default: try json.skip()
            }
        }
        self = read
    }
}

extension JSONReader {
    /// Reads a string that must be one of the names a type knows.
    mutating func name<Value>(_ value: (String) -> Value?) throws(JSONError) -> Value {
        let place = error("")
        let text = try string()
        guard let value = value(text) else { throw JSONError("'\(text)' is no \(Value.self)", column: place.column) }
        return value
    }
}
