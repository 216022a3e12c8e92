// SPDX-License-Identifier: Apache-2.0

import LockEvents

// What a dependency means once it is part of the order: cycles, rule paths, something new.
extension LockOrderEngine {
    /// With more cycles than anybody reads, each dependency reports one, and no others are searched for.
    private static let cyclesToEnumerateBelow = 1000
    /// How many steps the enumeration of one dependency's cycles may take.
    private static let enumerationEffort = 4096

    /// Reports what a dependency that was added, or became direct, brings about.
    mutating func judge(_ number: Int) {
        let dependency = graph.order[number]
        let closedRules = rules.add(from: dependency.from, to: dependency.to, in: graph.order)
        guard !graph.observations[number].flags.contains(.covered) else { return }
        if graph.observations[number].flags.contains(.new) { reportNew(number) }
        if graph.order.isOnCycle(number) { reportCycles(number) }
        for rule in closedRules { reportRule(rule, number) }
    }

    private mutating func reportNew(_ number: Int) {
        let ends = graph.ends(of: number)
        guard nodes[ends.from].isValidated, nodes[ends.to].isValidated else { return }
        let signature = Signature(kind: .new, classes: [key(ends.from), key(ends.to)])
        guard book.find(signature) == nil else { return }
        report(.new, signature, nodes: [ends.from, ends.to], dependencies: [number], grade: nil, gate: nil)
    }

    // MARK: Cycles

    private mutating func reportCycles(_ number: Int) {
        guard let shortest = graph.order.shortestCycle(through: number) else { return }
        // The order gives the cycle from the dependency on; a reader wants the closing one last.
        reportCycle(rotated(shortest, behind: number))
        guard options.cyclesPerDependency > 1, shortest.contains(number) else { return }
        guard counts.findings[.cycle, default: 0] < Self.cyclesToEnumerateBelow else {
            counts.cyclesOmitted += 1
            return
        }
        let directOnly = shortest.allSatisfy { $0 == number || graph.order[$0].isDirect }
        let enumeration = CycleEnumeration(
            closing: number,
            in: graph.order,
            directOnly: directOnly,
            limit: options.cyclesPerDependency,
            effort: Self.enumerationEffort
        )
        if enumeration.isCutOff { counts.cyclesOmitted += 1 }
        for path in enumeration.found { reportCycle(path + [number]) }
    }

    private func rotated(_ cycle: [Int], behind number: Int) -> [Int] {
        guard let place = cycle.firstIndex(of: number) else { return cycle }
        return Array(cycle[(place + 1)...] + cycle[...place])
    }

    private mutating func reportCycle(_ cycle: [Int]) {
        let members = cycle.map { graph.ends(of: $0).from }
        let signature = Signature(kind: .cycle, classes: members.map { key($0) })
        let verdict = grade(cycle, isCycle: true)
        report(.cycle, signature, nodes: members, dependencies: cycle, grade: verdict.grade, gate: verdict.gate)
    }

    // MARK: Rules

    private mutating func reportRule(_ rule: Int, _ number: Int) {
        let dependency = graph.order[number]
        let sources = graph.order.reachable(from: [dependency.from], backward: true).filter {
            rules.isLeft($0, of: rule)
        }
        let targets = graph.order.reachable(from: [dependency.to], backward: false).filter {
            rules.isRight($0, of: rule)
        }
        for source in sources {
            for target in targets {
                let ends = [source, target].map { nodes[graph.nodeOfClass[$0]].key.lockClass }
                guard rules.claim(rule, source: ends[0], target: ends[1]),
                    let head = graph.order.shortestPlainPath(from: source, to: dependency.from),
                    let tail = graph.order.shortestPlainPath(from: dependency.to, to: target)
                else { continue }
                reportRulePath(rule, head + [number] + tail)
            }
        }
    }

    private mutating func reportRulePath(_ rule: Int, _ path: [Int]) {
        guard let first = path.first, let last = path.last else { return }
        let members = [graph.ends(of: first).from] + path.map { graph.ends(of: $0).to }
        let ends = [graph.ends(of: first).from, graph.ends(of: last).to]
        let text = rules.rules[rule].text
        let signature = Signature(kind: .rule, classes: ends.map { key($0) }, rule: text)
        let verdict = grade(path, isCycle: false)
        report(
            .rule,
            signature,
            nodes: members,
            dependencies: path,
            grade: verdict.grade,
            gate: verdict.gate,
            rule: text
        )
    }

