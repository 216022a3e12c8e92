// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph

extension GraphSnapshot {
    /// What an engine knows at this moment, as the graph of one run.
    public init(_ engine: LockOrderEngine, run: GraphRun, counters: [String: Int] = [:]) {
        self.init()
        let index = insert(run)
        tables = engine.tables
        for node in engine.lockNodes { insert(engine.tables.classes[node.lockClass], run: index) }
        for dependency in engine.dependencies { insert(dependency, run: index) }
        let keys = Self.keys(of: engine)
        for finding in engine.findings { insert(finding, keys: Self.keys(for: finding, among: keys), run: index) }
        for entry in engine.times.entries { insert(entry, run: index) }
        insert(GraphSummary(engine.summary, counters: counters), run: index)
    }

    /// The identities behind an engine's printed names.
    static func keys(of engine: LockOrderEngine) -> [String: Baseline.ClassKey] {
        var keys: [String: Baseline.ClassKey] = [:]
        for node in engine.lockNodes { keys[engine.printedName(of: node)] = engine.key(of: node) }
        return keys
    }

    /// Those of the names in one finding.
    static func keys(for finding: Finding, among all: [String: Baseline.ClassKey]) -> [String: Baseline.ClassKey] {
        var keys: [String: Baseline.ClassKey] = [:]
        for name in finding.classes + finding.steps.flatMap({ [$0.from, $0.to] }) { keys[name] = all[name] }
        return keys
    }

    /// An engine that has seen all dependencies of the graph, all runs together, and found what they make.
    ///
    /// What a file keeps of a dependency has no instances, so cycles found this way are graded by class; ``findings`` has the
    /// grades of the runs themselves.
    public func engine(options: EngineOptions = EngineOptions()) -> LockOrderEngine {
        var engine = LockOrderEngine(options: options)
        engine.tables = analysisTables()
        for dependency in merged() { engine.add(dependency) }
        return engine
    }

    /// The dependencies of all runs together: counts are added up, the rest joined as for one run.
    ///
    /// They are sorted by the names of both ends and by modes, so that what is made of them does not depend on the order of
    /// a file.
    public func merged() -> [Dependency] {
        let rank = classRanks()
        func fields(_ dependency: Dependency) -> [Int] {
            [
                rank[Int(dependency.from.lockClass.rawValue)], dependency.from.printedSubclass,
                rank[Int(dependency.to.lockClass.rawValue)], dependency.to.printedSubclass,
                Int(dependency.fromMode.rawValue), Int(dependency.toMode.rawValue),
            ]
        }
        let keyed = union().map { (fields($0), $0) }
        return keyed.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    }

    private func union() -> [Dependency] {
        if runs.count == 1 { return dependencies.map(\.dependency) }
        var joined = GraphSnapshot()
        joined.tables = tables
        let run = joined.insert(GraphRun(id: ""))
        var counts: [Int: UInt64] = [:]
        for entry in dependencies {
            joined.insert(entry.dependency, run: run)
            let index = joined.dependencyIndex[DependencyKey(entry.dependency, run: run)] ?? 0
            counts[index, default: 0] &+= entry.dependency.count
        }
        return joined.dependencies.indices.map { index in
            var dependency = joined.dependencies[index].dependency
            dependency.count = counts[index] ?? dependency.count
            return dependency
        }
    }

    /// The tables with what is known of each class's name.
    private func analysisTables() -> EventTables {
        var best: [LockClassID: ClassEntry] = [:]
        for entry in classes {
            guard let known = best[entry.id] else {
                best[entry.id] = entry
                continue
            }
            if known.certainty == .inferred && entry.certainty == .exact { best[entry.id] = entry }
        }
        var result = tables
        result.classes = LockClassTable()
        for number in 0..<tables.classes.count {
            let id = LockClassID(rawValue: UInt32(number))
            var lockClass = tables.classes[id]
            if let entry = best[id] {
                lockClass.naming = entry.naming
                lockClass.certainty = entry.certainty
                lockClass.isValidated = entry.isValidated
            }
            _ = result.classes.intern(lockClass)
        }
        return result
    }
}
