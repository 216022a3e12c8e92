// SPDX-License-Identifier: Apache-2.0

public import LockEvents

extension DependencyOrder {
    /// The shortest strong path from one class to another, as dependency numbers in order; nil if there is none.
    ///
    /// If some path uses direct dependencies only, the shortest of those is returned, else the shortest of all. From a
    /// class to itself it is the shortest cycle through the class. Cost: breadth-first over the dependencies that can
    /// be on a path; nothing is searched where the order alone says that there is none.
    public func shortestStrongPath(from: Int, to: Int) -> [Int]? {
        let from = representative(of: from)
        let to = representative(of: to)
        guard from == to else {
            return path(from: [from << 1], to: to, arrivals: .any, within: nil)
        }
        let plain = path(from: [from << 1], to: to, arrivals: .plain, within: component[from << 1])
        let node = from << 1 | 1
        guard component[node] != Self.nothing else { return plain }
        let recursive = path(from: [node], to: to, arrivals: .any, within: nil)
        guard let recursive else { return plain }
        guard let plain else { return recursive }
        return recursive.count < plain.count ? recursive : plain
    }

    /// Whether a strong path leads from one class to another.
    ///
    /// Cost: one comparison where the order says no or both are in one component, else a search that stays between
    /// them in the order.
    public func reaches(from: Int, to: Int) -> Bool {
        let from = representative(of: from)
        let to = representative(of: to)
        if from == to { return shortestStrongPath(from: from, to: to) != nil }
        if component[from << 1] == component[to << 1] { return true }
        return nodePath(from: [from << 1], to: to, arrivals: .any, within: nil, directOnly: false) != nil
    }

    /// Whether inserting this dependency would close a cycle. Cost as ``reaches(from:to:)``.
    public func wouldCloseCycle(from: Int, to: Int, held: LockMode, acquired: LockMode) -> Bool {
        let from = representative(of: from)
        let to = representative(of: to)
        if from == to { return false }
        let arrivals: Arrivals = held == .write ? .any : .plain
        let start = to << 1 | (acquired == .recursive ? 1 : 0)
        var starts = [start]
        if component[start] == Self.nothing {
            // A `(to,R)` that does not exist yet would have the edges of dependencies with first letter E.
            starts = [ListKind.openOut, .settledOut].flatMap { lists.entries(of: to << 2 | $0.rawValue) }
                .filter { !$0.fromIsReader }.map(\.arrival)
        } else if component[start] == component[from << 1] {
            return true
        }
        if starts.contains(where: { $0 >> 1 == from && (arrivals == .any || $0 & 1 == 0) }) { return true }
        return nodePath(from: starts, to: from, arrivals: arrivals, within: nil, directOnly: false) != nil
    }

    /// A shortest strong cycle that the dependency is on, as dependency numbers beginning with it; nil if it is on none.
    ///
    /// Direct dependencies are preferred as in ``shortestStrongPath(from:to:)``. No class comes twice: where recursive
    /// readers make the only way back pass one class twice, the result is the smaller cycle in which it does so, which
    /// then lacks the dependency asked for and begins anywhere.
    public func shortestCycle(through number: Int) -> [Int]? {
        let number = representative(ofDependency: number)
        guard isOnCycle(number) else { return nil }
        let word = table.words[number]
        let from = Int(word >> 32)
        let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
        let start = entry.arrival
        let arrivals: Arrivals = entry.fromIsReader ? .plain : .any
        for directOnly in [true, false] {
            guard
                let nodes = nodePath(
                    from: [start],
                    to: from,
                    arrivals: arrivals,
                    within: component[start],
                    directOnly: directOnly
                )
            else { continue }
            if let inner = cycleInside(nodes) { return dependencies(along: inner) }
            return [number] + dependencies(along: nodes)
        }
        return nil
    }

    /// How the last dependency of a path may arrive at its end.
    enum Arrivals {
        case any
        /// Not as a recursive reader: the path is to go on with a dependency whose first letter is S.
        case plain
    }

    func path(from starts: [Int], to goal: Int, arrivals: Arrivals, within: UInt32?) -> [Int]? {
        for directOnly in [true, false] {
            let nodes = nodePath(from: starts, to: goal, arrivals: arrivals, within: within, directOnly: directOnly)
            if let nodes { return dependencies(along: nodes) }
        }
        return nil
    }

