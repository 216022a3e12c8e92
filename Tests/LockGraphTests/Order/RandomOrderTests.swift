// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockGraph

/// The order against the exhaustive search of ``NaiveOrder``, on random graphs.
@Suite struct RandomOrderTests {
    /// What a run of random graphs looked at, so that its output shows that it did.
    struct Count {
        var graphs = 0
        var insertions = 0
        var cycles = 0
        var unifications = 0
        var cyclesByUnification = 0
    }

    static func edge(_ classes: [Int], readers: Double, using random: inout SeededGenerator) -> NaiveOrder.Edge {
        func mode() -> LockMode {
            guard Double.random(in: 0..<1, using: &random) < readers else { return .write }
            return Bool.random(using: &random) ? .recursive : .read
        }
        let from = classes[Int.random(in: 0..<classes.count, using: &random)]
        let to = classes[Int.random(in: 0..<classes.count, using: &random)]
        return .init(from: from, to: to, held: mode(), acquired: mode())
    }

    @Test func everyVerdictEqualsTheNaiveSearch() {
        var random = SeededGenerator(seed: 20_200_330)
        var count = Count()
        for graph in 0..<10_000 {
            var order = DependencyOrder()
            var naive = NaiveOrder()
            let classes = (0..<Int.random(in: 2...9, using: &random)).map { _ in order.addClass() }
            let readers = [0, 0.3, 0.7, 1][graph % 4]
            for _ in 0..<Int.random(in: 1...(classes.count * 3), using: &random) {
                let edge = Self.edge(classes, readers: readers, using: &random)
                let isKnown = naive.contains(edge)
                if !isKnown { naive.insert(edge) }
                let verdict = order.insert(
                    from: edge.from,
                    to: edge.to,
                    held: edge.held,
                    acquired: edge.acquired,
                    isDirect: Bool.random(using: &random)
                )
                count.insertions += 1
                switch verdict {
                case .known: #expect(isKnown)
                case .added: #expect(!isKnown && !naive.isOnCycle(edge))
                case .closesCycle(let number):
                    count.cycles += 1
                    #expect(!isKnown && naive.isOnCycle(edge))
                    Self.expectCycle(order.shortestCycle(through: number), in: order, mention: number)
                }
            }
            let (from, to) = (classes.randomElement(using: &random) ?? 0, classes.randomElement(using: &random) ?? 0)
            if from != to {
                #expect(order.reaches(from: from, to: to) == naive.reaches(from, to))
                let path = order.shortestStrongPath(from: from, to: to)
                #expect((path == nil) == !naive.reaches(from, to))
                if let path { Self.expectPath(path, from: from, to: to, in: order, shortest: naive.shortest(from, to)) }
            }
            #expect(order.checkInvariants() == [])
            count.graphs += 1
        }
        print(
            "Pearce-Kelly against naive search: \(count.graphs) graphs, \(count.insertions) insertions,",
            "\(count.cycles) closing a cycle: all verdicts equal"
        )
        #expect(count.graphs >= 10_000)
    }

    @Test func unifiedClassesBehaveAsIfTheyHadBeenOne() {
        var random = SeededGenerator(seed: 7)
        var count = Count()
        for graph in 0..<4_000 {
            var order = DependencyOrder()
            var naive = NaiveOrder()
            var classes = (0..<Int.random(in: 3...8, using: &random)).map { _ in order.addClass() }
            var alias: [Int: Int] = [:]
            func resolve(_ number: Int) -> Int { alias[number].map(resolve) ?? number }
            let readers = [0, 0.3, 0.7, 1][graph % 4]
            for _ in 0..<Int.random(in: 4...30, using: &random) {
                if classes.count > 2 && Int.random(in: 0..<10, using: &random) == 0 {
                    let gone = classes.remove(at: Int.random(in: 0..<classes.count, using: &random))
                    let kept = classes[Int.random(in: 0..<classes.count, using: &random)]
                    let before = naive
                    let result = order.unify(gone, into: kept)
                    naive.unify(gone, into: kept)
                    alias[gone] = kept
                    count.unifications += 1
                    Self.expectNewCycles(result.cycles, in: order, before: before, after: naive, gone: gone, kept: kept)
                    count.cyclesByUnification += result.cycles.count
                    #expect(order.checkInvariants() == [])
                    continue
                }
                // Retired numbers stay valid names of the class.
                var edge = Self.edge(Array(0..<order.classCount), readers: readers, using: &random)
                let (from, to) = (edge.from, edge.to)
                edge.from = resolve(from)
                edge.to = resolve(to)
                let isKnown = naive.contains(edge)
                if !isKnown { naive.insert(edge) }
                count.insertions += 1
                switch order.insert(from: from, to: to, held: edge.held, acquired: edge.acquired) {
                case .known: #expect(isKnown)
                case .added: #expect(!isKnown && !naive.isOnCycle(edge))
                case .closesCycle: #expect(!isKnown && naive.isOnCycle(edge))
                }
            }
            #expect(order.checkInvariants() == [])
            count.graphs += 1
        }
        print(
            "unify against naive search: \(count.graphs) graphs, \(count.insertions) insertions,",
            "\(count.unifications) unifications that made \(count.cyclesByUnification) cycles: all equal"
        )
    }

