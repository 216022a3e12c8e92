// SPDX-License-Identifier: Apache-2.0

import Foundation
import LiveTracing
import LockEvents
import LockGraph
import LockNaming

/// `RingBenchmark OBJECT [--quick] [--json FILE]`: records per second from a BPF ring into events and into the graph.
///
/// The records are made by the kernel, by the BPF programs' own code, on another thread; a full ring is then read on this
/// one. Time is this thread's processor time while it reads.
@main
struct RingBenchmark {
    struct Case {
        var name: String
        /// Turns of four records after which every chain has a stack again.
        var turnsPerStacks: Int?
        var usesGraph: Bool
        /// Millions of records a second.
        var aim: Double?
    }

    static let cases = [
        Case(name: "decode only", turnsPerStacks: nil, usesGraph: false, aim: 15),
        Case(name: "with stacks, 1 in 32", turnsPerStacks: 1 << 13, usesGraph: false, aim: nil),
        Case(name: "with stacks, 1 in 4", turnsPerStacks: 1 << 10, usesGraph: false, aim: nil),
        Case(name: "graph", turnsPerStacks: nil, usesGraph: true, aim: nil),
        Case(name: "stacks 1 in 32, graph", turnsPerStacks: 1 << 13, usesGraph: true, aim: 8),
        Case(name: "stacks 1 in 4, graph", turnsPerStacks: 1 << 10, usesGraph: true, aim: nil),
    ]

    struct Figure {
        var records = 0
        var seconds = 0.0
        var millionsPerSecond: Double { Double(records) / seconds / 1e6 }
    }

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let isQuick = arguments.contains("--quick")
        let output = arguments.firstIndex(of: "--json").flatMap { arguments.dropFirst($0 + 1).first }
        guard let object = arguments.first(where: { !$0.hasPrefix("--") }) else {
            fail("usage: RingBenchmark OBJECT [--quick] [--json FILE]", status: 64)
        }
        guard let kallsyms = FileManager.default.contents(atPath: "/proc/kallsyms") else {
            fail("/proc/kallsyms cannot be read")
        }
        let symbols = SymbolTable(kallsyms: Array(kallsyms))
        do {
            let rows = try measure(object, symbols, rounds: isQuick ? 5 : 9, fills: isQuick ? 6 : 20)
            let shared = try measureContention(object, rounds: isQuick ? 5 : 9, fills: isQuick ? 10 : 40)
            report(rows, shared, to: output)
        } catch {
            fail(error.text)
        }
    }

    private static func measure(
        _ object: String,
        _ symbols: SymbolTable,
        rounds: Int,
        fills: Int
    ) throws(Producer.Refusal) -> [[Figure]] {
        let producer = try Producer(object: object)
        var tally = Tally()
        var engine = LockOrderEngine()
        var intoTally = makeDecoder(symbols)
        var intoEngine = makeDecoder(symbols)
        let ring = producer.ring
        // The locks' names, for both.
        _ = ring.drain(to: ring.end) {
            intoTally.decode($0, into: &tally)
            intoEngine.decode($0, into: &engine)
        }
        var figures = cases.map { _ in [Figure]() }
        for round in 0...rounds {
            for (index, one) in cases.enumerated() {
                var figure = Figure()
                for _ in 0..<fills {
                    try producer.fill(turnsPerStacks: one.turnsPerStacks)
                    let end = ring.end
                    let start = processorTime()
                    if one.usesGraph {
                        figure.records += ring.drain(to: end) { intoEngine.decode($0, into: &engine) }
                    } else {
                        figure.records += ring.drain(to: end) { intoTally.decode($0, into: &tally) }
                    }
                    figure.seconds += processorTime() - start
                }
                // The first round warms up.
                if round > 0 { figures[index].append(figure) }
            }
        }
        guard producer.dropped == 0, intoTally.counts.malformed == 0, intoEngine.counts.malformed == 0 else {
            throw Producer.Refusal(text: "records were dropped or malformed: the figures are of something else")
        }
        // What one decoder was not shown because the other read it is a gap, once a round.
        let gaps = intoEngine.counts.gaps
        guard engine.summary.dependencies == 8, engine.summary.losses == gaps, gaps <= rounds + 1, tally.stacks > 0
        else {
            throw Producer.Refusal(
                text: "the graph is not that of the records: \(engine.summary.dependencies) dependencies, "
                    + "\(engine.summary.losses) losses"
            )
        }
        return figures
    }

    /// Millions of records a second for each case of sharing, a figure a round.
    private static func measureContention(
        _ object: String,
        rounds: Int,
        fills: Int
    ) throws(Producer.Refusal) -> [[Double]] {
        let contention = try Contention(object: object)
        var figures = Contention.cases.map { _ in [Double]() }
        for round in 0...rounds {
            for (index, one) in Contention.cases.enumerated() {
                let figure = try contention.measure(one, fills: fills)
                if round > 0 { figures[index].append(figure) }
            }
        }
        return figures
    }

    private static func report(_ figures: [[Figure]], _ shared: [[Double]], to output: String?) {
        var json = ""
        print("records per second          median M/s     least      most    ns each     aim")
        func show(_ name: String, _ row: [Double], aim: Double?) {
            let sorted = row.sorted()
            let median = sorted[sorted.count / 2]
            let cells = [median, sorted[0], sorted[sorted.count - 1]].map { String(format: "%10.2f", $0) }.joined()
            print(
                name.padding(toLength: 28, withPad: " ", startingAt: 0) + cells
                    + String(format: "%11.1f", 1000 / median) + "     " + (aim.map { String(format: "%.0f", $0) } ?? "")
            )
            json += "{\"record\": \"benchmark\", \"name\": \"\(name)\", "
            json += String(format: "\"millions_per_second\": %.3f, \"ns\": %.2f, ", median, 1000 / median)
            json += "\"aim\": \(aim.map { String($0) } ?? "null"), \"rounds\": \(sorted.count)}\n"
        }
        for (one, row) in zip(cases, figures) { show(one.name, row.map(\.millionsPerSecond), aim: one.aim) }
        print("Medians of \(figures[0].count) alternating rounds, processor time of the one reading thread.")
        for (one, row) in zip(Contention.cases, shared) { show(one.name, row, aim: nil) }
        print("Of each processor that puts records into a ring, its own time.")
        guard let output else { return }
        do { try json.write(toFile: output, atomically: true, encoding: .utf8) } catch {
            fail("\(output): \(error.localizedDescription)")
        }
    }

    private static func fail(_ text: String, status: Int32 = 2) -> Never {
        FileHandle.standardError.write(Data("RingBenchmark: \(text)\n".utf8))
        exit(status)
    }
}
