// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Each scenario of Tests/Guest/verdicts: what livedep says of it, held against docs/verdicts.md, and that against lockdep.
@Suite("In a guest: verdicts, side by side", .serialized)
struct VerdictTests {
    /// A row of the table in docs/verdicts.md.
    private struct Row: Equatable {
        var scenario: String
        var locks: String
        var steps: String
        var lockdep: String
        var functions: String
        var tracepoints: String
        var reason: String
    }

    private static func table() throws -> [Row] {
        try String(contentsOfFile: GuestSession.root + "/docs/verdicts.md", encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
                let text = line.replacingOccurrences(of: "\\|", with: "\u{0}")
                let cells = text.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                    $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                        .replacingOccurrences(of: "\u{0}", with: "|")
                }
                try #require(cells.count == 7, "a row of the table: \(line)")
                return Row(
                    scenario: cells[0],
                    locks: cells[1],
                    steps: cells[2],
                    lockdep: cells[3],
                    functions: cells[4],
                    tracepoints: cells[5],
                    reason: cells[6]
                )
            }
    }

    /// A line of verdict-drive: the scenario, and `key=value` or `key="value"`.
    private static func fields(_ line: Substring) -> (scenario: String, fields: [String: String])? {
        guard let space = line.firstIndex(of: " "), line.contains(" lockdep=") else { return nil }
        let rest = line[space...]
        var fields: [String: String] = [:]
        for match in rest.matches(of: /(\w+)=(?:"([^"]*)"|(\S+))/) {
            fields[String(match.1)] = String(match.2 ?? match.3 ?? "")
        }
        return (String(line[..<space]), fields)
    }

    /// What was said of each scenario: kinds of findings with their grades, in the order of the alphabet.
    private static func verdicts(_ story: GuestSession.Story) throws -> [String: String] {
        var found: [String: Set<String>] = [:]
        for finding in story.findings {
            let classes = try #require(finding["classes"] as? [String])
            let scenarios = Set(classes.compactMap { $0.firstMatch(of: /^verdicts_(\w+)_[A-Z]/)?.1 })
            let grade = (finding["grade"] as? String).map { " (\($0))" } ?? ""
            try #require(scenarios.count == 1, "a finding of something else: \(finding["text"] as? String ?? "")")
            for scenario in scenarios {
                found[String(scenario), default: []].insert((finding["kind"] as? String ?? "") + grade)
            }
        }
        return found.mapValues { $0.sorted().joined(separator: ", ") }
    }

    /// On PREEMPT_RT attempts that never succeed are not seen, nor is an owner once its lock is initialised.
    private static let cleanOnRealTime: Set<String> = [
        "rwsem_recursion_read_write", "interrupted_attempt", "killed_attempt", "deadlock_readers", "init_held",
    ]

    @Test("livedep's verdicts, by lock functions", arguments: GuestSession.kernels)
    func functions(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let story = try session.story("verdicts")
        #expect(story.status == 0)
        let played = try session.text("verdicts.drive").split(separator: "\n").compactMap { Self.fields($0) }
        let table = try Self.table()
        #expect(table.count == 91)
        if !kernel.hasSuffix("-rt") { #expect(played.count == table.count) }
        #expect(played.count >= table.count - 6)

        let verdicts = try Self.verdicts(story)
        // On PREEMPT_RT programs are preempted, and what they miss is counted: it may keep a verdict back, never make one.
        let losses = ["misses", "without storage", "drops", "gaps"].compactMap { story.counter($0) }.reduce(0, +)
        if !kernel.hasSuffix("-rt") { #expect(losses == 0) }
        var keptBack = 0
        for (scenario, fields) in played {
            let row = try #require(table.first { $0.scenario == scenario })
            // The table says what the module expects.
            #expect(row.locks == fields["locks"] && row.steps == fields["steps"], "\(scenario)")
            #expect(row.lockdep == fields["lockdep"] && row.functions == fields["livedep"], "\(scenario)")
            #expect(row.reason == fields["reason"], "\(scenario)")
            let isClean = kernel.hasSuffix("-rt") && Self.cleanOnRealTime.contains(scenario)
            let due = isClean ? "clean" : row.functions
            if losses > 0, verdicts[scenario] == nil, due != "clean" {
                keptBack += 1
            } else {
                #expect(verdicts[scenario] ?? "clean" == due, "\(scenario)")
            }
        }
        print("\(kernel): \(played.count) scenarios compared, \(keptBack) kept back by \(losses) losses")
        #expect(keptBack < 20)
    }

    @Test(
        "livedep's verdicts, by lockdep's tracepoints",
        arguments: GuestSession.kernels.filter { $0.hasPrefix("lockdep") }
    )
    func tracepoints(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("tracepoints")
        let verdicts = try Self.verdicts(story)
        for row in try Self.table() {
            #expect(verdicts[row.scenario] ?? "clean" == row.tracepoints, "\(row.scenario)")
        }
        #expect(story.counter("drops") == 0)
    }

    @Test(
        "lockdep's own verdicts, a few of them",
        arguments: GuestSession.kernels.filter { $0.hasPrefix("lockdep") }
    )
    func lockdep(kernel: String) async throws {
        let table = try Self.table()
        let chosen = table.shuffled().prefix(3)
        let output = try GuestSession.run(
            GuestSession.root + "/Tests/Guest/verdicts/measure-lockdep",
            ["--kernel", kernel] + chosen.map(\.scenario)
        )
        let measured = output.split(separator: "\n").compactMap { Self.fields($0) }
        #expect(measured.count == chosen.count)
        for (scenario, fields) in measured {
            #expect(fields["measured"] == table.first { $0.scenario == scenario }?.lockdep, "\(scenario)")
        }
    }

    @Test("what differs from lockdep has its reason")
    func reasons() throws {
        let meaning = [
            "clean": "clean", "circular": "cycle", "recursive": "recursion", "unbalanced": "release", "freed": "init",
            "exit": "exit",
        ]
        for row in try Self.table() {
            let said = try #require(meaning[row.lockdep])
            let isSame = [said, said + " (bound)", "deadlock, " + said].contains(row.functions)
            #expect(isSame || !row.reason.isEmpty, "\(row.scenario)")
        }
    }
}
