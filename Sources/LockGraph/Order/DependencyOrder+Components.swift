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
        let upper = places[Int(source)].position
        let lower = places[Int(target)].position
        if upper < lower { return false }
        search(from: target, upTo: upper, downTo: lower, towards: source)
        return settle(forced: false, source, target)
    }

    /// Makes one component of two nodes' components and of all that lies between: what an edge each way would do.
    mutating func contract(_ first: Int, _ second: Int) {
        var late = component[first]
        var early = component[second]
        if late == early { return }
        if places[Int(late)].position < places[Int(early)].position { swap(&late, &early) }
        search(from: early, upTo: places[Int(late)].position, downTo: places[Int(early)].position, towards: late)
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
        let place = places[Int(component[number << 1])].position
        for index in places.indices { places[index].position &+= places[index].position >= place ? 1 : 0 }
        lastPosition += 1
        component[node] = UInt32(node)
        places[node].position = place
        places[node].size = 1
        nextMember[node] = UInt32(node)
        openOutgoing.enlist(node, of: UInt32(node))
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
            for index in places.indices {
                places[index].reachedMark = 0
                places[index].reachingMark = 0
            }
        }
        stamp += 1
        reached.removeAll(keepingCapacity: true)
        reaching.removeAll(keepingCapacity: true)
        reached.append(early)
        places[Int(early)].reachedMark = stamp
        var next = 0
        while next < reached.count {
            let current = reached[next]
            next += 1
            var walk = NodeLists.Walk(current)
            var keeps = true
            while let node = walk.next(in: &openOutgoing, keepingCurrent: keeps) {
                followOutgoing(of: node, in: current, upTo: upper)
                keeps = lists.headers[(node >> 1) << 2 | ListKind.openOut.rawValue].count > 0
            }
        }
        reaching.append(late)
        places[Int(late)].reachingMark = stamp
        next = 0
        while next < reaching.count {
            let current = reaching[next]
            next += 1
            var walk = NodeLists.Walk(current)
            var keeps = true
            while let node = walk.next(in: &openIncoming, keepingCurrent: keeps) {
                followIncoming(of: node, in: current, downTo: lower)
                keeps = lists.headers[(node >> 1) << 2 | ListKind.openIn.rawValue].count > 0
            }
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
            if places[Int(target)].reachedMark != stamp && places[Int(target)].position <= upper {
                places[Int(target)].reachedMark = stamp
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
        if places[Int(found)].reachingMark != stamp && places[Int(found)].position >= lower {
            places[Int(found)].reachingMark = stamp
            reaching.append(found)
        }
    }

    /// Gives out the places of both searches anew and merges what they share; true if they share anything.
    private mutating func settle(forced: Bool, _ late: UInt32, _ early: UInt32) -> Bool {
        if forced {
            if places[Int(late)].reachedMark != stamp { reached.append(late) }
            places[Int(late)].reachedMark = stamp
            places[Int(early)].reachingMark = stamp
        }
        let isClosed = places[Int(late)].reachedMark == stamp
        ahead.removeAll(keepingCapacity: true)
        behind.removeAll(keepingCapacity: true)
        for found in reached { ahead.append(UInt64(places[Int(found)].position) << 32 | UInt64(found)) }
        for found in reaching where places[Int(found)].reachedMark != stamp {
            behind.append(UInt64(places[Int(found)].position) << 32 | UInt64(found))
        }
        ahead.sort()
        behind.sort()
        poolPlaces()
        for (index, key) in behind.enumerated() { places[Int(key & 0xFFFF_FFFF)].position = pool[index] }
        if isClosed {
            let merged = ahead.map { UInt32(truncatingIfNeeded: $0) }.filter { places[Int($0)].reachingMark == stamp }
            ahead.removeAll { places[Int($0 & 0xFFFF_FFFF)].reachingMark == stamp }
            merge(merged, at: pool[behind.count])
        }
        let shift = pool.count - ahead.count
        for (index, key) in ahead.enumerated() { places[Int(key & 0xFFFF_FFFF)].position = pool[shift + index] }
        return isClosed
    }

    /// Fills `pool` with the places of `ahead` and `behind`, ascending.
    private mutating func poolPlaces() {
        pool.removeAll(keepingCapacity: true)
        var next = 0
        for key in behind {
            while next < ahead.count && ahead[next] < key {
                pool.append(UInt32(ahead[next] >> 32))
                next += 1
            }
            pool.append(UInt32(key >> 32))
        }
        while next < ahead.count {
            pool.append(UInt32(ahead[next] >> 32))
            next += 1
        }
    }

    /// Joins components into the largest of them: a node changes its component at most log2(nodes) times.
    private mutating func merge(_ components: [UInt32], at place: UInt32) {
        guard var largest = components.first else { return }
        for other in components where places[Int(other)].size > places[Int(largest)].size { largest = other }
        for other in components where other != largest {
            var node = other
            repeat {
                component[Int(node)] = largest
                node = nextMember[Int(node)]
            } while node != other
            nextMember.swapAt(Int(other), Int(largest))
            openOutgoing.move(other, to: largest)
            openIncoming.move(other, to: largest)
            places[Int(largest)].size += places[Int(other)].size
            places[Int(other)].size = 0
        }
        places[Int(largest)].position = place
    }
}
