// SPDX-License-Identifier: Apache-2.0

import LockEvents

extension LockOrderEngine {
    /// Adds a dependency that some other graph has (a file, a splat), with all consequences of one seen in an event.
    ///
    /// Its identifiers are of this engine's ``tables``. A known one keeps its witness, and the larger count. It carries no
    /// instances, so that a cycle over such dependencies is `bound` only where the classes are static.
    public mutating func add(_ dependency: Dependency) {
        let from = node(dependency.from)
        let to = node(dependency.to)
        guard from != to else { return }
        if dependency.fromMode == .write { nodes.noteWriter(from) }
        if dependency.toMode == .write { nodes.noteWriter(to) }
        let count = UInt32(clamping: dependency.count)
        var adds: DependencyGraph.Flags = dependency.isDirect ? .direct : []
        if !dependency.isMay { adds.insert(.real) }
        let insertion = graph.order.insert(
            from: Int(nodes[from].departure),
            to: Int(nodes[to].arrival),
            held: dependency.fromMode,
            acquired: dependency.toMode,
            isDirect: dependency.isDirect
        )
        switch insertion {
        case .known(let number):
            graph.observations[number].count = max(graph.observations[number].count, count)
            graph.observations[number].flags.formUnion(adds)
            for site in dependency.sites { graph.evidence[number].add(site: site) }
            if dependency.taskCount > 1 || dependency.witness.task != graph.evidence[number].witness.task {
                graph.evidence[number].hasSecondTask = true
            }
            if graph.observations[number].flags.contains(.covered), dependency.isDirect {
                graph.observations[number].flags.remove(.covered)
                judge(number)
            }
        case .added(let number), .closesCycle(let number):
            var evidence = Evidence(dependency.witness)
            for site in dependency.sites { evidence.add(site: site) }
            evidence.hasSecondTask = dependency.taskCount > 1
            // An implied dependency comes with those that imply it; without them it is judged when it turns out direct.
            if !dependency.isDirect, graph.order.coversWithDirect(number) { adds.insert(.covered) }
            if let baseline = options.baseline, isMissing(number, from: baseline) { adds.insert(.new) }
            graph.observations.append(.init(count: count, context: 0, flags: adds))
            graph.evidence.append(evidence)
            judge(number)
        }
    }
}

extension DependencyOrder {
    /// Whether an implied dependency's statement is made in two steps through some other class.
    fileprivate func coversWithDirect(_ number: Int) -> Bool {
        let dependency = self[number]
        var isCovered = false
        forEachSuccessor(of: dependency.from) { first in
            guard first.held == dependency.held, !first.toIsRecursive, first.lockClass != dependency.to else {
                return true
            }
            forEachSuccessor(of: first.lockClass) { second in
                isCovered = second.lockClass == dependency.to && second.acquired == dependency.acquired
                return !isCovered
            }
            return !isCovered
        }
        return isCovered
    }
}
