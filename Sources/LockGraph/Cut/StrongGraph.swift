// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Some dependencies as a graph of nodes that is given whole: for questions that need all of it, not for growing.
///
/// Nodes are those of ``DependencyOrder``: `2c` is class `c` arrived at by anyone but a recursive reader, `2c + 1` by a
/// recursive reader. A dependency is one arc, which leaves one or both nodes of its class.
struct StrongGraph {
    struct Arc {
        /// The caller's number of the dependency.
        var dependency: Int
        /// Local class number.
        var source: Int
        var target: Int
        /// Whether it leaves `(source,R)` too: its first letter is E, and something arrives there.
        var leavesRecursive: Bool

        var sourceNodes: [Int] { leavesRecursive ? [source << 1, source << 1 | 1] : [source << 1] }
        var targetClass: Int { target >> 1 }
    }

    /// The caller's numbers of the classes, ascending.
    let classes: [Int]
    let arcs: [Arc]
    /// For each node the arcs that leave it, ascending.
    let leaving: [[Int]]
    /// Takes dependencies with their numbers; those of a class on itself are left out.
    init(_ dependencies: [(number: Int, dependency: DependencyOrder.Dependency)]) {
        let used = dependencies.filter { $0.dependency.from != $0.dependency.to }
        classes = Set(used.flatMap { [$0.dependency.from, $0.dependency.to] }).sorted()
        var local: [Int: Int] = [:]
        for (index, number) in classes.enumerated() { local[number] = index }
        let recursiveArrivals = Set(used.filter { $0.dependency.acquired == .recursive }.map(\.dependency.to))
        var arcs: [Arc] = []
        var leaving = [[Int]](repeating: [], count: classes.count * 2)
        for (number, dependency) in used {
            guard let from = local[dependency.from], let to = local[dependency.to] else { continue }
            let arc = Arc(
                dependency: number,
                source: from,
                target: to << 1 | (dependency.acquired == .recursive ? 1 : 0),
                leavesRecursive: dependency.held == .write && recursiveArrivals.contains(dependency.from)
            )
            for node in arc.sourceNodes { leaving[node].append(arcs.count) }
            arcs.append(arc)
        }
        self.arcs = arcs
        self.leaving = leaving
    }

    /// Arcs that lie on cycles, grouped by strongly connected component, when those marked as removed are left out.
    func cyclicComponents(without removed: [Bool]) -> [[Int]] {
        let successors = leaving.map { $0.filter { !removed[$0] }.map { arcs[$0].target } }
        let component = StrongConnectivity.components(of: successors)
        var index: [Int: Int] = [:]
        var result: [[Int]] = []
        for (number, arc) in arcs.enumerated() where !removed[number] {
            let home = component[arc.target]
            guard arc.sourceNodes.contains(where: { component[$0] == home }) else { continue }
            let place = index[home, default: result.count]
            if place == result.count {
                index[home] = place
                result.append([])
            }
            result[place].append(number)
        }
        return result
    }

    /// A shortest strong cycle through an arc, as arcs; nil if there is none. Passes no class twice; see
    /// ``DependencyOrder/shortestCycle(through:)``.
    func shortestCycle(through arc: Int, without removed: [Bool]) -> [Int]? {
        let start = arcs[arc].target
        let goals = Set(arcs[arc].sourceNodes)
        var arrival = [Int](repeating: -1, count: leaving.count)
        var previous = [Int](repeating: -1, count: leaving.count)
        var queue = [start]
        var seen = [Bool](repeating: false, count: leaving.count)
        seen[start] = true
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            for following in leaving[node] where !removed[following] && !seen[arcs[following].target] {
                let target = arcs[following].target
                seen[target] = true
                arrival[target] = following
                previous[target] = node
                if goals.contains(target) {
                    var path: [Int] = []
                    var step = target
                    while step != start {
                        path.append(arrival[step])
                        step = previous[step]
                    }
                    return smallest(in: [arc] + path.reversed())
                }
                queue.append(target)
            }
        }
        return nil
    }

    /// Of a closed walk the stretch between two arrivals at one class, or all of it if it arrives at each once.
    private func smallest(in walk: [Int]) -> [Int] {
        var lastArrival: [Int: Int] = [:]
        var best: Range<Int>?
        for (index, arc) in walk.enumerated() {
            if let earlier = lastArrival.updateValue(index, forKey: arcs[arc].targetClass) {
                if best.map({ index - earlier < $0.count }) ?? true { best = earlier + 1..<index + 1 }
            }
        }
        return best.map { Array(walk[$0]) } ?? walk
    }
}
