// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph
public import TraceFiles

/// Where the cycles of a graph are best broken: per strongly connected component the lightest set of dependencies without
/// which no cycle is left, and how all dependencies on cycles compare.
///
/// Cycles are those along direct dependencies: an implied one comes of the same acquisitions as the direct ones that it
/// skips, and goes with them. Where it has no such path (a lock between was taken by trylock) it counts like a direct one.
public struct CycleCuts: Sendable {
    /// A dependency on cycles, as a place to break them.
    public struct Candidate: Sendable {
        /// The dependency with its witness.
        public var step: Finding.Step
        /// The functions that make it.
        public var functions: [String]
        /// How many of the component's cycles are gone without it.
        public var cyclesBroken: Int
        /// What breaking it costs: see ``CycleCuts``.
        public var weight: Int
        /// Part of the lightest set.
        public var isInCut: Bool
    }

    /// One strongly connected component.
    public struct Component: Sendable {
        /// The printed names of its classes.
        public var classes: [String]
        /// Its cycles, as far as they were counted.
        public var cycles: Int
        /// Whether all were counted.
        public var cyclesAreAll: Bool
        /// The dependencies on cycles: those of the cut first, then by what speaks for breaking them.
        public var candidates: [Candidate]
        /// The cut's weight, and a bound from below on any cut's.
        public var weight: Int
        /// No cut weighs less.
        public var lowerBound: Int
        /// Whether the cut is known to be a lightest one.
        public var isExact: Bool

        /// The cut.
        public var cut: [Candidate] { candidates.filter(\.isInCut) }
    }

    /// The components with cycles, those with new dependencies first.
    public private(set) var components: [Component] = []

    /// Looks for the best places. Exact within ``FeedbackArcs/Limits``; at most 10,000 cycles a component are counted.
    public init(_ graph: GraphSnapshot, baseline: Baseline? = nil) {
        let engine = graph.engine(options: EngineOptions(baseline: baseline))
        let dependencies = graph.merged().map { dependency in
            var dependency = dependency
            dependency.isNew = baseline.map { $0.contains(dependency, of: graph) == false }
            return dependency
        }
        var order = DependencyOrder()
        var classes: [LockNode: Int] = [:]
        var known: [Dependency] = []
        for dependency in dependencies where engine.isValidated(dependency) {
            let ends = [dependency.from, dependency.to].map { node in
                let number = classes[node] ?? order.addClass()
                classes[node] = number
                return number
            }
            let inserted = order.insert(
                from: ends[0],
                to: ends[1],
                held: dependency.fromMode,
                acquired: dependency.toMode,
                isDirect: dependency.isDirect
            )
            if inserted.dependency == known.count { known.append(dependency) }
        }
        let weights = known.map { CutWeight(isNew: $0.isNew, sites: $0.sites.count, count: $0.count).value }
        let essential = order.essentialDependencies()
        let cuts = FeedbackArcs.cuts(in: order, including: { essential.contains($0) }, weight: { weights[$0] })
        components = cuts.map { cut in
            Self.component(cut, order: order, known: known, weights: weights, engine: engine)
        }
        components.sort { left, right in
            let new = [left, right].map { $0.candidates.contains { $0.step.isNew == true } }
            return new[0] == new[1] ? left.classes.lexicographicallyPrecedes(right.classes) : new[0]
        }
    }

    private static func component(
        _ cut: FeedbackArcs,
        order: DependencyOrder,
        known: [Dependency],
        weights: [Int],
        engine: LockOrderEngine
    ) -> Component {
        var cycles = StrongCycles(of: cut.dependencies, in: order)
        var count = 0
        var broken: [Int: Int] = [:]
        while let cycle = cycles.next() {
            count += 1
            for step in cycle.steps {
                if step.count == 1, let only = step.first { broken[only, default: 0] += 1 }
            }
        }
        let chosen = Set(cut.cut)
        var candidates = cut.dependencies.map { number in
            Candidate(
                step: Finding.Step(known[number], in: engine),
                functions: known[number].sites.map { engine.tables.names[$0] },
                cyclesBroken: broken[number, default: 0],
                weight: weights[number],
                isInCut: chosen.contains(number)
            )
        }
        candidates.sort { left, right in
            if left.isInCut != right.isInCut { return left.isInCut }
            // What a break costs for each cycle that it breaks; then by name, so that equal graphs give equal answers.
            let costs = (left.weight * max(right.cyclesBroken, 1), right.weight * max(left.cyclesBroken, 1))
            if costs.0 != costs.1 { return costs.0 < costs.1 }
            return (left.step.from, left.step.to) < (right.step.from, right.step.to)
        }
        return Component(
            classes: Set(candidates.flatMap { [$0.step.from, $0.step.to] }).sorted(),
            cycles: count,
            cyclesAreAll: cycles.isComplete,
            candidates: candidates,
            weight: cut.weight,
            lowerBound: cut.lowerBound,
            isExact: cut.method == .exact
        )
    }
}

extension Baseline {
    fileprivate func contains(_ dependency: Dependency, of graph: GraphSnapshot) -> Bool {
        contains(
            from: graph.key(of: dependency.from),
            to: graph.key(of: dependency.to),
            fromMode: dependency.fromMode,
            toMode: dependency.toMode
        )
    }
}

extension LockOrderEngine {
    /// Whether both classes take part in verdicts.
    fileprivate func isValidated(_ dependency: Dependency) -> Bool {
        tables.classes[dependency.from.lockClass].isValidated && tables.classes[dependency.to.lockClass].isValidated
    }
}
