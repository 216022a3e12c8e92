// SPDX-License-Identifier: Apache-2.0

/// Strongly connected components of a graph that is given whole: R. Tarjan, "Depth-first search and linear graph
/// algorithms", SIAM Journal on Computing 1 (1972), with a stack of its own instead of recursion.
enum StrongConnectivity {
    /// For each node the number of its component. Components are numbered in reverse topological order.
    static func components(of successors: [[Int]]) -> [Int] {
        let count = successors.count
        var result = [Int](repeating: -1, count: count)
        var order = [Int](repeating: -1, count: count)
        var low = [Int](repeating: 0, count: count)
        var open: [Int] = []
        var calls: [(node: Int, next: Int)] = []
        var visited = 0
        var found = 0
        for root in 0..<count where order[root] < 0 {
            calls.append((root, 0))
            while let (node, next) = calls.last {
                if next == 0 {
                    order[node] = visited
                    low[node] = visited
                    visited += 1
                    open.append(node)
                }
                if next < successors[node].count {
                    calls[calls.count - 1].next += 1
                    let target = successors[node][next]
                    if order[target] < 0 {
                        calls.append((target, 0))
                    } else if result[target] < 0 {
                        low[node] = min(low[node], order[target])
                    }
                    continue
                }
                calls.removeLast()
                if let caller = calls.last { low[caller.node] = min(low[caller.node], low[node]) }
                guard low[node] == order[node] else { continue }
                while let member = open.popLast() {
                    result[member] = found
                    if member == node { break }
                }
                found += 1
            }
        }
        return result
    }
}
