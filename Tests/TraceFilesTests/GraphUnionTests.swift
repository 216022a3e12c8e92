// SPDX-License-Identifier: Apache-2.0

import GraphFixtures
import LockEvents
import LockGraph
import Testing

@testable import TraceFiles

@Suite struct GraphUnionTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Graphs of a few runs that overlap in all they can: same run at different times, same names, other stacks.
    static func graphs(seed: UInt64) -> [GraphSnapshot] {
        var random = Generator(state: seed)
        return (0..<5).map { _ in
            var scenario = Scenario()
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let names = ["A", "B", "C", "D"].shuffled(using: &random)
                let mode: LockMode = Bool.random(using: &random) ? .read : .write
                let site = "f\(Int.random(in: 0..<3, using: &random))"
                let pid = UInt32.random(in: 1...3, using: &random)
                scenario.task("task\(pid)", pid) {
                    $0.take(names[0], mode, type: .rwsem, at: site, "caller")
                    $0.take(names[1], type: .rwsem, at: site)
                }
            }
            let run = GraphRun(id: "run\(Int.random(in: 0..<3, using: &random))", host: "box")
            return GraphSnapshot(scenario.engine, run: run, counters: ["drops": Int.random(in: 0..<3, using: &random)])
        }
    }

    static func union(_ graphs: [GraphSnapshot]) -> GraphSnapshot {
        graphs.reduce(into: GraphSnapshot()) { $0.formUnion($1) }
    }

    @Test func neitherOrderNorRepetitionMatters() {
        for seed in 0..<60 {
            let graphs = Self.graphs(seed: UInt64(seed))
            var random = Generator(state: UInt64(seed))
            let expected = Self.union(graphs).text
            for _ in 0..<4 {
                #expect(Self.union(graphs.shuffled(using: &random)).text == expected)
                #expect(Self.union((graphs + graphs).shuffled(using: &random)).text == expected)
            }
            let halves = [Self.union(Array(graphs[..<2])), Self.union(Array(graphs[2...]))]
            #expect(Self.union(halves).text == expected)
        }
    }

    @Test func concatenatedFilesAreTheirUnion() throws {
        let graphs = Self.graphs(seed: 99)
        let folder = Folder()
        let path = folder.write("all", graphs.map(\.text).joined())
        #expect(try GraphSnapshot(reading: path).text == Self.union(graphs).text)
    }

    @Test func cyclesAcrossRunsAreFound() {
        var first = Scenario()
        first.task("a", 1) {
            $0.take("A", at: "f")
            $0.take("B", at: "g")
        }
        var second = Scenario()
        second.task("b", 2) {
            $0.take("B", at: "g")
            $0.take("A", at: "f")
        }
        let union = Self.union([
            GraphSnapshot(first.engine, run: GraphRun(id: "1")), GraphSnapshot(second.engine, run: GraphRun(id: "2")),
        ])
        #expect(union.findings.isEmpty)
        #expect(union.engine().findings.map(\.classes.count) == [2])
    }

    @Test func countsOfRunsAreAddedUp() {
        let graphs = ["1", "2"].map { GraphSnapshot(Scenario.seed().engine, run: GraphRun(id: $0)) }
        let twice = Self.union(graphs + graphs).merged()
        let once = graphs[0].merged()
        let sums = [once, twice].map { $0.reduce(UInt64(0)) { $0 + $1.count } }
        #expect(sums[1] == 2 * sums[0])
        #expect(twice.count == once.count)
    }
}
