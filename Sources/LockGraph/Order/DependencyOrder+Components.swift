// SPDX-License-Identifier: Apache-2.0

extension DependencyOrder {
    /// Makes the order right for a new edge between two nodes, and returns whether it closes a cycle.
    ///
    /// D. J. Pearce and P. H. J. Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", ACM Journal
    /// of Experimental Algorithmics 11 (2006), run on the graph of strongly connected components, which has no cycles.
    ///
    /// The order says: every edge between two components leads to a later place. Let the new edge lead from component
    /// S to component T. If T is later already, nothing is to do, and no path leads from T back to S. Otherwise only the
    /// places from T's to S's matter. Let F be the components that T reaches and B those that reach S, both within
    /// those places. A path from T to S stays within them, so it exists exactly if F and B meet, and M, where they meet,
    /// is all that lies on such paths: with the new edge, one component.
    ///
    /// The places of F and B together are then given out anew: the lowest to B without M, one to M, the highest to
    /// F without M, each in its old order. B only moves to earlier places and F only to later ones, so edges that come
    /// into B or leave F from elsewhere stay right: an edge within the affected places that leaves F ends in F, one
    /// that comes into B begins in B. An edge from F without M to B without M would make both part of M. M's edges lead to
    /// F or beyond the last affected place, and come from B or from before the first.
    ///
    /// Cost: the edges of F and B that are open, that is, not known to lie inside one component. An edge is found to
    /// lie inside once and is not looked at again.
    mutating func connect(_ source: Int, _ target: Int) -> Bool {
        let source = component[source]
        let target = component[target]
        if source == target { return true }
        let upper = position[Int(source)]
        let lower = position[Int(target)]
        if upper < lower { return false }
        search(from: target, upTo: upper, downTo: lower, towards: source)
        return settle(forced: false, source, target)
    }

    /// Makes one component of two nodes' components and of all that lies between: what an edge each way would do.
    mutating func contract(_ first: Int, _ second: Int) {
        var late = component[first]
        var early = component[second]
        if late == early { return }
        if position[Int(late)] < position[Int(early)] { swap(&late, &early) }
        search(from: early, upTo: position[Int(late)], downTo: position[Int(early)], towards: late)
        _ = settle(forced: true, late, early)
    }

    /// Lets `(number,R)` come into being, just before `(number,N)`.
    ///
    /// Its edges are those dependencies that leave `number` with first letter E. They leave `(number,N)` too, so all
    /// their ends are at or after that component's place. Making room moves every later place, once a class at most, and the dependencies
    /// of the class that lie inside a component are looked up in their lists.
    mutating func activate(_ number: Int) {
        let node = number << 1 | 1
        guard component[node] == Self.nothing else { return }
        let place = position[Int(component[number << 1])]
        for index in position.indices where position[index] >= place { position[index] += 1 }
        lastPosition += 1
        component[node] = UInt32(node)
        position[node] = place
        size[node] = 1
        nextMember[node] = UInt32(node)
        reopen(number)
    }

    /// Opens again the settled dependencies that leave `number` with E: the new node is no part of their component.
    private mutating func reopen(_ number: Int) {
        let settled = number << 2 | ListKind.settledOut.rawValue
        let entries = lists.entries(of: settled) + lists.entries(of: number << 2 | ListKind.openOut.rawValue)
        for entry in entries where !entry.fromIsReader {
            if let place = lists.place(of: entry, in: settled) {
                lists.remove(at: place, from: settled)
                append(entry, of: number, to: .openOut)
            }
            let back = entry.naming(number)
            let incoming = entry.lockClass << 2 | ListKind.settledIn.rawValue
            if let place = lists.place(of: back, in: incoming) {
                lists.remove(at: place, from: incoming)
                append(back, of: entry.lockClass, to: .openIn)
            }
        }
    }

    /// Fills `reached` with the components that `early` reaches and `reaching` with those that reach `late`, itself
    /// included, within the given places.
    private mutating func search(from early: UInt32, upTo upper: UInt32, downTo lower: UInt32, towards late: UInt32) {
        if stamp == .max {
            stamp = 0
            for index in reachedMark.indices {
                reachedMark[index] = 0
                reachingMark[index] = 0
            }
        }
        stamp += 1
        reached.removeAll(keepingCapacity: true)
        reaching.removeAll(keepingCapacity: true)
        reached.append(early)
        reachedMark[Int(early)] = stamp
        var next = 0
        while next < reached.count {
            let current = reached[next]
            next += 1
            var node = current
            repeat {
                followOutgoing(of: Int(node), in: current, upTo: upper)
                node = nextMember[Int(node)]
            } while node != current
        }
        reaching.append(late)
        reachingMark[Int(late)] = stamp
        next = 0
        while next < reaching.count {
            let current = reaching[next]
            next += 1
            var node = current
            repeat {
                followIncoming(of: Int(node), in: current, downTo: lower)
                node = nextMember[Int(node)]
            } while node != current
        }
    }

