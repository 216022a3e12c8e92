// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockGraph

@Suite struct FeedbackArcsTests {
    @Test func theCheapestLinkOfOneCycleIsCut() {
        var script = Script()
        _ = script.insert("wA wB")
        _ = script.insert("wB wC")
        _ = script.insert("wC wA")
        let cuts = FeedbackArcs.cuts(in: script.order) { [5, 2, 9][$0] }
        #expect(cuts.map(\.cut) == [[1]])
        #expect(cuts.map(\.weight) == [2])
        #expect(cuts.map(\.method) == [.exact])
    }

    @Test func aSharedLinkIsCutOnceForBothCycles() {
        var script = Script()
        for step in ["wA wB", "wB wC", "wC wA", "wB wD", "wD wA"] { _ = script.insert(step) }
        #expect(FeedbackArcs.cuts(in: script.order) { _ in 1 }.map(\.cut) == [[0]])
        #expect(FeedbackArcs.cuts(in: script.order) { $0 == 0 ? 9 : 2 }.map(\.cut) == [[1, 3]])
    }

    @Test func componentsAreCutApart() {
        var script = Script()
        for step in ["wA wB", "wB wA", "wB wC", "wC wD", "wD wC"] { _ = script.insert(step) }
        let cuts = FeedbackArcs.cuts(in: script.order) { _ in 1 }
        #expect(cuts.count == 2)
        #expect(cuts.map(\.cut) == [[0], [3]])
    }

    @Test func dependenciesLeftOutAreNotThere() {
        var script = Script()
        for step in ["wA wB", "wB wA", "wB wC", "wC wA"] { _ = script.insert(step) }
        let cuts = FeedbackArcs.cuts(in: script.order, including: { $0 != 1 }) { [9, 1, 2, 3][$0] }
        #expect(cuts.map(\.cut) == [[2]])
    }

    @Test func noCycleNoCut() {
        var script = Script()
        for step in ["RA wB", "wB RA"] { _ = script.insert(step) }
        #expect(FeedbackArcs.cuts(in: script.order) { _ in 1 } == [])
    }

    /// The lightest set by trying all.
    static func bruteForce(_ edges: [NaiveOrder.Edge], weights: [Int]) -> Int {
        var best = Int.max
        for chosen in 0..<(1 << edges.count) {
            var weight = 0
            var rest = NaiveOrder()
            for (index, edge) in edges.enumerated() {
                if chosen >> index & 1 != 0 { weight += weights[index] } else { rest.insert(edge) }
            }
            if weight < best && rest.simpleCycles().isEmpty { best = weight }
        }
        return best
    }

    @Test func smallGraphsAreCutAsCheaplyAsCanBe() {
        var random = SeededGenerator(seed: 2021)
        var cyclic = 0
        var (exactWeight, greedyWeight) = (0, 0)
        for graph in 0..<400 {
            var order = DependencyOrder()
            let classes = (0..<Int.random(in: 2...5, using: &random)).map { _ in order.addClass() }
            var edges: [NaiveOrder.Edge] = []
            for _ in 0..<Int.random(in: 3...9, using: &random) {
                let edge = RandomOrderTests.edge(classes, readers: [0, 0, 0.4][graph % 3], using: &random)
                if edge.from == edge.to || edges.contains(edge) { continue }
                edges.append(edge)
                order.insert(from: edge.from, to: edge.to, held: edge.held, acquired: edge.acquired)
            }
            let weights = edges.map { _ in Int.random(in: 1...6, using: &random) }
            let expected = Self.bruteForce(edges, weights: weights)
            let exact = FeedbackArcs.cuts(in: order) { weights[$0] }
            #expect(exact.reduce(0) { $0 + $1.weight } == expected)
            #expect(exact.allSatisfy { $0.method == .exact && $0.lowerBound == $0.weight })
            let greedy = FeedbackArcs.cuts(in: order, limits: .init(dependencies: 0)) { weights[$0] }
            #expect(greedy.allSatisfy { $0.method == .approximate && $0.lowerBound <= $0.weight })
            for cuts in [exact, greedy] {
                let removed = Set(cuts.flatMap(\.cut))
                Self.expectCut(edges, removed: removed)
            }
            exactWeight += expected
            greedyWeight += greedy.reduce(0) { $0 + $1.weight }
            if expected > 0 { cyclic += 1 }
        }
        print(
            "feedback arcs against all subsets: 400 graphs, \(cyclic) with cycles: exact weight \(exactWeight),",
            "Eades-Lin-Smyth \(greedyWeight)"
        )
        #expect(greedyWeight <= exactWeight * 13 / 10)
    }

    /// Without the removed ones no cycle is left, and with any one of them put back there is one.
    static func expectCut(_ edges: [NaiveOrder.Edge], removed: Set<Int>) {
        func cycles(without removed: Set<Int>) -> Bool {
            var rest = NaiveOrder()
            for (index, edge) in edges.enumerated() where !removed.contains(index) { rest.insert(edge) }
            return !rest.simpleCycles().isEmpty
        }
        #expect(!cycles(without: removed))
        for index in removed { #expect(cycles(without: removed.subtracting([index]))) }
    }

    @Test func largeComponentsAreCutToo() {
        var random = SeededGenerator(seed: 3)
        var order = DependencyOrder()
        let classes = (0..<400).map { _ in order.addClass() }
        for _ in 0..<3_000 {
            let edge = RandomOrderTests.edge(classes, readers: 0.2, using: &random)
            order.insert(from: edge.from, to: edge.to, held: edge.held, acquired: edge.acquired)
        }
        let cuts = FeedbackArcs.cuts(in: order) { _ in 1 }
        #expect(cuts.contains { $0.method == .approximate })
        let removed = Set(cuts.flatMap(\.cut))
        var rest = DependencyOrder()
        for _ in classes { _ = rest.addClass() }
        for number in 0..<order.dependencyCount where !removed.contains(number) {
            let kept = order[number]
            rest.insert(from: kept.from, to: kept.to, held: kept.held, acquired: kept.acquired)
        }
        #expect(rest.stronglyConnectedComponents() == [])
        #expect(cuts == FeedbackArcs.cuts(in: order) { _ in 1 })
    }
}