    /// Looks for rule paths that came about without a new dependency: classes turned out to be one.
    mutating func judgeRulesAgain() {
        for number in graph.observations.indices where !graph.order.isFolded(number) {
            let dependency = graph.order[number]
            guard dependency.from != dependency.to else { continue }
            for rule in rules.add(from: dependency.from, to: dependency.to, in: graph.order) {
                reportRule(rule, number)
            }
        }
    }

    /// Reports cycles that came about without a new dependency.
    mutating func judgeCycles(_ cycles: [[Int]]) {
        for cycle in cycles { reportCycle(cycle) }
    }

    // MARK: Grades

    /// Grades anew what rests on a dependency whose evidence changed.
    mutating func gradeAgain(dependency: Int) {
        for place in book.findings(on: dependency) {
            let entry = book.entries[place]
            guard let old = entry.finding.grade, old != .bound else { continue }
            let verdict = grade(entry.dependencies, isCycle: entry.finding.kind == .cycle)
            guard verdict.grade > old else { continue }
            raise(place, entry.dependencies, entry.nodes, verdict)
        }
    }

    /// What the evidence says of dependencies that make a cycle or a path (DESIGN 3.8).
    func grade(_ dependencies: [Int], isCycle: Bool) -> (grade: Grade, gate: LockClassID?) {
        guard bind(dependencies, isCycle: isCycle) else { return (.classOnly, nil) }
        if isCycle, !haveTwoTasks(dependencies) { return (.classOnly, nil) }
        // One dependency is not put together from several: whoever made it went all the way, gate or not.
        if dependencies.count > 1, let gate = commonGate(dependencies) { return (.guarded, gate) }
        return (.bound, nil)
    }

    private func haveTwoTasks(_ dependencies: [Int]) -> Bool {
        guard let first = dependencies.first else { return false }
        let task = graph.evidence[first].witness.task
        return dependencies.contains {
            graph.evidence[$0].hasSecondTask || graph.evidence[$0].witness.task != task
        }
    }

    private func commonGate(_ dependencies: [Int]) -> LockClassID? {
        guard let first = dependencies.first else { return nil }
        for index in 0..<Int(graph.evidence[first].gateCount) {
            let gate = graph.evidence[first].gates[index]
            let isCommon = dependencies.allSatisfy { number in
                (0..<Int(graph.evidence[number].gateCount)).contains { graph.evidence[number].gates[$0] == gate }
            }
            if isCommon { return graph.gates.lockClass(gate) }
        }
        return nil
    }

    /// Whether instances can be chosen so that each dependency holds what the one before it takes.
    private func bind(_ dependencies: [Int], isCycle: Bool) -> Bool {
        guard let first = dependencies.first else { return false }
        let rest = dependencies.dropFirst()
        if rest.isEmpty, !isCycle { return true }
        // A static class binds by itself, so the chain may be cut there and its pieces bound one by one.
        if isCycle, let cut = dependencies.firstIndex(where: { nodes[graph.ends(of: $0).from].isStatic }) {
            return bindChain(Array(dependencies[cut...] + dependencies[..<cut]), from: nil)
        }
        guard isCycle else { return bindChain(dependencies, from: nil) }
        for index in 0..<Int(graph.evidence[first].pairCount) {
            if bindChain(dependencies, from: graph.evidence[first].pairs[index]) { return true }
        }
        return false
    }

    /// Walks a chain with the set of instances that the last lock taken can be. A start makes it a cycle.
    private func bindChain(_ dependencies: [Int], from start: Evidence.InstancePair?) -> Bool {
        var taken: Set<UInt32>? = start.map { [$0.taken] }
        for (position, number) in dependencies.enumerated() {
            if position == 0, start != nil { continue }
            let evidence = graph.evidence[number]
            let isStatic = nodes[graph.ends(of: number).from].isStatic
            var next: Set<UInt32> = []
            for index in 0..<Int(evidence.pairCount) {
                let pair = evidence.pairs[index]
                if isStatic || taken?.contains(pair.held) ?? true { next.insert(pair.taken) }
            }
            // Without instances only what binds by itself binds.
            let endsStatic = nodes[graph.ends(of: number).to].isStatic
            let isLast = position == dependencies.count - 1
            if next.isEmpty {
                let mayStart = isStatic || taken == nil
                guard mayStart, evidence.pairCount == 0, endsStatic || (isLast && start == nil) else { return false }
            }
            taken = next
        }
        guard let start else { return true }
        return taken?.contains(start.held) ?? false
    }
}
