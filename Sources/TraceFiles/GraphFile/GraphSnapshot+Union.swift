// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

extension GraphSnapshot {
    /// Adds a run, or finds it; returns its index in ``runs``.
    @discardableResult
    public mutating func insert(_ run: GraphRun) -> Int {
        if let index = runIndex[run.id] {
            if Self.order(run) > Self.order(runs[index]) { runs[index] = run }
            return index
        }
        let index = runs.count
        runIndex[run.id] = index
        runs.append(run)
        return index
    }

    /// Two different descriptions of one run: the one that says more, then any one by a fixed order.
    private static func order(_ run: GraphRun) -> some Comparable {
        let fields = [run.host, run.kernel, run.source, run.command, run.sameClass.rawValue, String(run.began)]
        return Ordered(fields: [fields.filter { !$0.isEmpty }.count], then: fields)
    }

    /// Adds a class of a run.
    public mutating func insert(_ lockClass: LockClass, run: Int) {
        let id = tables.classes.intern(lockClass)
        let entry = ClassEntry(
            run: run,
            id: id,
            naming: lockClass.naming,
            certainty: lockClass.certainty,
            isValidated: lockClass.isValidated
        )
        insert(entry)
    }

    mutating func insert(_ entry: ClassEntry) {
        let key = ClassKey(run: entry.run, id: entry.id)
        guard let index = classIndex[key] else {
            classIndex[key] = classes.count
            classes.append(entry)
            return
        }
        let known = classes[index]
        classes[index].isValidated = known.isValidated && entry.isValidated
        let isBetter =
            entry.certainty == known.certainty ? entry.naming < known.naming : entry.certainty == .exact
        if isBetter {
            classes[index].certainty = entry.certainty
            classes[index].naming = entry.naming
        }
    }

    /// Adds a dependency of a run, whose identifiers are of ``tables``.
    ///
    /// A known one gets the larger count, is direct if either is, may only happen if both only may, has the call sites of
    /// both, and keeps the better witness: with more stacks, then the earlier.
    public mutating func insert(_ dependency: Dependency, run: Int) {
        var dependency = dependency
        dependency.from = Self.filed(dependency.from)
        dependency.to = Self.filed(dependency.to)
        dependency.isNew = nil
        let key = DependencyKey(dependency, run: run)
        guard let index = dependencyIndex[key] else {
            dependency.sites = sorted(dependency.sites)
            dependencyIndex[key] = dependencies.count
            dependencies.append(Entry(run: run, dependency: dependency))
            return
        }
        var known = dependencies[index].dependency
        known.count = max(known.count, dependency.count)
        known.isDirect = known.isDirect || dependency.isDirect
        known.isMay = known.isMay && dependency.isMay
        known.taskCount = max(known.taskCount, dependency.taskCount)
        if !dependency.sites.allSatisfy(known.sites.contains) { known.sites = sorted(known.sites + dependency.sites) }
        if order(dependency.witness) < order(known.witness) { known.witness = dependency.witness }
        dependencies[index].dependency = known
    }

    /// Files know one number of a node, subclass and nesting together.
    static func filed(_ node: LockNode) -> LockNode { Self.node(node.lockClass, printedSubclass: node.printedSubclass) }

    static func node(_ id: LockClassID, printedSubclass: Int) -> LockNode {
        let subclass = min(max(printedSubclass, 0), 7)
        return LockNode(
            id,
            subclass: UInt8(subclass),
            nesting: UInt8(clamping: printedSubclass - subclass)
        )
    }

    private func sorted(_ sites: [NameID]) -> [NameID] {
        if sites.count < 2 { return sites }
        return Set(sites).sorted { tables.names[$0] < tables.names[$1] }
    }

