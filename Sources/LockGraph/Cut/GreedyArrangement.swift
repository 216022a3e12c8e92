// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// The heuristic of Eades, Lin and Smyth: put the nodes in a row so that little goes backwards, and cut that.
enum GreedyArrangement {
    /// Arcs without which no cycle is left; every one of them is needed given the others. Ascending.
    ///
    /// Cost: n log n for the row, and a search in an order for each arc that goes backwards.
    static func cut(of graph: StrongGraph, weights: [Int]) -> [Int] {
        let place = arrange(graph, weights: weights)
        var forward: [Int] = []
        var backward: [Int] = []
        for (index, arc) in graph.arcs.enumerated() {
            if arc.sourceNodes.allSatisfy({ place[$0] < place[arc.target] }) {
                forward.append(index)
            } else {
                backward.append(index)
            }
        }
        var order = DependencyOrder()
        for _ in graph.classes { _ = order.addClass() }
        for index in forward { insert(graph.arcs[index], into: &order) }
        backward.sort { weights[$0] == weights[$1] ? $0 < $1 : weights[$0] > weights[$1] }
        var cut: [Int] = []
        for index in backward {
            if closesCycle(graph.arcs[index], in: order) {
                cut.append(index)
            } else {
                insert(graph.arcs[index], into: &order)
            }
        }
        return cut.sorted()
    }

    private static func insert(_ arc: StrongGraph.Arc, into order: inout DependencyOrder) {
        order.insert(
            from: arc.source,
            to: arc.targetClass,
            held: arc.leavesRecursive ? .write : .read,
            acquired: arc.target & 1 != 0 ? .recursive : .write
        )
    }

    private static func closesCycle(_ arc: StrongGraph.Arc, in order: DependencyOrder) -> Bool {
        order.wouldCloseCycle(
            from: arc.source,
            to: arc.targetClass,
            held: arc.leavesRecursive ? .write : .read,
            acquired: arc.target & 1 != 0 ? .recursive : .write
        )
    }

    /// Each node's place in the row: sinks go to its end, sources to its beginning, and when there are neither, the node
    /// from which most weight leaves in excess of what arrives goes to the beginning.
    private static func arrange(_ graph: StrongGraph, weights: [Int]) -> [Int] {
        let count = graph.leaving.count
        var arriving = [[Int]](repeating: [], count: count)
        for (index, arc) in graph.arcs.enumerated() { arriving[arc.target].append(index) }
        var out = [Int](repeating: 0, count: count)
        var into = [Int](repeating: 0, count: count)
        for node in 0..<count {
            out[node] = graph.leaving[node].reduce(0) { $0 + weights[$1] }
            into[node] = arriving[node].reduce(0) { partial, arc in
                partial + weights[arc] * graph.arcs[arc].sourceNodes.count
            }
        }
        var queue = Queue()
        for node in 0..<count { queue.push(node, out: out[node], into: into[node]) }
        var place = [Int](repeating: -1, count: count)
        var first = 0
        var last = count - 1
        while let node = queue.pop(where: { place[$0] < 0 && $1 == out[$0] && $2 == into[$0] }) {
            if out[node] == 0 {
                place[node] = last
                last -= 1
            } else {
                place[node] = first
                first += 1
            }
            for arc in graph.leaving[node] {
                let target = graph.arcs[arc].target
                guard place[target] < 0 else { continue }
                into[target] -= weights[arc]
                queue.push(target, out: out[target], into: into[target])
            }
            for arc in arriving[node] {
                for source in graph.arcs[arc].sourceNodes where place[source] < 0 {
                    out[source] -= weights[arc]
                    queue.push(source, out: out[source], into: into[source])
                }
            }
        }
        return place
    }

    /// A heap of nodes with the weights they had when they were pushed; outdated entries are passed over.
    private struct Queue {
        private struct Item {
            var node: Int
            var out: Int
            var into: Int

            /// Sinks first, then sources, then the largest excess, then the lowest node.
            func comesBefore(_ other: Item) -> Bool {
                let mine = (rank, out - into, -node)
                let theirs = (other.rank, other.out - other.into, -other.node)
                return mine > theirs
            }

            private var rank: Int { out == 0 ? 2 : into == 0 ? 1 : 0 }
        }

        private var heap: [Item] = []

        mutating func push(_ node: Int, out: Int, into: Int) {
            heap.append(Item(node: node, out: out, into: into))
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard heap[child].comesBefore(heap[parent]) else { break }
                heap.swapAt(child, parent)
                child = parent
            }
        }

        mutating func pop(where isCurrent: (Int, Int, Int) -> Bool) -> Int? {
            while let top = heap.first {
                let bottom = heap.removeLast()
                if !heap.isEmpty {
                    heap[0] = bottom
                    siftDown()
                }
                if isCurrent(top.node, top.out, top.into) { return top.node }
            }
            return nil
        }

        private mutating func siftDown() {
            var parent = 0
            while true {
                var first = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[child].comesBefore(heap[first]) { first = child }
                }
                if first == parent { return }
                heap.swapAt(first, parent)
                parent = first
            }
        }
    }
}