    @Test func largeGraphsKeepTheirInvariants() {
        var random = SeededGenerator(seed: 99)
        for graph in 0..<24 {
            var order = DependencyOrder()
            let classes = (0..<300).map { _ in order.addClass() }
            let readers = [0, 0.05, 0.5][graph % 3]
            for step in 0..<1200 {
                let edge = Self.edge(classes, readers: readers, using: &random)
                order.insert(from: edge.from, to: edge.to, held: edge.held, acquired: edge.acquired)
                if step % 200 == 199 { #expect(order.checkInvariants() == []) }
            }
        }
    }

    /// A cycle is strong, passes each class once, and unless it is an inner one contains the dependency asked for.
    static func expectCycle(_ cycle: [Int]?, in order: DependencyOrder, mention number: Int) {
        guard let cycle else {
            Issue.record("no cycle through a dependency that closes one")
            return
        }
        #expect(cycle.count >= 2)
        #expect(isStrongCycle(cycle, in: order))
        let usesRecursive = (0..<order.dependencyCount).contains { order[$0].acquired == .recursive }
        #expect(cycle.first == number || usesRecursive)
    }

    static func isStrongCycle(_ cycle: [Int], in order: DependencyOrder) -> Bool {
        let steps = cycle.map { order[$0] }
        let rotated = Array(steps.dropFirst()) + [steps[0]]
        let isStrong = zip(steps, rotated).allSatisfy { step, next in
            step.to == next.from && !(step.acquired == .recursive && next.held != .write)
        }
        return isStrong && Set(steps.map(\.from)).count == steps.count
    }

    static func expectPath(_ path: [Int], from: Int, to: Int, in order: DependencyOrder, shortest: Int?) {
        let steps = path.map { order[$0] }
        #expect(steps.first?.from == from && steps.last?.to == to)
        for (step, next) in zip(steps, steps.dropFirst()) {
            #expect(step.to == next.from && !(step.acquired == .recursive && next.held != .write))
        }
        if !steps.allSatisfy(\.isDirect) { #expect(path.count == shortest) }
    }

    static func expectNewCycles(
        _ cycles: [[Int]],
        in order: DependencyOrder,
        before: NaiveOrder,
        after: NaiveOrder,
        gone: Int,
        kept: Int
    ) {
        var known = before.simpleCycles()
        known = Set(known.map { cycle in normalized(cycle.map { $0 == gone ? kept : $0 }) })
        for cycle in cycles {
            #expect(isStrongCycle(cycle, in: order))
            let classes = cycle.map { order[$0].from }
            #expect(classes.contains(kept))
        }
        let arisen = after.simpleCycles().subtracting(known)
        if cycles.isEmpty {
            let usesRecursive = after.edges.contains { $0.acquired == .recursive }
            #expect(arisen.isEmpty || usesRecursive)
        }
    }

    static func normalized(_ cycle: [Int]) -> [Int] {
        guard let lowest = cycle.min(), let index = cycle.firstIndex(of: lowest) else { return cycle }
        return Array(cycle[index...] + cycle[..<index])
    }
}