    private mutating func followOutgoing(of node: Int, in current: UInt32, upTo upper: UInt32) {
        let number = node >> 1
        let isRecursive = node & 1 != 0
        let list = number << 2 | ListKind.openOut.rawValue
        var walk = EntryLists.Walk(lists.headers[list])
        while let place = walk.next(in: lists.words) {
            let entry = DependencyEntry(bits: lists.words[place])
            if isRecursive && entry.fromIsReader { continue }
            let target = component[entry.arrival]
            if target == current {
                let twin = entry.fromIsReader ? Self.nothing : component[node ^ 1]
                if twin == Self.nothing || twin == current {
                    lists.remove(at: place, from: list)
                    append(entry, of: number, to: .settledOut)
                }
                continue
            }
            if reachedMark[Int(target)] != stamp && position[Int(target)] <= upper {
                reachedMark[Int(target)] = stamp
                reached.append(target)
            }
        }
    }

    private mutating func followIncoming(of node: Int, in current: UInt32, downTo lower: UInt32) {
        let number = node >> 1
        let isRecursive = node & 1 != 0
        let list = number << 2 | ListKind.openIn.rawValue
        var walk = EntryLists.Walk(lists.headers[list])
        while let place = walk.next(in: lists.words) {
            let entry = DependencyEntry(bits: lists.words[place])
            if entry.toIsRecursive != isRecursive { continue }
            let plain = component[entry.lockClass << 1]
            let recursive = entry.fromIsReader ? Self.nothing : component[entry.lockClass << 1 | 1]
            if plain == current && (recursive == Self.nothing || recursive == current) {
                lists.remove(at: place, from: list)
                append(entry, of: number, to: .settledIn)
                continue
            }
            note(reaching: plain, downTo: lower)
            if recursive != Self.nothing { note(reaching: recursive, downTo: lower) }
        }
    }

    @inline(__always)
    private mutating func note(reaching found: UInt32, downTo lower: UInt32) {
        if reachingMark[Int(found)] != stamp && position[Int(found)] >= lower {
            reachingMark[Int(found)] = stamp
            reaching.append(found)
        }
    }

    /// Gives out the places of both searches anew and merges what they share; true if they share anything.
    private mutating func settle(forced: Bool, _ late: UInt32, _ early: UInt32) -> Bool {
        if forced {
            if reachedMark[Int(late)] != stamp { reached.append(late) }
            reachedMark[Int(late)] = stamp
            reachingMark[Int(early)] = stamp
        }
        let isClosed = reachedMark[Int(late)] == stamp
        places.removeAll(keepingCapacity: true)
        for found in reached { places.append(position[Int(found)]) }
        for found in reaching where reachedMark[Int(found)] != stamp { places.append(position[Int(found)]) }
        places.sort()
        var merged: [UInt32] = []
        if isClosed {
            merged = reached.filter { reachingMark[Int($0)] == stamp }
            let before = reaching.filter { reachedMark[Int($0)] != stamp }
            let after = reached.filter { reachingMark[Int($0)] != stamp }
            reaching = before
            reached = after
        }
        sortByPosition(&reaching)
        sortByPosition(&reached)
        for (index, found) in reaching.enumerated() { position[Int(found)] = places[index] }
        let shift = places.count - reached.count
        for (index, found) in reached.enumerated() { position[Int(found)] = places[shift + index] }
        if isClosed { merge(merged, at: places[reaching.count]) }
        return isClosed
    }

    private func sortByPosition(_ components: inout [UInt32]) {
        components.sort { position[Int($0)] < position[Int($1)] }
    }

    /// Joins components into the largest of them: a node changes its component at most log2(nodes) times.
    private mutating func merge(_ components: [UInt32], at place: UInt32) {
        guard var largest = components.first else { return }
        for other in components where size[Int(other)] > size[Int(largest)] { largest = other }
        for other in components where other != largest {
            var node = other
            repeat {
                component[Int(node)] = largest
                node = nextMember[Int(node)]
            } while node != other
            nextMember.swapAt(Int(other), Int(largest))
            size[Int(largest)] += size[Int(other)]
            size[Int(other)] = 0
        }
        position[Int(largest)] = place
    }
}