    private func order(_ witness: Witness) -> some Comparable {
        let missing = (witness.stack == .none ? 1 : 0) + (witness.heldStack == .none ? 1 : 0)
        let time = Int(clamping: witness.time)
        return Ordered(
            fields: [missing, time, Int(witness.pid), Int(witness.cpu), Int(clamping: witness.task.rawValue)],
            then: [witness.comm, witness.test, witness.site, witness.heldSite].map { tables.names[$0] }
                + tables.frames(of: witness.stack) + ["\0"] + tables.frames(of: witness.heldStack)
        )
    }

    /// Adds a finding of a run; of two with one signature the one with the higher grade stays.
    public mutating func insert(_ finding: Finding, keys: [String: Baseline.ClassKey], run: Int) {
        let entry = FindingEntry(run: run, finding: finding, keys: keys)
        let key = FindingKey(run: run, signature: finding.signature, kind: finding.kind)
        guard let index = findingIndex[key] else {
            findingIndex[key] = findings.count
            findings.append(entry)
            return
        }
        let known = findings[index]
        let grades = (entry.finding.grade?.rawValue ?? 0, known.finding.grade?.rawValue ?? 0)
        let isBetter = grades.0 == grades.1 ? Self.text(of: entry) > Self.text(of: known) : grades.0 > grades.1
        if isBetter { findings[index] = entry }
    }

    /// Adds how a run ended; of two ends the later one stays.
    public mutating func insert(_ summary: GraphSummary, run: Int) {
        if let known = summaries[run] {
            let events = (summary.engine.events, known.engine.events)
            let isBetter = events.0 == events.1 ? Self.text(of: summary) > Self.text(of: known) : events.0 > events.1
            if !isBetter { return }
        }
        summaries[run] = summary
    }

    /// Adds everything another graph has.
    public mutating func formUnion(_ other: GraphSnapshot) {
        var stacks: [StackID: StackID] = [:]
        func stack(_ id: StackID, _ tables: inout EventTables) -> StackID {
            if let known = stacks[id] { return known }
            let new = tables.internStack(other.tables.frames(of: id))
            stacks[id] = new
            return new
        }
        let run = other.runs.map { insert($0) }
        for entry in other.classes {
            var lockClass = other.tables.classes[entry.id]
            lockClass.naming = entry.naming
            lockClass.certainty = entry.certainty
            lockClass.isValidated = entry.isValidated
            insert(lockClass, run: run[entry.run])
        }
        for entry in other.dependencies {
            var dependency = entry.dependency
            dependency.from.lockClass = tables.classes.intern(other.tables.classes[dependency.from.lockClass])
            dependency.to.lockClass = tables.classes.intern(other.tables.classes[dependency.to.lockClass])
            dependency.sites = dependency.sites.map { tables.names.intern(other.tables.names[$0]) }
            var witness = dependency.witness
            witness.comm = tables.names.intern(other.tables.names[witness.comm])
            witness.test = tables.names.intern(other.tables.names[witness.test])
            witness.site = tables.names.intern(other.tables.names[witness.site])
            witness.heldSite = tables.names.intern(other.tables.names[witness.heldSite])
            witness.stack = stack(witness.stack, &tables)
            witness.heldStack = stack(witness.heldStack, &tables)
            dependency.witness = witness
            insert(dependency, run: run[entry.run])
        }
        for entry in other.findings { insert(entry.finding, keys: entry.keys, run: run[entry.run]) }
        for entry in other.times {
            var times = entry.times
            times.lockClass = tables.classes.intern(other.tables.classes[times.lockClass])
            insert(times, run: run[entry.run])
        }
        for (index, summary) in other.summaries { insert(summary, run: run[index]) }
        damagedLines += other.damagedLines
    }
}

/// Compares numbers first, then texts.
struct Ordered: Comparable {
    var fields: [Int]
    var then: [String]

    static func < (left: Self, right: Self) -> Bool {
        if left.fields != right.fields { return left.fields.lexicographicallyPrecedes(right.fields) }
        return left.then.lexicographicallyPrecedes(right.then)
    }
}
