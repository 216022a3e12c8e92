// SPDX-License-Identifier: Apache-2.0

import LockEvents

extension DependencyOrder {
    /// What came of making one class of two.
    public struct Unification: Sendable, Equatable {
        /// Dependencies that are now the same as another one, and that one; the first of each pair stands for nothing
        /// any more and answers as the second.
        public var folded: [Folding] = []
        /// Dependencies between the two classes, now of the class on itself: on no path any more.
        public var reflexive: [Int] = []
        /// Cycles through the unified class that neither of the two had, one for each dependency by which such a cycle
        /// can arrive, as dependency numbers.
        public var cycles: [[Int]] = []
    }

    /// A dependency that is now the same as another one.
    public struct Folding: Sendable, Hashable {
        /// The number that went.
        public var gone: Int
        /// The number that stands for both.
        public var into: Int
    }

    /// Makes `gone` another name of `kept`: it turned out that both are one class.
    ///
    /// Numbers of classes and dependencies stay valid. Cost: the dependencies of `gone`, each with a search in a list of
    /// the class at its other end, the order between the two classes, and for the new cycles one search for each
    /// dependency that leads into the class. If the two had dependencies between them, all of the order is made anew.
    public mutating func unify(_ gone: Int, into kept: Int) -> Unification {
        let gone = representative(of: gone)
        let kept = representative(of: kept)
        var result = Unification()
        if gone == kept { return result }
        let mine = dependencies(of: kept)
        let others = dependencies(of: gone)
        let wereLinked = !Set(mine).isDisjoint(with: others)

        // An edge each way between the nodes of both has the effect on the order that one node has.
        contract(kept << 1, gone << 1)
        if component[gone << 1 | 1] != Self.nothing {
            activate(kept)
            contract(kept << 1 | 1, gone << 1 | 1)
        } else if component[kept << 1 | 1] != Self.nothing {
            activate(gone)
            contract(kept << 1 | 1, gone << 1 | 1)
        }
        canonical[gone] = UInt32(kept)
        for index in canonical.indices where canonical[index] == UInt32(gone) { canonical[index] = UInt32(kept) }
        hasUnified = true

        var shared: Set<Int> = []
        for number in others { move(number, from: gone, to: kept, result: &result, shared: &shared) }
        retire(gone << 1)
        retire(gone << 1 | 1)
        // Paths that led through a dependency between the two are no paths any more, so components may fall apart.
        if wereLinked { rebuild() }

        let ownSide = Set(mine).subtracting(shared)
        let otherSide = Set(others.map { representative(ofDependency: $0) }).subtracting(shared)
        result.cycles = newCycles(through: kept, in: ownSide, out: otherSide)
        result.cycles += newCycles(through: kept, in: otherSide, out: ownSide)
        return result
    }

    /// All dependencies from or to a class, ascending.
    private func dependencies(of number: Int) -> [Int] {
        var found: Set<Int> = []
        for kind in [ListKind.openOut, .settledOut] {
            for entry in lists.entries(of: number << 2 | kind.rawValue) {
                if let index = table.find(entry.word(from: number)) { found.insert(index) }
            }
        }
        for kind in [ListKind.openIn, .settledIn] {
            for entry in lists.entries(of: number << 2 | kind.rawValue) {
                if let index = table.find(entry.naming(number).word(from: entry.lockClass)) { found.insert(index) }
            }
        }
        for held in LockMode.allCases {
            for acquired in LockMode.allCases {
                let entry = DependencyEntry(class: number, held: held, acquired: acquired, isDirect: false)
                if let index = table.find(entry.word(from: number)) { found.insert(index) }
            }
        }
        return found.sorted()
    }

