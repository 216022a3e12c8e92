// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// The simple cycles that one dependency closes, shortest first, up to a number and an effort.
///
/// Iterative deepening from the dependency's end to its start; a backward search first tells how far each class is from the
/// goal, so that no walk is begun that cannot arrive in time.
struct CycleEnumeration {
    private let order: DependencyOrder
    private let closing: DependencyOrder.Dependency
    private let directOnly: Bool
    private let limit: Int
    private var effort: Int
    private var distance: [Int: Int] = [:]
    private var onPath: Set<Int> = []
    private var path: [Int] = []
    /// The cycles as dependency numbers, each without the closing one.
    private(set) var found: [[Int]] = []
    /// The enumeration ended before all cycles were seen.
    private(set) var isCutOff = false

    /// Enumerates at most `limit` cycles within `effort` steps, along direct dependencies or all.
    init(closing number: Int, in order: DependencyOrder, directOnly: Bool, limit: Int, effort: Int) {
        self.order = order
        closing = order[number]
        self.directOnly = directOnly
        self.limit = limit
        self.effort = effort
        measure()
        guard let shortest = distance[closing.to] else { return }
        var length = shortest
        while length < distance.count, !isCutOff {
            let before = self.effort
            onPath = [closing.to]
            extend(from: closing.to, arrivedRecursive: closing.acquired == .recursive, left: length)
            // A length that no walk even began with has no longer ones behind it worth the passes.
            if before == self.effort { break }
            length += 1
        }
    }

    private func mayUse(_ entry: DependencyEntry) -> Bool { !directOnly || entry.isDirect }

    /// Distances to the goal over what may be used, as far as the effort goes.
    private mutating func measure() {
        var queue = [closing.from]
        distance[closing.from] = 0
        var next = 0
        while next < queue.count, effort > 0 {
            let number = queue[next]
            next += 1
            let steps = (distance[number] ?? 0) + 1
            order.forEachPredecessor(of: number) { entry in
                effort -= 1
                guard distance[entry.lockClass] == nil else { return effort > 0 }
                // Whether a dependency is direct is kept in outgoing lists only.
                if directOnly, !isDirect(from: entry.lockClass, to: number, entry) { return effort > 0 }
                distance[entry.lockClass] = steps
                queue.append(entry.lockClass)
                return effort > 0
            }
        }
        if effort <= 0 { isCutOff = true }
    }

    private func isDirect(from: Int, to: Int, _ entry: DependencyEntry) -> Bool {
        guard let number = order.number(of: entry.naming(to), leaving: from) else { return false }
        return order[number].isDirect
    }

    private mutating func extend(from node: Int, arrivedRecursive: Bool, left: Int) {
        if node == closing.from {
            if left == 0, !(arrivedRecursive && closing.held != .write) {
                found.append(path)
                if found.count >= limit { isCutOff = true }
            }
            return
        }
        var choices: [DependencyEntry] = []
        order.forEachSuccessor(of: node) {
            choices.append($0)
            return true
        }
        // The lists' own order depends on what the search for components moved; the numbers do not.
        choices.sort { $0.bits < $1.bits }
        for entry in choices {
            effort -= 1
            if effort <= 0 { isCutOff = true }
            if isCutOff { return }
            guard mayUse(entry), !(arrivedRecursive && entry.fromIsReader), !onPath.contains(entry.lockClass),
                let rest = distance[entry.lockClass], rest < left,
                let number = order.number(of: entry, leaving: node)
            else { continue }
            path.append(number)
            onPath.insert(entry.lockClass)
            extend(from: entry.lockClass, arrivedRecursive: entry.toIsRecursive, left: left - 1)
            onPath.remove(entry.lockClass)
            path.removeLast()
        }
    }
}
