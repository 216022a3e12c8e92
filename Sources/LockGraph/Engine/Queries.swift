// SPDX-License-Identifier: Apache-2.0

import LockEvents

// MARK: - Findings and counts

extension LockOrderEngine {
    /// Whether ``takeNewFindings()`` has something to give.
    @inlinable public var hasNewFindings: Bool { book.hasFresh }

    /// What was found since the last call, in the order it was found.
    ///
    /// A finding comes again when later evidence raises its grade; ``Finding/previousGrade`` tells.
    public mutating func takeNewFindings() -> [Finding] { book.takeFresh() }

    /// Everything found so far, each once at its latest grade and with what its dependencies have by now.
    public var findings: [Finding] {
        book.entries.map { entry in
            guard !entry.dependencies.isEmpty else { return entry.finding }
            var finding = entry.finding
            finding.steps = steps(entry.dependencies, isCycle: finding.kind == .cycle)
            return finding
        }
    }

    /// Counts so far. Costs a pass over the dependencies.
    public var summary: EngineSummary {
        var summary = counts
        summary.tasks = stacks.taskCount
        summary.nodes = nodes.count
        summary.explainedNestings = explainedNestings
        summary.classes = displayNumbers.keys.filter { nodes.canonical(LockClassID(rawValue: $0)).rawValue == $0 }.count
        for number in graph.observations.indices where isListed(number) {
            summary.dependencies += 1
            if graph.order[number].isDirect { summary.directDependencies += 1 }
        }
        return summary
    }

    /// Bytes that the dependencies take outside of their evidence: for benchmarks.
    public var dependencyFootprint: Int {
        graph.order.footprint + graph.observations.capacity * MemoryLayout<DependencyGraph.Observation>.stride
    }
}

// MARK: - The graph

extension LockOrderEngine {
    /// The nodes seen so far, in order of appearance.
    public var lockNodes: [LockNode] {
        nodes.nodes.indices.filter { isCurrent(NodeIndex($0)) }.map { nodes[NodeIndex($0)].key }
    }

    /// How many dependencies there are, at no cost.
    public var dependencyCount: Int { graph.order.dependencyCount }

    /// The dependencies so far, in order of appearance.
    public var dependencies: [Dependency] {
        graph.observations.indices.filter { isListed($0) }.map { dependency($0) }
    }

    /// The sets of nodes that lead to each other: where every cycle lies.
    public func strongComponents() -> [[LockNode]] {
        graph.order.stronglyConnectedComponents().map { component in
            component.classes.map { nodes[graph.nodeOfClass[$0]].key }
        }
    }

    /// How the classes one pattern names lead to those another names, by any dependencies; nil when they do not.
    ///
    /// Classes kept out of verdicts are on no path. Costs two passes over the dependencies, and one search for each pair of
    /// classes that the patterns name.
    public func path(from: LockPattern, to: LockPattern) -> PathAnswer? {
        let sources = classes(from)
        let targets = classes(to)
        let after = graph.order.reachable(from: sources, backward: false)
        let before = Set(graph.order.reachable(from: targets, backward: true))
        let ends = Set(targets)
        let starts = Set(sources)
        var shortest: [Int]?
        var connected: (from: Set<Int>, to: Set<Int>) = ([], [])
        for source in sources {
            let reached = Set(graph.order.reachable(from: [source], backward: false))
            for target in targets where target != source && reached.contains(target) {
                guard let path = graph.order.shortestPlainPath(from: source, to: target) else { continue }
                connected.from.insert(source)
                connected.to.insert(target)
                if path.count < shortest?.count ?? .max { shortest = path }
            }
        }
        guard let shortest else { return nil }
        let between = after.filter { before.contains($0) && !ends.contains($0) && !starts.contains($0) }
        return PathAnswer(
            from: sources.filter { connected.from.contains($0) }.map { nodes[graph.nodeOfClass[$0]].key },
            to: targets.filter { connected.to.contains($0) }.map { nodes[graph.nodeOfClass[$0]].key },
            between: between.map { nodes[graph.nodeOfClass[$0]].key },
            shortest: shortest.map { dependency($0) }
        )
    }

    /// The classes of the order that a pattern names: those that fit best.
    private func classes(_ pattern: LockPattern) -> [Int] {
        var best: LockPattern.Fit?
        var found: [Int] = []
        for index in nodes.nodes.indices.map({ NodeIndex($0) }) where isCurrent(index) && nodes[index].isValidated {
            let names = [tables.classes[nodes[index].key.lockClass].name, printedName(index)]
            guard let fit = names.compactMap({ pattern.fit($0) }).max() else { continue }
            if let known = best, fit < known { continue }
            if fit != best { found.removeAll() }
            best = fit
            found.append(Int(nodes[index].arrival))
        }
        return found
    }

    private func dependency(_ number: Int) -> Dependency {
        let ends = graph.ends(of: number)
        let known = graph.order[number]
        let observation = graph.observations[number]
        let evidence = graph.evidence[number]
        return Dependency(
            from: nodes[ends.from].key,
            to: nodes[ends.to].key,
            fromMode: known.held,
            toMode: known.acquired,
            isDirect: known.isDirect,
            isMay: !observation.flags.contains(.real),
            isNew: options.baseline == nil ? nil : observation.flags.contains(.new),
            count: UInt64(observation.count),
            sites: (0..<Int(evidence.siteCount)).map { evidence.sites[$0] },
            taskCount: evidence.hasSecondTask ? 2 : 1,
            witness: evidence.witness
        )
    }

    private func isListed(_ number: Int) -> Bool {
        guard !graph.order.isFolded(number) else { return false }
        let dependency = graph.order[number]
        return dependency.from != dependency.to
    }

    /// Whether a node stands for itself, and not for one it was unified with.
    private func isCurrent(_ index: NodeIndex) -> Bool {
        graph.order.representative(of: Int(nodes[index].arrival)) == Int(nodes[index].arrival)
    }
}

// MARK: - Names

extension LockOrderEngine {
    /// The name to show for a node: `name`, `name#2` for another class of the same name, `name/1` for a subclass.
    public func printedName(of node: LockNode) -> String {
        let lockClass = nodes.canonical(node.lockClass)
        var name = tables.classes[lockClass].name
        if let number = displayNumbers[lockClass.rawValue], number > 1 { name += "#\(number)" }
        if node.printedSubclass > 0 { name += "/\(node.printedSubclass)" }
        return name
    }

    /// The identity of a node, as a baseline or a graph file keeps it.
    public func key(of node: LockNode) -> Baseline.ClassKey {
        let lockClass = tables.classes[nodes.canonical(node.lockClass)]
        return Baseline.ClassKey(
            name: lockClass.name,
            type: lockClass.type,
            origin: lockClass.origin,
            subclass: node.printedSubclass
        )
    }

    func printedName(_ index: NodeIndex) -> String { printedName(of: nodes[index].key) }

    func key(_ index: NodeIndex) -> Baseline.ClassKey { key(of: nodes[index].key) }
}
