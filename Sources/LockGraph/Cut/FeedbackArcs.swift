// SPDX-License-Identifier: Apache-2.0

/// Where to break cycles: for each strongly connected component a smallest set of dependencies without which no strong
/// cycle is left.
///
///     let cuts = FeedbackArcs.cuts(in: order) { order[$0].isDirect ? 10 : 1 }
///
/// The minimum feedback arc set is NP-hard, and lock components are small. Up to ``Limits`` the answer is exact:
/// A. Baharev, H. Schichl, A. Neumaier, T. Achterberg, "An exact method for the minimum feedback arc set problem", ACM
/// Journal of Experimental Algorithmics 26 (2021): of the possibly exponentially many cycles only some are known; a
/// smallest set that hits all known ones (``HittingSet``) is a lower bound, and if it happens to break all cycles it is
/// the answer, else a shortest cycle through each dependency still on one becomes known and it starts over. Beyond the
/// limits P. Eades, X. Lin, W. F. Smyth, "A fast and effective heuristic for the feedback arc set problem", Information
/// Processing Letters 47 (1993), followed by taking back what need not be cut.
///
/// The same dependencies and weights give the same answer.
public struct FeedbackArcs: Sendable, Equatable {
    /// How an answer was found.
    public enum Method: Sendable, Equatable {
        /// No set of less weight breaks all cycles.
        case exact
        /// Nothing in the set can be left out, but a set of less weight may exist.
        case approximate
    }

    /// Up to where an exact answer is sought.
    public struct Limits: Sendable {
        /// Dependencies on cycles, in one component.
        public var dependencies: Int
        /// Branches looked at, all rounds of one component together.
        public var effort: Int

        /// The default takes well under a second for a component.
        public init(dependencies: Int = 2_000, effort: Int = 200_000) {
            self.dependencies = dependencies
            self.effort = effort
        }
    }

    /// All classes of the component, by number, ascending.
    public var classes: [Int]
    /// All dependencies of the component that are on cycles, by number, ascending.
    public var dependencies: [Int]
    /// Those to cut, ascending.
    public var cut: [Int]
    /// Their weights' sum.
    public var weight: Int
    /// No cut can weigh less than this. Equal to ``weight`` if the answer is exact.
    public var lowerBound: Int
    /// How the cut was found.
    public var method: Method

    /// The cuts of all components of an order, by their lowest dependency.
    ///
    /// - Parameters:
    ///   - order: The dependencies.
    ///   - limits: Up to where to be exact.
    ///   - isIncluded: Which dependencies count; the others are taken as not there.
    ///   - weight: What cutting a dependency costs, by its number; 1 at least.
    public static func cuts(
        in order: DependencyOrder,
        limits: Limits = Limits(),
        including isIncluded: (Int) -> Bool = { _ in true },
        weight: (Int) -> Int
    ) -> [FeedbackArcs] {
        let numbers = order.stronglyConnectedComponents().flatMap(\.dependencies).sorted().filter(isIncluded)
        let graph = StrongGraph(numbers.map { ($0, order[$0]) })
        let none = [Bool](repeating: false, count: graph.arcs.count)
        return graph.cyclicComponents(without: none).map { arcs in
            let dependencies = arcs.map { graph.arcs[$0].dependency }
            let component = StrongGraph(dependencies.map { ($0, order[$0]) })
            return solve(component, weights: dependencies.map { max(1, weight($0)) }, limits: limits)
        }
    }

    /// The cut of one component.
    static func solve(_ graph: StrongGraph, weights: [Int], limits: Limits) -> FeedbackArcs {
        var known = KnownCycles(graph: graph)
        known.learn(without: [Bool](repeating: false, count: graph.arcs.count))
        var effort = limits.effort
        var bound = HittingSet.lowerBound(of: known.cycles, weights: weights)
        while graph.arcs.count <= limits.dependencies {
            guard let hit = HittingSet.smallest(hitting: known.cycles, weights: weights, effort: &effort) else { break }
            bound = hit.reduce(0) { $0 + weights[$1] }
            var removed = [Bool](repeating: false, count: graph.arcs.count)
            for arc in hit { removed[arc] = true }
            if !known.learn(without: removed) {
                return FeedbackArcs(graph, cut: hit, weights: weights, lowerBound: bound, method: .exact)
            }
        }
        let cut = GreedyArrangement.cut(of: graph, weights: weights)
        return FeedbackArcs(graph, cut: cut, weights: weights, lowerBound: bound, method: .approximate)
    }

    private init(_ graph: StrongGraph, cut: [Int], weights: [Int], lowerBound: Int, method: Method) {
        classes = graph.classes
        dependencies = graph.arcs.map(\.dependency).sorted()
        self.cut = cut.map { graph.arcs[$0].dependency }.sorted()
        weight = cut.reduce(0) { $0 + weights[$1] }
        self.lowerBound = lowerBound
        self.method = method
    }
}

/// The cycles that the exact search has come across, each once.
private struct KnownCycles {
    let graph: StrongGraph
    /// Each ascending.
    private(set) var cycles: [[Int]] = []
    private var seen: Set<[Int]> = []

    init(graph: StrongGraph) { self.graph = graph }

    /// Learns a shortest cycle through each arc that is on one without those removed; false if there is none.
    ///
    /// Arcs of a cycle learnt in this round are not asked for another one, which keeps the cycles apart from each other.
    @discardableResult
    mutating func learn(without removed: [Bool]) -> Bool {
        var covered = [Bool](repeating: false, count: graph.arcs.count)
        var hasLearnt = false
        for component in graph.cyclicComponents(without: removed) {
            for arc in component where !covered[arc] {
                guard let cycle = graph.shortestCycle(through: arc, without: removed)?.sorted() else { continue }
                for step in cycle { covered[step] = true }
                hasLearnt = true
                if seen.insert(cycle).inserted { cycles.append(cycle) }
            }
        }
        return hasLearnt
    }
}
