// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct OfflineCommandTests {
    static let old = "\(Command.fixtures)/seed-old-links.ndjson"
    static let new = "\(Command.fixtures)/seed-chain.ndjson"

    static func golden(_ name: String) throws -> String {
        try String(contentsOfFile: "\(Command.fixtures)/\(name)", encoding: .utf8)
    }

    /// A folder with the graphs of both fixtures.
    static func graphs() throws -> Folder {
        let folder = try Folder()
        #expect(try Command(["replay", old, "--graph", "old.livedep"], in: folder.path).status == 0)
        #expect(try Command(["replay", new, "--graph", "new.livedep.gz"], in: folder.path).status == 0)
        return folder
    }

    @Test func replayShowsTheSeedsCycle() throws {
        let folder = try Self.graphs()
        let replay = try Command(
            [
                "replay", Self.new, "--baseline", "old.livedep", "--rule", "mmap_sem -> barrier_mutex", "--fail-on",
                "rule",
            ],
            in: folder.path
        )
        #expect(replay.output == (try Self.golden("seed-chain.txt")))
        #expect(replay.errors == "")
        #expect(replay.status == 1)
        let without = try Command([
            "replay", Self.old, "--rule", "mmap_sem -> barrier_mutex", "--fail-on", "rule,cycle",
        ])
        #expect(without.status == 0)
    }

    @Test func replayReadsStandardInput() throws {
        let input = try String(contentsOfFile: Self.new, encoding: .utf8)
        let replay = try Command(["replay", "-", "--format", "json", "--fail-on", "cycle"], input: input)
        #expect(replay.status == 1)
        let lines = replay.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].contains(#""signature":"d2cf1068b51930d0""#))
        #expect(lines[1].hasPrefix(#"{"record":"summary","events":59,"#))
        for line in lines { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) } }
    }

    @Test func replayLooksAtTheTasksAskedFor() throws {
        let replay = try Command(["replay", Self.new, "--comm", "bash", "--pid", "877"])
        #expect(replay.output.contains("Graph: 3 classes, 3 dependencies (2 direct)"))
    }

    @Test func reportFollowsTheGraph() throws {
        let folder = try Self.graphs()
        let report = try Command(["report", "new.livedep.gz", "--baseline", "old.livedep"], in: folder.path)
        #expect(report.status == 0)
        #expect(
            report.output.hasPrefix("CYCLE d2cf1068b51930d0  NEW against old.livedep  bound, 4 tasks, no gate lock\n")
        )
        #expect(report.output.contains("Stacks: livedep report new.livedep.gz --finding d2cf1068\n"))
        #expect(report.output.hasSuffix("\n\nNew against old.livedep: 1 cycle (1 bound, 0 guarded, 0 class), 1 new\n"))
        let one = try Command(["report", "new.livedep.gz", "--finding", "D2CF1068"], in: folder.path)
        #expect(one.output.contains("      perf_event_ctx_lock_nested\n"))
        let none = try Command(["report", "new.livedep.gz", "--finding", "123"], in: folder.path)
        #expect(none.status == 2)
        #expect(
            none.errors == "livedep: new.livedep.gz: has no finding '123'; livedep report new.livedep.gz lists them\n"
        )
        #expect(try Command(["report", "new.livedep.gz", "--fail-on", "cycle"], in: folder.path).status == 1)
        #expect(try Command(["report", "old.livedep", "--fail-on", "cycle:class"], in: folder.path).status == 0)
        for format in ["json", "html", "dot", "junit", "kcidb"] {
            let report = try Command(["report", "new.livedep.gz", "--format", format], in: folder.path)
            #expect(report.status == 0)
            #expect(report.output.contains("d2cf1068b51930d0"))
        }
    }

    @Test func diffPathAndCutAnswer() throws {
        let folder = try Self.graphs()
        let diff = try Command(["diff", "old.livedep", "new.livedep.gz", "--fail-on", "new"], in: folder.path)
        #expect(diff.output.hasSuffix("Cycles +1 -0, dependencies +1 -0, classes +0 -0\n"))
        #expect(diff.status == 1)
        #expect(try Command(["diff", "old.livedep", "old.livedep", "--fail-on", "new"], in: folder.path).status == 0)
        let path = try Command(["path", "new.livedep.gz", "mmap_sem", "barrier_mutex"], in: folder.path)
        #expect(path.output.hasPrefix("&mm->mmap_lock leads to rcu_state.barrier_mutex by:\n"))
        let unknown = try Command(["path", "new.livedep.gz", "mmap_sem", "nothing"], in: folder.path)
        #expect(unknown.status == 2)
        #expect(unknown.errors == "livedep: no lock of the graph is named 'nothing'\n")
        let cut = try Command(["cut", "new.livedep.gz", "--baseline", "old.livedep"], in: folder.path)
        #expect(cut.output.contains("  BREAK  1  gpu_lock  "))
        for command in [["diff", "old.livedep"], ["path"], ["cut"]] {
            let arguments = command + ["new.livedep.gz"] + (command[0] == "path" ? ["gpu_lock", "mmap_lock"] : [])
            let answer = try Command(arguments + ["--format", "json"], in: folder.path)
            for line in answer.output.split(separator: "\n") {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
            #expect(answer.output.split(separator: "\n").last?.hasPrefix(#"{"record":"summary""#) == true)
        }
    }

    @Test func mergeIsAUnion() throws {
        let folder = try Self.graphs()
        let orders = [
            ["old.livedep", "new.livedep.gz"], ["new.livedep.gz", "old.livedep"],
            ["old.livedep", "new.livedep.gz", "old.livedep"],
        ]
        for (index, order) in orders.enumerated() {
            #expect(try Command(["merge"] + order + ["-o", "\(index)"], in: folder.path).status == 0)
            #expect(try folder.text("\(index)") == folder.text("0"))
        }
        #expect(try Command(["merge", "0", "1", "-o", "again"], in: folder.path).status == 0)
        #expect(try folder.text("again") == folder.text("0"))
        #expect(try Command(["report", "0", "--fail-on", "cycle"], in: folder.path).status == 1)
    }

    @Test func cutOffGraphsAreSaidToBe() throws {
        let folder = try Self.graphs()
        let whole = try folder.text("old.livedep")
        try folder.write("cut", String(whole.dropLast(300)))
        let report = try Command(["report", "cut"], in: folder.path)
        #expect(report.status == 0)
        let errors = report.errors.split(separator: "\n")
        #expect(errors.first == "livedep: cut: 1 damaged line passed over")
        #expect(errors.last?.hasSuffix("did not come to its end; what it saw until then counts") == true)
    }

    static let statuses: [Int32: [String]] = [
        0: ["--help", "replay --help"],
        64: [
            "frobnicate", "replay", "replay x --fail-on cycles", "replay x --rule AB", "replay x --same-class lax",
            "merge x", "report x --finding xyz", "report x --format pdf", "report x --kcidb-origin Lab",
        ],
        2: [
            "replay /no/such", "report /no/such", "report /", "cut seed-chain.ndjson", "replay seed-chain.txt",
            "merge /no/such -o /dev/null",
        ],
    ]

    @Test(arguments: statuses.flatMap { status, lines in lines.map { (status, $0) } })
    func exitStatus(_ status: Int32, line: String) throws {
        let command = try Command(line.split(separator: " ").map(String.init))
        #expect(command.status == status)
        if status == 2 {
            #expect(command.errors.hasPrefix("livedep: "))
            #expect(command.errors.split(separator: "\n").count == 1)
            #expect(command.output == "")
        }
    }

    @Test func errorsOfEventsNameTheLine() throws {
        let events = "{\"op\":\"acquire\",\"lock\":\"A\"}\n\n{\"op\":\"acquire\"}\n"
        let replay = try Command(["replay", "-"], input: events)
        #expect(replay.status == 2)
        #expect(replay.errors.hasPrefix("livedep: standard input:3: "))
        #expect(replay.errors.contains("'lock' is missing"))
    }
}
