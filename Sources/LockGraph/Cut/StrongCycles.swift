// SPDX-License-Identifier: Apache-2.0

/// The strong cycles of some dependencies, one by one, each once, each passing every class at most once.
///
/// D. B. Johnson, "Finding all the elementary circuits of a directed graph", SIAM Journal on Computing 4 (1975): depth
/// first from each class in turn over the classes after it, and a node from which no way back was found stays blocked
/// until something on its ways is free again. Two changes are for recursive readers: a node is blocked while the other
/// node of its class is on the path, and where a step can arrive at `(c,N)` it does not also arrive at `(c,R)`, because
/// all that leaves `(c,R)` leaves `(c,N)`; so each sequence of classes comes once.
///
/// There can be exponentially many, hence two limits; ``isComplete`` tells whether one of them was met.
public struct StrongCycles: Sequence, IteratorProtocol {
    /// One cycle.
    public struct Element: Sendable, Equatable {
        /// Its classes in order, from the lowest number on.
        public var classes: [Int]
        /// For each of them the dependencies that lead to the next one; any of a step would do.
        public var steps: [[Int]]
    }

    private struct Frame {
        var node: Int
        var next = 0
        var foundCycle = false
    }

    private struct Step {
        var target: Int
        var arcs: [Int]
    }

    private let graph: StrongGraph
    /// The steps that leave each node, by class.
    private let steps: [[Step]]
    private var nextRoot = 0
    private var root = 0
    private var path: [Frame] = []
    private var isBlocked: [Bool]
    private var isOnPath: [Bool]
    /// For each node those that are blocked until it is free.
    private var waiting: [Set<Int>]
    /// What the search from this root has changed in the three above.
    private var touched: [Int] = []
    private var remaining: Int
    private var effort: Int

    /// False once there were more cycles than a limit let through.
    public private(set) var isComplete = true

    /// Enumerates the cycles among dependencies of an order.
    ///
    /// - Parameters:
    ///   - dependencies: Their numbers.
    ///   - order: Where they are.
    ///   - limit: How many cycles to return at most.
    ///   - effort: How many steps to look at, at most.
    public init(of dependencies: [Int], in order: DependencyOrder, limit: Int = 10_000, effort: Int = 4_000_000) {
        self.init(StrongGraph(dependencies.map { ($0, order[$0]) }), limit: limit, effort: effort)
    }

    init(_ graph: StrongGraph, limit: Int, effort: Int) {
        self.graph = graph
        steps = graph.leaving.map { arcs in
            var byTarget: [Int: [Int]] = [:]
            for arc in arcs { byTarget[graph.arcs[arc].target, default: []].append(arc) }
            return byTarget.keys.sorted().compactMap { target in
                if target & 1 != 0 && byTarget[target ^ 1] != nil { return nil }
                return byTarget[target].map { Step(target: target, arcs: $0) }
            }
        }
        isBlocked = Array(repeating: false, count: graph.leaving.count)
        isOnPath = Array(repeating: false, count: graph.leaving.count)
        waiting = Array(repeating: [], count: graph.leaving.count)
        remaining = limit
        self.effort = effort
    }

    /// The next cycle, or nil when there are no more or a limit is met.
    public mutating func next() -> Element? {
        while true {
            if path.isEmpty && !beginNextRoot() { return nil }
            effort -= 1
            if effort < 0 { return stop() }
            let last = path.count - 1
            let node = path[last].node
            guard path[last].next < steps[node].count else {
                leave()
                continue
            }
            let target = steps[node][path[last].next].target
            path[last].next += 1
            if target >> 1 == root >> 1 {
                guard target == root else { continue }
                path[last].foundCycle = true
                if root & 1 != 0 && isFoundFromPlainRoot() { continue }
                remaining -= 1
                if remaining < 0 { return stop() }
                return cycle()
            }
            if target > root && !isBlocked[target] && !isOnPath[target ^ 1] { enter(target) }
        }
    }

    /// Whether the classes on the path are a cycle from `(c,N)` as well, where the root is `(c,R)`.
    private func isFoundFromPlainRoot() -> Bool {
        var node = root ^ 1
        for following in path.dropFirst().map({ $0.node >> 1 }) + [root >> 1] {
            guard let step = steps[node].first(where: { $0.target >> 1 == following }) else { return false }
            node = step.target
        }
        return node == root ^ 1
    }

    private func cycle() -> Element {
        Element(
            classes: path.map { graph.classes[$0.node >> 1] },
            steps: path.map { frame in steps[frame.node][frame.next - 1].arcs.map { graph.arcs[$0].dependency } }
        )
    }

    private mutating func stop() -> Element? {
        isComplete = false
        path.removeAll()
        nextRoot = graph.leaving.count
        return nil
    }

    private mutating func beginNextRoot() -> Bool {
        guard nextRoot < graph.leaving.count else { return false }
        root = nextRoot
        nextRoot += 1
        for node in touched {
            isBlocked[node] = false
            waiting[node].removeAll()
        }
        touched.removeAll()
        enter(root)
        return true
    }

    private mutating func enter(_ node: Int) {
        isBlocked[node] = true
        isOnPath[node] = true
        touched.append(node)
        path.append(Frame(node: node))
    }

    private mutating func leave() {
        guard let frame = path.popLast() else { return }
        isOnPath[frame.node] = false
        if frame.foundCycle {
            isBlocked[frame.node] = false
            release(frame.node)
            if !path.isEmpty { path[path.count - 1].foundCycle = true }
        } else {
            for step in steps[frame.node] {
                waiting[step.target].insert(frame.node)
                touched.append(step.target)
            }
        }
        // What failed because this node was on the path may succeed by the other node of its class now.
        if !isBlocked[frame.node ^ 1] { release(frame.node ^ 1) }
    }

    private mutating func release(_ node: Int) {
        var open = [node]
        while let current = open.popLast() {
            let waiters = waiting[current]
            waiting[current].removeAll()
            for waiter in waiters where isBlocked[waiter] && !isOnPath[waiter] {
                isBlocked[waiter] = false
                open.append(waiter)
            }
        }
    }
}
