// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// The oracle: lockdep's strong-path rule applied word for word to a list of dependencies, by exhaustive search.
struct NaiveOrder {
    struct Edge: Hashable {
        var from: Int
        var to: Int
        var held: LockMode
        var acquired: LockMode

        var firstLetterIsS: Bool { held != .write }
        var secondLetterIsR: Bool { acquired == .recursive }

        /// May a strong path go on with `next` after this dependency?
        func mayPrecede(_ next: Edge) -> Bool { to == next.from && !(secondLetterIsR && next.firstLetterIsS) }
    }

    private(set) var edges: [Edge] = []
    private var known: Set<Edge> = []

    func contains(_ edge: Edge) -> Bool { known.contains(edge) }

    mutating func insert(_ edge: Edge) {
        known.insert(edge)
        edges.append(edge)
    }

    /// Does some strong closed path begin with `edge`?
    func isOnCycle(_ edge: Edge) -> Bool {
        guard edge.from != edge.to else { return false }
        return search(from: edge) { $0.mayPrecede(edge) }
    }

    func reaches(_ from: Int, _ to: Int) -> Bool { shortest(from, to) != nil }

    /// The length of the shortest strong path, by rounds.
    func shortest(_ from: Int, _ to: Int) -> Int? {
        var frontier = Set(usable.filter { $0.from == from })
        var seen = frontier
        var length = 1
        while !frontier.isEmpty {
            if frontier.contains(where: { $0.to == to }) { return length }
            let following = Set(usable.filter { next in frontier.contains { $0.mayPrecede(next) } })
            frontier = following.subtracting(seen)
            seen.formUnion(frontier)
            length += 1
        }
        return nil
    }

    /// Every strong cycle that passes each of its classes once, as its sequence of classes from the lowest on.
    func simpleCycles() -> Set<[Int]> {
        var found: Set<[Int]> = []
        func extend(_ path: [Edge]) {
            guard let first = path.first, let last = path.last else { return }
            if last.to == first.from {
                if last.mayPrecede(first) { found.insert(path.map(\.from)) }
                return
            }
            for next in usable where last.mayPrecede(next) && next.to >= first.from {
                if next.to == first.from || !path.contains(where: { $0.from == next.to || $0.to == next.to }) {
                    extend(path + [next])
                }
            }
        }
        for edge in usable where edge.to > edge.from { extend([edge]) }
        return found
    }

    mutating func unify(_ gone: Int, into kept: Int) {
        let old = edges
        edges = []
        known = []
        for var edge in old {
            if edge.from == gone { edge.from = kept }
            if edge.to == gone { edge.to = kept }
            if !known.contains(edge) { insert(edge) }
        }
    }

    private var usable: [Edge] { edges.filter { $0.from != $0.to } }

    private func search(from start: Edge, until isGoal: (Edge) -> Bool) -> Bool {
        var seen: Set<Edge> = []
        var open = [start]
        while let edge = open.popLast() {
            for next in usable where edge.mayPrecede(next) && seen.insert(next).inserted {
                if isGoal(next) { return true }
                open.append(next)
            }
        }
        return false
    }
}

/// A small generator of the same numbers on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
