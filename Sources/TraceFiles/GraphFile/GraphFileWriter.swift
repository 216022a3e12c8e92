// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
public import LockGraph

/// A graph file that grows while its run goes on.
///
///     var file = try GraphFileWriter("run.livedep", run: run)
///     try file.append(engine)                 // from time to time
///     try file.finish(engine, counters: ["drops": 0])
///
/// Each ``append(_:)`` adds the classes, dependencies and findings that are new, and again those dependencies that have
/// become more than what the file says: direct, with another stack, or at twice the count (so a dependency takes as many
/// lines as its count has bits, at most). In the file the last line of a key is the largest, and a reader keeps that. What
/// was appended survives the program's death; only ``finish(_:counters:)`` writes the `summary` that calls it complete.
public struct GraphFileWriter: ~Copyable {
    private struct Written {
        var count: UInt64
        var detail: Int
    }

    private let run: GraphRun
    private var file: OutputFile
    private var json = JSONWriter()
    private var classes: Set<LockClassID> = []
    private var dependencies: [GraphSnapshot.DependencyKey: Written] = [:]
    private var grades: [GraphSnapshot.FindingKey: Grade?] = [:]

    /// Creates or empties a file and writes its run record.
    public init(_ name: String, run: GraphRun) throws(FileError) {
        var json = JSONWriter()
        GraphSnapshot.write(run, to: &json)
        var opened = try OutputFile(name)
        try opened.write(json.bytes)
        try opened.flush()
        self.run = run
        file = opened
    }

    /// Adds what is new. Cost: a pass over the engine's dependencies.
    public mutating func append(_ engine: LockOrderEngine) throws(FileError) {
        collect(engine, isLast: false)
        try send()
    }

    /// Adds what has changed at all, and the summary, and closes the file.
    public mutating func finish(_ engine: LockOrderEngine, counters: [String: Int] = [:]) throws(FileError) {
        collect(engine, isLast: true)
        // At the end only: a class that became another's meanwhile would have its times under both.
        for entry in engine.times.entries { GraphSnapshot.write(entry, run: run, tables: engine.tables, to: &json) }
        GraphSnapshot.write(GraphSummary(engine.summary, counters: counters), run: run, to: &json)
        try send()
        try file.finish()
    }

    private mutating func collect(_ engine: LockOrderEngine, isLast: Bool) {
        for node in engine.lockNodes where classes.insert(node.lockClass).inserted {
            GraphSnapshot.write(engine.tables.classes[node.lockClass], run: run, to: &json)
        }
        for dependency in engine.dependencies {
            let key = GraphSnapshot.DependencyKey(dependency, run: 0)
            let detail = Self.detail(of: dependency)
            if let written = dependencies[key] {
                let hasGrown = isLast ? dependency.count > written.count : dependency.count / 2 >= written.count
                if !hasGrown && detail == written.detail { continue }
            }
            dependencies[key] = Written(count: dependency.count, detail: detail)
            GraphSnapshot.write(dependency, run: run, tables: engine.tables, to: &json)
        }
        let keys = GraphSnapshot.keys(of: engine)
        for finding in engine.findings {
            let key = GraphSnapshot.FindingKey(run: 0, signature: finding.signature, kind: finding.kind)
            if !isLast, let written = grades[key], written == finding.grade { continue }
            grades[key] = finding.grade
            let own = GraphSnapshot.keys(for: finding, among: keys)
            GraphSnapshot.write(finding, keys: own, run: run, to: &json)
        }
    }

    /// What can become better about a dependency apart from its count.
    private static func detail(of dependency: Dependency) -> Int {
        let witness = dependency.witness
        let flags = [
            dependency.isDirect, !dependency.isMay, witness.stack != .none, witness.heldStack != .none,
            dependency.taskCount > 1,
        ]
        return flags.reduce(dependency.sites.count) { $0 << 1 | ($1 ? 1 : 0) }
    }

    private mutating func send() throws(FileError) {
        try file.write(json.bytes)
        json.removeAll()
        try file.flush()
    }
}
