// SPDX-License-Identifier: Apache-2.0

public import LockEvents

extension LockOrderEngine {
    /// Makes one of two classes that turn out to be one.
    ///
    /// The one with the exact name stays; if both or neither are exact, the first. One that is kept out of verdicts goes. What was found before is not reported again
    /// under the other name; cycles and rule paths that only the union has are reported. Events may go on naming either.
    public mutating func unify(_ first: LockClassID, _ second: LockClassID) {
        var kept = nodes.canonical(first)
        var gone = nodes.canonical(second)
        guard kept != gone else { return }
        let (first, second) = (tables.classes[kept], tables.classes[gone])
        // A class that is kept out of verdicts is not split into its two ends any more once it is one with another.
        let isSwapped =
            first.isValidated == second.isValidated
            ? first.certainty == .inferred && second.certainty == .exact : second.isValidated
        if isSwapped { swap(&kept, &gone) }
        let moving = nodes.nodes.indices.map { NodeIndex($0) }.filter { nodes[$0].key.lockClass == gone }
        nodes.alias(gone, to: kept)
        times.unify(kept, gone)
        renumber(kept, takingIn: gone, hasNodes: !moving.isEmpty)
        var cycles: [[Int]] = []
        var survivors: [NodeIndex: NodeIndex] = [:]
        for index in moving {
            var key = nodes[index].key
            key.lockClass = kept
            let survivor = nodes.find(key)
            nodes.rename(index, to: key, survivor: survivor == index ? NodeTable.none : survivor)
            guard survivor != NodeTable.none, survivor != index else { continue }
            survivors[index] = survivor
            cycles += merge(index, into: survivor)
        }
        nodes.refreshFamilies()
        let renamed = { (index: NodeIndex) in survivors[index] ?? index }
        let current = { [nodes] (lockClass: LockClassID) in nodes.canonical(lockClass) }
        graph.instances.renameClasses(current)
        graph.gates.renameClasses(current)
        for slot in stacks.liveSlots {
            for index in stacks.range(slot) where stacks.entries[index].mark != NodeTable.none {
                stacks.entries[index].mark = renamed(stacks.entries[index].mark)
            }
        }
        book.renameNodes(renamed)
        for (place, entry) in book.entries.enumerated() where entry.finding.kind != .rule {
            book.alias(Signature(kind: entry.finding.kind, classes: entry.nodes.map { key($0) }), to: place)
        }
        rules.unify(in: graph.order, current)
        judgeCycles(cycles)
        judgeRulesAgain()
    }

    /// Gives the class that stays a display number: the lower one where both bear one name, so that a name which turns out
    /// to be of one class loses its `#2`.
    private mutating func renumber(_ kept: LockClassID, takingIn gone: LockClassID, hasNodes: Bool) {
        let name = tables.classes[kept].name
        guard let own = displayNumbers[kept.rawValue] else {
            guard hasNodes else { return }
            if tables.classes[gone].name == name, let number = displayNumbers[gone.rawValue] {
                displayNumbers[kept.rawValue] = number
            } else {
                namesakes[name, default: 0] += 1
                displayNumbers[kept.rawValue] = namesakes[name]
            }
            return
        }
        guard tables.classes[gone].name == name, let other = displayNumbers[gone.rawValue] else { return }
        displayNumbers[kept.rawValue] = min(own, other)
        displayNumbers[gone.rawValue] = max(own, other)
        // The number that nobody shows any more may be given again, unless a later class has come after it.
        if namesakes[name] == max(own, other) { namesakes[name] = max(own, other) - 1 }
    }

    /// Merges two nodes of the order with what was observed of their dependencies.
    private mutating func merge(_ gone: NodeIndex, into kept: NodeIndex) -> [[Int]] {
        let ends = [(nodes[gone].arrival, nodes[kept].arrival), (nodes[gone].departure, nodes[kept].departure)]
        var cycles: [[Int]] = []
        for (from, to) in nodes[gone].arrival == nodes[gone].departure ? [ends[0]] : ends {
            let result = graph.order.unify(Int(from), into: Int(to))
            for folding in result.folded { fold(folding.gone, into: folding.into) }
            cycles += result.cycles
        }
        return cycles
    }

    private mutating func fold(_ gone: Int, into kept: Int) {
        let old = graph.observations[gone]
        graph.observations[kept].count = graph.observations[kept].count.addingSaturating(old.count)
        graph.observations[kept].context = 0
        let isCovered = old.flags.contains(.covered) && graph.observations[kept].flags.contains(.covered)
        graph.observations[kept].flags.formUnion(old.flags.subtracting([.settled, .steady, .new]))
        if !old.flags.contains(.new) { graph.observations[kept].flags.remove(.new) }
        graph.observations[kept].flags.subtract([.settled, .steady])
        if !isCovered { graph.observations[kept].flags.remove(.covered) }
        let evidence = graph.evidence[gone]
        graph.evidence[kept].merge(evidence)
        book.replace(dependency: gone, by: kept)
    }
}

extension UInt32 {
    fileprivate func addingSaturating(_ other: UInt32) -> UInt32 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Evidence {
    /// Adds what was kept of a dependency that turned out to be the same.
    fileprivate mutating func merge(_ other: Evidence) {
        if other.hasSecondTask || other.witness.task != witness.task { hasSecondTask = true }
        for index in 0..<Int(other.siteCount) { add(site: other.sites[index]) }
        for index in 0..<Int(other.pairCount) { _ = add(pair: other.pairs[index]) }
        _ = keepGates { gate in (0..<Int(other.gateCount)).contains { other.gates[$0] == gate } }
    }
}
