// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// The chain of the mail that started the project, as NDJSON, with a driver's lock in it.
@Suite("the seed's chain")
struct SeedTests {
    private static let pairs = [
        ("rcu_state.barrier_mutex", "write", "cpu_hotplug_lock", "read", "rcu_barrier"),
        ("cpu_hotplug_lock", "write", "pmus_lock", "write", "perf_event_init_cpu"),
        ("pmus_lock", "write", "&cpuctx_mutex", "write", "perf_event_init_cpu"),
        ("&cpuctx_mutex", "write", "&mm->mmap_lock", "read", "perf_read"),
        ("&mm->mmap_lock", "read", "gpu_lock", "write", "gpu_fault"),
        ("gpu_lock", "write", "rcu_state.barrier_mutex", "write", "gpu_ioctl"),
    ]

    private func lines(_ pairs: [(String, String, String, String, String)]) -> String {
        let types = ["cpu_hotplug_lock": "percpu_rwsem", "&mm->mmap_lock": "rwsem"]
        return pairs.enumerated().map { task, pair in
            let (held, heldMode, taken, takenMode, site) = pair
            let common = "\"task\":\(task + 1),\"pid\":\(task + 1),\"comm\":\"t\(task + 1)\",\"site\":\"\(site)\""
            let operation = taken == "&mm->mmap_lock" ? "may" : "acquire"
            let first = "\"lock\":\"\(held)\",\"type\":\"\(types[held] ?? "mutex")\",\"mode\":\"\(heldMode)\""
            let second = "\"lock\":\"\(taken)\",\"type\":\"\(types[taken] ?? "mutex")\",\"mode\":\"\(takenMode)\""
            var text = "{\"op\":\"acquire\",\(common),\(first)}\n{\"op\":\"\(operation)\",\(common),\(second)}\n"
            if operation == "acquire" { text += "{\"op\":\"release\",\(common),\(second)}\n" }
            return text + "{\"op\":\"release\",\(common),\(first)}\n"
        }.joined()
    }

    private func replay(_ text: String, rules: [String]) throws -> LockOrderEngine {
        var engine = LockOrderEngine(
            options: EngineOptions(rules: try rules.map { try LockRule(parsing: $0) })
        )
        var reader = EventLineReader()
        reader.append(text.utf8)
        reader.finish()
        while let event = try reader.next(&engine.tables) { engine.consume(event) }
        engine.finish()
        return engine
    }

    @Test("one cycle over all six locks in the mail's order, and the rule's path")
    func chain() throws {
        let engine = try replay(lines(Self.pairs), rules: ["mmap_sem -> barrier_mutex"])
        #expect(engine.findings.kinds.sorted { $0.name < $1.name } == [.cycle, .rule])
        let cycle = try #require(engine.findings.of(.cycle).first)
        #expect(cycle.classes == Self.pairs.map(\.0))
        #expect(cycle.steps.map(\.site) == Self.pairs.map(\.4))
        #expect(cycle.steps.last?.to == "rcu_state.barrier_mutex")
        #expect(cycle.grade == .bound)
        #expect(cycle.tasks.count == 6)
        #expect(cycle.steps.filter(\.isMay).map(\.to) == ["&mm->mmap_lock"])
        #expect(cycle.steps.filter(\.needsQueuedWriter).map(\.to) == ["&mm->mmap_lock"])
        let rule = try #require(engine.findings.of(.rule).first)
        #expect(rule.classes == ["&mm->mmap_lock", "gpu_lock", "rcu_state.barrier_mutex"])
        #expect(rule.steps[0].fromMode == .read)
        #expect(engine.summary.events == 23)
    }

    @Test("without the driver's ioctl there is nothing to report")
    func withoutIoctl() throws {
        let engine = try replay(lines(Self.pairs.dropLast()), rules: ["mmap_sem -> barrier_mutex"])
        #expect(engine.findings.isEmpty)
    }

    @Test("a second, different cycle in the same run is reported too")
    func second() throws {
        let more = [("a", "write", "b", "write", "f"), ("b", "write", "a", "write", "g")]
        let engine = try replay(lines(Self.pairs + more), rules: [])
        #expect(engine.findings.kinds == [.cycle, .cycle])
    }

    @Test("path lists all locks between")
    func path() throws {
        let engine = try replay(lines(Self.pairs.dropLast()), rules: [])
        let answer = try #require(engine.path(from: LockPattern("barrier_mutex"), to: LockPattern("gpu_lock")))
        #expect(
            answer.between.map { engine.printedName(of: $0) }
                == ["cpu_hotplug_lock", "pmus_lock", "&cpuctx_mutex", "&mm->mmap_lock"]
        )
        #expect(answer.shortest.count == 5)
    }
}
