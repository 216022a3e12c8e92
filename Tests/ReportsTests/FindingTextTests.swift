// SPDX-License-Identifier: Apache-2.0

import GraphFixtures
import LockEvents
import LockGraph
import Testing
import TraceFiles

@testable import Reports

/// The seed's chain as graphs: with the driver's dependency and without.
enum Seed {
    static let new = GraphSnapshot(Scenario.seed().engine, run: GraphRun(id: "new", host: "box", kernel: "6.1.0-18"))

    static let old: GraphSnapshot = {
        var scenario = Scenario()
        scenario.oldLinks()
        return GraphSnapshot(scenario.engine, run: GraphRun(id: "old"))
    }()
}

@Suite struct FindingTextTests {
    @Test func aCycleIsActedOnAtOneLook() throws {
        let findings = Seed.new.reportedFindings(baseline: Seed.old.baseline)
        let cycle = try #require(findings.first)
        let text = cycle.text(ReportStyle(baseline: "base.livedep", graph: "run.livedep"))
        #expect(
            text == """
                CYCLE d2cf1068b51930d0  NEW against base.livedep  bound, 4 tasks, no gate lock
                igt@kms_frontbuffer_tracking@fbcpsr  kms_front/1290  t=604.057
                   1  &mm->mmap_lock (R)       -> gpu_lock                 kms_front/1290  gpu_fault              x4  in baseline
                *  2  gpu_lock                 -> rcu_state.barrier_mutex  kms_front/1290  rcu_barrier < gpu_ctl  x1  NEW
                   3  rcu_state.barrier_mutex  -> cpu_hotplug_lock (R)     init/1          rcu_barrier            x3  in baseline
                   4  cpu_hotplug_lock (W)     -> pmus_lock                bash/877        perf_event_init_cpu    x2  in baseline
                   5  pmus_lock                -> cpuctx_mutex             bash/877        perf_event_init_cpu    x2  in baseline
                   6  cpuctx_mutex             -> &mm->mmap_lock (R)  MAY  perf/812        perf_read              x5  in baseline
                Hangs if, at once: gpu_fault handles a page fault, rcu_barrier runs, a CPU goes on- or offline, \
                perf_read faults, and 2.
                6 waits only behind a queued writer of &mm->mmap_lock; no writer was seen yet.
                Names: 5 exact, 1 inferred (cpuctx_mutex, by per-CPU member).
                Break at 2: the only new one, one call site.
                Stacks: livedep report run.livedep --finding d2cf1068

                """
        )
    }

    @Test func everyStackIsShownOnRequest() throws {
        let cycle = try #require(Seed.new.reportedFindings().first)
        let text = cycle.textWithStacks()
        for frame in ["do_user_addr_fault", "__might_fault", "cpuhp_invoke_callback", "ret_from_fork"] {
            #expect(text.contains("      \(frame)\n"))
        }
        #expect(!text.contains("Stacks:"))
    }

    @Test func aMissingStackIsSaid() {
        var scenario = Scenario()
        scenario.task("a", 1) {
            $0.take("A")
            $0.take("B")
        }
        scenario.task("b", 2) {
            $0.take("B")
            $0.take("A")
        }
        let text = scenario.engine.findings.map { $0.textWithStacks() }.joined()
        #expect(text.contains("no stack was captured"))
        #expect(!text.contains("Hangs if"))
    }

    @Test func aDeadlockShowsWhoWaitsForWhat() {
        var finding = Finding(kind: .deadlock, signature: Signature(rawValue: 0xAB))
        finding.text = "deadlock: two tasks wait for each other"
        var task = Finding.Participant(task: 1, pid: 7, comm: "ab")
        task.waitsFor = "B"
        task.site = "f"
        task.holds = ["A", "C"]
        finding.tasks = [task]
        let text = finding.text()
        #expect(text.hasPrefix("DEADLOCK 00000000000000ab  deadlock: two tasks wait for each other\n"))
        #expect(text.contains("   ab/7 waits for B in f, holds A, C\n"))
    }

    @Test func aGateLockAndAnEarlierGradeAreNamed() throws {
        var finding = try #require(Seed.new.reportedFindings().first)
        finding.grade = .guarded
        finding.previousGrade = .classOnly
        finding.gate = "big_lock"
        #expect(finding.text().contains("  guarded (was class), 4 tasks, gate lock big_lock\n"))
    }

    @Test func coloursAreForTerminalsOnly() throws {
        let cycle = try #require(Seed.new.reportedFindings(baseline: Seed.old.baseline).first)
        #expect(!cycle.text().contains("\u{1B}"))
        let coloured = cycle.text(ReportStyle(isColoured: true))
        #expect(coloured.contains("\u{1B}[1;31mNEW\u{1B}[0m"))
        let plain = coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "")
        #expect(plain == cycle.text())
    }

    @Test func nothingThatATerminalActsOnGetsThrough() {
        let evil = "lock\u{1B}[2J\n\u{7}\u{202E}\u{200B}\u{85}\u{2028}ü"
        #expect(evil.visible == "lock\\u{1b}[2J\\u{a}\\u{7}\\u{202e}\\u{200b}\\u{85}\\u{2028}ü")
        var scenario = Scenario()
        for names in [[evil, "B"], ["B", evil]] {
            scenario.task(evil, 1, test: evil) {
                $0.take(names[0], at: evil, evil)
                $0.take(names[1], at: evil, evil + "2")
            }
        }
        let graph = GraphSnapshot(scenario.engine, run: GraphRun(id: evil, host: evil, kernel: evil))
        let findings = graph.reportedFindings()
        var texts = findings.map { $0.textWithStacks() }
        texts.append(DOT.text(graph))
        texts.append(DOT.text(findings))
        texts.append(JUnit.text(findings, of: graph) { _ in true })
        texts.append(CycleCuts(graph).text())
        texts.append(GraphDiff(base: GraphSnapshot(), new: graph).text())
        #expect(findings.count == 1)
        for text in texts {
            let bad = text.unicodeScalars.filter {
                $0 != "\n" && ($0.value < 0x20 || [0x7F, 0x85, 0x202E, 0x200B, 0x2028].contains($0.value))
            }
            #expect(bad.isEmpty)
        }
        #expect(graph.text.split(separator: "\n").allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 } })
    }

    @Test func manyNewDependenciesAreATable() {
        var scenario = Scenario.seed()
        scenario.task("t", 7, test: "igt@new") {
            for name in ["A", "B", "C", "D"] { $0.take(name, at: "take_\(name)", "caller") }
        }
        let graph = GraphSnapshot(scenario.engine, run: GraphRun(id: "r"))
        let findings = graph.reportedFindings(baseline: Seed.new.baseline)
        let text = ReportStyle(baseline: "b.livedep", graph: "r.livedep").text(findings)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "NEW against b.livedep: 6 dependencies, 3 of them implied by others (at the end)")
        let ends = lines[1...6].map { $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ") }
        #expect(ends == ["A -> B", "B -> C", "C -> D", "A -> C", "A -> D", "B -> D"])
        #expect(lines[1].hasSuffix("  A  -> B  t/7  take_B < caller  x1  igt@new"))
        #expect(lines[7] == "Stacks: livedep report r.livedep --finding SIGNATURE")
        // What the baseline has comes after.
        #expect(lines[8].hasPrefix("CYCLE d2cf1068b51930d0  in b.livedep  bound"))
        #expect(text.contains("\n\nCYCLE"))
    }

    @Test func theSummaryCountsEveryGrade() {
        let text = Seed.new.summaries[0]?.text() ?? ""
        #expect(
            text == """
                Findings: 1 cycle (1 bound, 0 guarded, 0 class)
                Graph: 6 classes, 7 dependencies (6 direct)
                Seen: 59 events of 4 tasks, up to 3 locks held

                """
        )
        var summary = GraphSummary(counters: ["drops": 3, "misses": 1])
        summary.engine.losses = 2
        #expect(summary.text().contains("Doubts: a task's locks became unknown 2 times\nSource: 3 drops, 1 misses\n"))
    }
}
