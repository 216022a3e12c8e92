// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockGraph

@Suite struct StrongCyclesTests {
    @Test func everyCycleComesOnce() {
        var random = SeededGenerator(seed: 1975)
        var total = 0
        for graph in 0..<3_000 {
            var order = DependencyOrder()
            var naive = NaiveOrder()
            let classes = (0..<Int.random(in: 2...6, using: &random)).map { _ in order.addClass() }
            for _ in 0..<Int.random(in: 2...14, using: &random) {
                let edge = RandomOrderTests.edge(classes, readers: [0, 0.3, 0.8][graph % 3], using: &random)
                if !naive.contains(edge) { naive.insert(edge) }
                order.insert(from: edge.from, to: edge.to, held: edge.held, acquired: edge.acquired)
            }
            let expected = naive.simpleCycles()
            let all = Array(0..<order.dependencyCount)
            var cycles = StrongCycles(of: all, in: order)
            var found: [[Int]] = []
            while let cycle = cycles.next() {
                found.append(RandomOrderTests.normalized(cycle.classes))
                for (index, step) in cycle.steps.enumerated() {
                    let next = cycle.classes[(index + 1) % cycle.classes.count]
                    #expect(step.allSatisfy { order[$0].from == cycle.classes[index] && order[$0].to == next })
                    #expect(!step.isEmpty)
                }
            }
            #expect(cycles.isComplete)
            #expect(found.count == Set(found).count)
            #expect(Set(found) == expected)
            // The construction's claim: a cycle of nodes exists exactly when a strong cycle through each class once does.
            #expect(order.stronglyConnectedComponents().isEmpty == expected.isEmpty)
            total += found.count
        }
        print("cycle enumeration against exhaustive search: 3000 graphs, \(total) cycles: all equal")
    }

    @Test func limitsAreMetAndSaid() {
        var order = DependencyOrder()
        let classes = (0..<12).map { _ in order.addClass() }
        for from in classes {
            for to in classes where from != to {
                order.insert(from: from, to: to, held: .write, acquired: .write)
            }
        }
        let all = Array(0..<order.dependencyCount)
        var few = StrongCycles(of: all, in: order, limit: 100)
        var count = 0
        while few.next() != nil { count += 1 }
        #expect(count == 100)
        #expect(!few.isComplete)
        var short = StrongCycles(of: all, in: order, limit: .max, effort: 1_000)
        while short.next() != nil {}
        #expect(!short.isComplete)
    }
}
