// SPDX-License-Identifier: Apache-2.0

/// One class's dependencies, without a search: what rules, path questions and the enumeration of cycles walk along.
extension DependencyOrder {
    /// Calls `body` with each dependency that leaves a class, until it answers false.
    func forEachSuccessor(of number: Int, _ body: (DependencyEntry) -> Bool) {
        for kind in [ListKind.openOut, .settledOut] {
            var walk = EntryLists.Walk(lists.headers[number << 2 | kind.rawValue])
            while let place = walk.next(in: lists.words) {
                guard body(DependencyEntry(bits: lists.words[place])) else { return }
            }
        }
    }

    /// Calls `body` with each dependency that arrives at a class, until it answers false. The entry names the held class.
    func forEachPredecessor(of number: Int, _ body: (DependencyEntry) -> Bool) {
        for kind in [ListKind.openIn, .settledIn] {
            var walk = EntryLists.Walk(lists.headers[number << 2 | kind.rawValue])
            while let place = walk.next(in: lists.words) {
                guard body(DependencyEntry(bits: lists.words[place])) else { return }
            }
        }
    }

    /// The number of the dependency that an entry of a class's outgoing list stands for.
    func number(of entry: DependencyEntry, leaving from: Int) -> Int? { table.find(entry.word(from: from)) }

    /// Whether a dependency was folded into another one.
    func isFolded(_ number: Int) -> Bool { folded[number] != nil }

    /// The classes that some of `starts` lead to, or that lead to them, by any dependencies: nearest first, starts included.
    func reachable(from starts: [Int], backward: Bool) -> [Int] {
        var isSeen = [Bool](repeating: false, count: classCount)
        var queue: [Int] = []
        for start in starts where !isSeen[start] {
            isSeen[start] = true
            queue.append(start)
        }
        var next = 0
        while next < queue.count {
            let number = queue[next]
            next += 1
            let visit = { (entry: DependencyEntry) -> Bool in
                if !isSeen[entry.lockClass] {
                    isSeen[entry.lockClass] = true
                    queue.append(entry.lockClass)
                }
                return true
            }
            if backward {
                forEachPredecessor(of: number, visit)
            } else {
                forEachSuccessor(of: number, visit)
            }
        }
        return queue
    }

    /// A shortest path by any dependencies, strong or not: along direct ones where such a path exists; nil if there is none.
    ///
    /// From a class to itself it is empty.
    func shortestPlainPath(from start: Int, to goal: Int) -> [Int]? {
        if start == goal { return [] }
        for directOnly in [true, false] {
            if let path = plainPath(from: start, to: goal, directOnly: directOnly) { return path }
        }
        return nil
    }

    private func plainPath(from start: Int, to goal: Int, directOnly: Bool) -> [Int]? {
        var previous = [Int](repeating: -1, count: classCount)
        var entries: [Int: DependencyEntry] = [:]
        var queue = [start]
        previous[start] = start
        var next = 0
        while next < queue.count, previous[goal] < 0 {
            let number = queue[next]
            next += 1
            forEachSuccessor(of: number) { entry in
                guard entry.isDirect || !directOnly, previous[entry.lockClass] < 0 else { return true }
                previous[entry.lockClass] = number
                entries[entry.lockClass] = entry
                queue.append(entry.lockClass)
                return true
            }
        }
        guard previous[goal] >= 0 else { return nil }
        var path: [Int] = []
        var number = goal
        while number != start {
            let from = previous[number]
            if let entry = entries[number], let dependency = self.number(of: entry, leaving: from) {
                path.append(dependency)
            }
            number = from
        }
        return path.reversed()
    }
}
