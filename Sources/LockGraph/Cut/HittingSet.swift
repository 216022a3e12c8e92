// SPDX-License-Identifier: Apache-2.0

/// The lightest choice of elements that has at least one of every given set: branch and bound.
///
/// Elements that another one of no more weight replaces everywhere are left out first, and sets that contain another
/// set. Then the set with the fewest elements left is branched on; what disjoint open sets cost at least is the bound.
enum HittingSet {
    /// The chosen elements, ascending, or nil if `effort` branches were not enough.
    ///
    /// - Parameters:
    ///   - sets: Each without repetition and not empty.
    ///   - weights: What each element costs, 1 at least.
    ///   - effort: How many branches may be looked at; what is left of it afterwards.
    static func smallest(hitting sets: [[Int]], weights: [Int], effort: inout Int) -> [Int]? {
        let reduced = reduce(sets, weights: weights)
        var search = Search(reduced, weights: weights, effort: effort)
        search.run()
        effort = search.effort
        return search.effort < 0 ? nil : search.best.sorted()
    }

    /// A bound on the weight from below: sets that have no element in common must be hit one by one.
    static func lowerBound(of sets: [[Int]], weights: [Int]) -> Int {
        var used: Set<Int> = []
        var bound = 0
        for set in sets.sorted(by: { $0.count < $1.count }) where used.isDisjoint(with: set) {
            used.formUnion(set)
            bound += set.map { weights[$0] }.min() ?? 0
        }
        return bound
    }

    private static func reduce(_ sets: [[Int]], weights: [Int]) -> [[Int]] {
        var current = sets
        while true {
            let before = current.reduce(0) { $0 + $1.count }
            current = withoutSupersets(current)
            current = withoutDominated(current, weights: weights)
            if current.reduce(0, { $0 + $1.count }) == before { return current }
        }
    }

    private static func withoutSupersets(_ sets: [[Int]]) -> [[Int]] {
        var kept: [Set<Int>] = []
        var result: [[Int]] = []
        for set in sets.sorted(by: { ($0.count, $0.first ?? 0) < ($1.count, $1.first ?? 0) }) {
            let elements = Set(set)
            if kept.contains(where: { $0.isSubset(of: elements) }) { continue }
            kept.append(elements)
            result.append(set)
        }
        return result
    }

    /// Leaves out an element if another one is in all its sets and weighs no more; of equal ones the lowest stays.
    private static func withoutDominated(_ sets: [[Int]], weights: [Int]) -> [[Int]] {
        var memberships: [Int: [Int]] = [:]
        for (index, set) in sets.enumerated() {
            for element in set { memberships[element, default: []].append(index) }
        }
        var dominated: Set<Int> = []
        for element in memberships.keys.sorted() {
            guard let mine = memberships[element], let first = mine.first else { continue }
            let rest = mine.dropFirst()
            for other in sets[first] where other != element && !dominated.contains(other) {
                guard weights[other] <= weights[element], let theirs = memberships[other] else { continue }
                let isEqual = weights[other] == weights[element] && theirs.count == mine.count
                if isEqual && other > element { continue }
                let all = Set(theirs)
                if rest.allSatisfy(all.contains) {
                    dominated.insert(element)
                    break
                }
            }
        }
        return sets.map { $0.filter { !dominated.contains($0) } }
    }

    private struct Search {
        private let sets: [[Int]]
        private let weights: [Int]
        private var hits: [Int]
        private var isForbidden: Set<Int> = []
        private var chosen: [Int] = []
        private var cost = 0
        private var bestCost = Int.max
        private var memberships: [Int: [Int]] = [:]
        private(set) var best: [Int] = []
        private(set) var effort: Int

        init(_ sets: [[Int]], weights: [Int], effort: Int) {
            self.sets = sets
            self.weights = weights
            self.effort = effort
            hits = Array(repeating: 0, count: sets.count)
            for (index, set) in sets.enumerated() {
                for element in set { memberships[element, default: []].append(index) }
            }
        }

        mutating func run() {
            effort -= 1
            if effort < 0 { return }
            guard let (bound, open) = survey() else { return }
            if cost + bound >= bestCost { return }
            guard let open else {
                best = chosen
                bestCost = cost
                return
            }
            let candidates = sets[open].filter { !isForbidden.contains($0) }.sorted { left, right in
                rank(left) == rank(right) ? left < right : rank(left) > rank(right)
            }
            for element in candidates {
                choose(element, by: 1)
                run()
                choose(element, by: -1)
                if effort < 0 { break }
                isForbidden.insert(element)
            }
            for element in candidates { isForbidden.remove(element) }
        }

        /// How many open sets an element hits for its weight.
        private func rank(_ element: Int) -> Double {
            let open = memberships[element]?.count { hits[$0] == 0 } ?? 0
            return Double(open) / Double(weights[element])
        }

        private mutating func choose(_ element: Int, by step: Int) {
            if step > 0 { chosen.append(element) } else { chosen.removeLast() }
            cost += step * weights[element]
            for set in memberships[element] ?? [] { hits[set] += step }
        }

        /// What the open sets cost at least, and the one with the fewest elements left; nil if one has none left.
        private func survey() -> (bound: Int, open: Int?)? {
            var used: Set<Int> = []
            var bound = 0
            var open: Int?
            var fewest = Int.max
            for (index, set) in sets.enumerated() where hits[index] == 0 {
                var left = 0
                var cheapest = Int.max
                var isDisjoint = true
                for element in set where !isForbidden.contains(element) {
                    left += 1
                    cheapest = min(cheapest, weights[element])
                    if used.contains(element) { isDisjoint = false }
                }
                if left == 0 { return nil }
                if left < fewest {
                    fewest = left
                    open = index
                }
                if isDisjoint {
                    bound += cheapest
                    used.formUnion(set)
                }
            }
            return (bound, open)
        }
    }
}