    /// The nodes of a shortest path of at least one edge, its start and its end included.
    ///
    /// - Parameters:
    ///   - starts: Where it may begin.
    ///   - goal: The class where it ends.
    ///   - arrivals: How it may arrive there.
    ///   - within: The component it is to stay in, where it is known to.
    ///   - directOnly: Use direct dependencies only.
    ///   - avoiding: A class it may not pass.
    func nodePath(
        from starts: [Int],
        to goal: Int,
        arrivals: Arrivals,
        within: UInt32?,
        directOnly: Bool,
        avoiding: Int? = nil
    ) -> [Int]? {
        var last = places[Int(component[goal << 1])].position
        let recursive = component[goal << 1 | 1]
        if arrivals == .any && recursive != Self.nothing { last = max(last, places[Int(recursive)].position) }
        if starts.allSatisfy({ places[Int(component[$0])].position > last }) { return nil }
        let unseen = UInt32.max
        var previous = [UInt32](repeating: unseen, count: component.count)
        // Starts are not marked as seen, so that a path may end where it began.
        var queue = starts.filter { component[$0] != Self.nothing }.map { UInt32($0) }
        let startCount = queue.count
        var next = 0
        while next < queue.count {
            let node = Int(queue[next])
            next += 1
            let isRecursive = node & 1 != 0
            for kind in [ListKind.openOut, .settledOut] {
                var walk = EntryLists.Walk(lists.headers[(node >> 1) << 2 | kind.rawValue])
                while let place = walk.next(in: lists.words) {
                    let entry = DependencyEntry(bits: lists.words[place])
                    if (isRecursive && entry.fromIsReader) || (directOnly && !entry.isDirect) { continue }
                    let target = entry.arrival
                    guard previous[target] == unseen, entry.lockClass != avoiding else { continue }
                    let home = component[target]
                    if let within {
                        if home != within { continue }
                    } else if places[Int(home)].position > last {
                        continue
                    }
                    previous[target] = UInt32(node)
                    if entry.lockClass == goal && (arrivals == .any || target & 1 == 0) {
                        return trace(back: target, through: previous, to: queue[..<startCount])
                    }
                    queue.append(UInt32(target))
                }
            }
        }
        return nil
    }

    private func trace(back end: Int, through previous: [UInt32], to starts: ArraySlice<UInt32>) -> [Int] {
        var nodes = [end]
        var node = previous[end]
        while true {
            nodes.append(Int(node))
            if starts.contains(node) { break }
            node = previous[Int(node)]
        }
        nodes.reverse()
        return nodes
    }

    /// The stretch of a path between two passages of one class, the shortest if there are several.
    private func cycleInside(_ nodes: [Int]) -> [Int]? {
        var lastPassage: [Int: Int] = [:]
        var best: Range<Int>?
        for (index, node) in nodes.enumerated() {
            if let earlier = lastPassage.updateValue(index, forKey: node >> 1) {
                if best.map({ index - earlier < $0.count }) ?? true { best = earlier..<index }
            }
        }
        return best.map { Array(nodes[$0.lowerBound...$0.upperBound]) }
    }

    /// For each step of a path of nodes the dependency that makes it: a direct one if there is, else the oldest.
    func dependencies(along nodes: [Int]) -> [Int] {
        zip(nodes, nodes.dropFirst()).compactMap { node, target in
            dependencies(from: node, to: target).min { left, right in
                let leftIsDirect = table.words[left] & 1 != 0
                let rightIsDirect = table.words[right] & 1 != 0
                return leftIsDirect == rightIsDirect ? left < right : leftIsDirect
            }
        }
    }

    /// The dependencies that make an edge from one node to another, by one hash probe for each pair of modes.
    func dependencies(from node: Int, to target: Int) -> [Int] {
        var found: [Int] = []
        for held in LockMode.allCases where node & 1 == 0 || held == .write {
            for acquired in LockMode.allCases where (acquired == .recursive) == (target & 1 != 0) {
                let entry = DependencyEntry(class: target >> 1, held: held, acquired: acquired, isDirect: false)
                if let number = table.find(entry.word(from: node >> 1)) { found.append(number) }
            }
        }
        return found
    }
}