    /// Lets a dependency begin or end at `kept` where it did at `gone`.
    private mutating func move(
        _ number: Int,
        from gone: Int,
        to kept: Int,
        result: inout Unification,
        shared: inout Set<Int>
    ) {
        let word = table.words[number]
        let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
        let from = Int(word >> 32)
        removeEntry(entry, of: from, .openOut, .settledOut)
        removeEntry(entry.naming(from), of: entry.lockClass, .openIn, .settledIn)
        let newFrom = from == gone ? kept : from
        let newTo = entry.lockClass == gone ? kept : entry.lockClass
        let moved = entry.naming(newTo)
        if let twin = table.rename(number, to: moved.word(from: newFrom)) {
            folded[number] = twin
            result.folded.append(Folding(gone: number, into: twin))
            shared.insert(twin)
            if entry.isDirect && table.words[twin] & 1 == 0 { becomeDirect(twin, from: newFrom, entry: moved) }
            return
        }
        if newFrom == newTo {
            if from != entry.lockClass { result.reflexive.append(number) }
            return
        }
        append(moved, of: newFrom, to: .openOut)
        append(moved.naming(newFrom), of: newTo, to: .openIn)
    }

    private mutating func removeEntry(_ entry: DependencyEntry, of number: Int, _ first: ListKind, _ second: ListKind) {
        for kind in [first, second] {
            let list = number << 2 | kind.rawValue
            if let place = lists.place(of: entry, in: list) {
                lists.remove(at: place, from: list)
                return
            }
        }
    }

    /// Takes a node out of its component; the component goes on without it, under another name if it bore the node's.
    private mutating func retire(_ node: Int) {
        let home = component[node]
        guard home != Self.nothing, places[Int(home)].size > 1 else { return }
        var before = UInt32(node)
        while nextMember[Int(before)] != UInt32(node) { before = nextMember[Int(before)] }
        let after = nextMember[node]
        nextMember[Int(before)] = after
        nextMember[node] = UInt32(node)
        if home == UInt32(node) {
            var member = after
            repeat {
                component[Int(member)] = after
                member = nextMember[Int(member)]
            } while member != after
            places[Int(after)].size = places[node].size - 1
            places[Int(after)].position = places[node].position
            places[node].size = 0
            openOutgoing.move(home, to: after)
            openIncoming.move(home, to: after)
        } else {
            places[Int(home)].size -= 1
        }
        component[node] = Self.nothing
    }

    /// For each dependency of `incoming` that ends at the class a shortest cycle that goes on by one of `outgoing`.
    ///
    /// A way back that passes a class twice (as a recursive reader, then not) is no new cycle: see
    /// ``shortestCycle(through:)``.
    private func newCycles(through number: Int, in incoming: Set<Int>, out outgoing: Set<Int>) -> [[Int]] {
        let departures = outgoing.sorted().filter { self[$0].from == number && self[$0].to != number }
        return incoming.sorted().compactMap { arriving -> [Int]? in
            let arrival = self[arriving]
            guard arrival.to == number, arrival.from != number, isOnCycle(arriving) else { return nil }
            let node = number << 1 | (arrival.acquired == .recursive ? 1 : 0)
            var leaving: [Int: Int] = [:]
            for departure in departures.reversed() {
                if node & 1 != 0 && self[departure].held != .write { continue }
                let next = self[departure].to << 1 | (self[departure].acquired == .recursive ? 1 : 0)
                if component[next] == component[node] { leaving[next] = departure }
            }
            guard let way = way(from: leaving.keys.sorted(), back: arrival, avoiding: number) else { return nil }
            guard let start = way.first, let departure = leaving[start] else { return nil }
            guard Set(way.map { $0 >> 1 }).count == way.count else { return nil }
            return [arriving, departure] + dependencies(along: way)
        }
    }

    /// The nodes from one of `starts` to where `arrival` begins, nil if every way passes `number`.
    private func way(from starts: [Int], back arrival: Dependency, avoiding number: Int) -> [Int]? {
        let arrivals: Arrivals = arrival.held == .write ? .any : .plain
        for start in starts where start >> 1 == arrival.from && (start & 1 == 0 || arrivals == .any) { return [start] }
        guard let start = starts.first else { return nil }
        for directOnly in [true, false] {
            let nodes = nodePath(
                from: starts,
                to: arrival.from,
                arrivals: arrivals,
                within: component[start],
                directOnly: directOnly,
                avoiding: number
            )
            if let nodes { return nodes }
        }
        return nil
    }
}
