// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

@testable import LockdepText

@Suite("Reports become classes, dependencies and findings of the engine, and findings become reports")
struct SplatImportTests {
    private func imported(_ splat: Splat) -> SplatImport {
        var result = SplatImport()
        result.add(splat)
        return result
    }

    @Test("A circular report is a cycle, closed by its last dependency, with sites and the closing task") func cycle()
        throws
    {
        let result = imported(try RecordedSplatTests.read("circular"))
        #expect(result.findings.isEmpty)
        let found = try #require(result.engine.findings.count == 1 ? result.engine.findings.first : nil)
        #expect(found.kind == .cycle)
        #expect(
            found.steps.map { "\($0.from) -> \($0.to)" } == ["first -> second", "second -> third", "third -> first"]
        )
        #expect(found.steps.map(\.site) == ["first_then_second", "second_then_third", "third_then_first"])
        #expect(found.steps.map(\.toMode) == [.write, .read, .write])
        #expect(found.steps.last?.comm == "insmod")
        #expect(found.steps.first?.comm == "")
        #expect(found.steps[1].stack.contains { $0.hasPrefix("second_then_third+0x") })
    }

    @Test(
        "The kinds without dependencies are findings of their own",
        arguments: [
            ("recursive", FindingKind.recursion, 1), ("unlock", .release, 1), ("freed", .initialize, 1),
            ("nest", .nest, 1),
            ("user", .exit, 1), ("kthread", .exit, 1),
        ]
    )
    func others(name: String, kind: FindingKind, classes: Int) throws {
        let result = imported(try RecordedSplatTests.read(name))
        #expect(result.engine.findings.isEmpty)
        #expect(result.findings.map(\.kind) == [kind])
        let finding = try #require(result.findings.first)
        #expect(finding.classes.count == classes)
        #expect(result.keys(of: finding).count == classes)
        #expect(!finding.text.isEmpty)
        #expect(finding.tasks.first?.pid ?? 0 > 0)
    }

    @Test("The kinds about interrupts give dependencies and no finding", arguments: ["inversion", "order"])
    func interrupts(name: String) throws {
        let result = imported(try RecordedSplatTests.read(name))
        #expect(result.engine.findings.isEmpty && result.findings.isEmpty)
        #expect(result.engine.dependencies.count == 1)
    }

    @Test("Two classes of one name stay apart") func versions() {
        let text = "-> #1 (lock#6){+.+.}-{3:3}:\n f+0x1/0x2\n-> #0 (lock#3){+.+.}-{3:3}:\n g+0x1/0x2\n"
        let result = imported(SplatReader.read(text).splats[0])
        #expect(result.engine.findings.map(\.kind) == [.cycle])
        #expect(result.engine.findings.first?.classes.count == 2)
    }

    @Test("The seed: five locks, and the place of the missing stack says so") func seed() throws {
        SplatCollection.note
        guard let text = SplatCollection.seed else { return }
        let result = imported(try #require(SplatReader.read(text).splats.first))
        let found = try #require(result.engine.findings.first)
        #expect(found.classes.count == 5)
        #expect(
            found.steps.map(\.site) == [
                "rcu_barrier", "perf_event_init_cpu", "perf_event_init_cpu", "perf_read", "#0's stack is missing",
            ]
        )
        #expect(found.steps.map(\.isMay) == [false, false, false, true, false])
    }

    @Test("Every circular report of the collection is one cycle of its classes, and comes back out of its own text")
    func collection() throws {
        SplatCollection.note
        for row in SplatCollection.rows where !row.chain.isEmpty {
            let file = try #require(try SplatCollection.text(row.file))
            let splat = try #require(SplatReader.read(file).splats.first)
            let result = imported(splat)
            let found = try #require(
                result.engine.findings.count == 1 ? result.engine.findings.first : nil,
                "\(row.file)"
            )
            #expect(found.classes.count == row.chain.count, "\(row.file)")
            try Self.expectSameFinding(found, of: result, "\(row.file)")
        }
    }

    @Test(
        "A finding printed as a report and read again is the same finding",
        arguments: ["circular", "sync", "reader"]
    )
    func roundTrip(name: String) throws {
        let result = imported(try RecordedSplatTests.read(name))
        try Self.expectSameFinding(try #require(result.engine.findings.first), of: result, "\(name)")
    }

    @Test("Every type and mode of lock comes back", arguments: LockType.allCases) func types(type: LockType) throws {
        for mode in [LockMode.write, .read]
        where mode == .write || [.rwsem, .percpuRwsem, .rwlock, .pseudo].contains(type) {
            var engine = LockOrderEngine(options: EngineOptions(sameClass: .strict, deadlockPersistence: nil))
            let a = LockNode(engine.tables.classes.intern(LockClass(name: "&a->lock", type: type)), subclass: 1)
            let b = LockNode(engine.tables.classes.intern(LockClass(name: "b", type: .mutex)))
            let stack = engine.tables.internStack(["take_a", "ioctl+0x12", "do_syscall_64+0x1/0x2"])
            let site = engine.tables.names.intern("take_a")
            let witness = Witness(site: site, stack: stack, pid: 7, comm: engine.tables.names.intern("x y"))
            engine.add(Dependency(from: b, to: a, toMode: mode, witness: witness))
            engine.add(Dependency(from: a, to: b, fromMode: mode, witness: witness))
            let found = try #require(engine.findings.first)
            let types = Dictionary(
                uniqueKeysWithValues: [a, b].map { (engine.printedName(of: $0), engine.key(of: $0).type) }
            )
            let text = try #require(Splat(found, kernel: "6.1.0-x", types: types).flatMap(SplatWriter.text))
            let again = imported(try #require(SplatReader.read(text).splats.first))
            #expect(again.engine.findings.map(\.signature) == [found.signature], "\(type) \(mode)\n\(text)")
            #expect(again.engine.findings.first?.steps.map(\.toMode) == found.steps.map(\.toMode), "\(text)")
            #expect(again.engine.findings.first?.steps.map(\.site) == found.steps.map(\.site))
        }
    }

    private static func expectSameFinding(_ found: Finding, of result: SplatImport, _ source: Comment) throws {
        let keys = result.keys(of: found)
        #expect(keys.count == found.classes.count, source)
        let splat = try #require(Splat(found, kernel: "6.12.117", types: keys.mapValues(\.type)), source)
        let text = try #require(SplatWriter.text(splat), source)
        let (splats, notes) = SplatReader.read(text)
        #expect(notes.isEmpty, source)
        var again = SplatImport()
        again.add(try #require(splats.count == 1 ? splats.first : nil, source))
        let same = try #require(again.engine.findings.first, source)
        #expect(same.signature == found.signature, source)
        #expect(same.classes == found.classes, source)
        #expect(same.steps.map(\.site) == found.steps.map(\.site), source)
        #expect(same.steps.map(\.toMode) == found.steps.map(\.toMode), source)
        #expect(same.steps.map(\.isMay) == found.steps.map(\.isMay), source)
    }

    @Test("/proc: all held pairs, adjacent ones direct, readers' classes recursive, no cycle made up") func proc()
        throws
    {
        var reader = LockdepProcReader()
        let classes = try Fixtures.unpacked("proc-lockdep.gz")
        let chains = try Fixtures.unpacked("proc-lockdep_chains.gz")
        reader.read(classes.span)
        reader.read(chains.span)
        reader.finish()
        var result = SplatImport()
        result.add(reader.tables)
        let pairs = reader.tables.heldPairs().filter { $0.from != $0.to }
        #expect(result.engine.dependencies.count == pairs.count)
        #expect(result.engine.dependencies.contains { !$0.isDirect })
        // lockdep was alive and had reported nothing.
        #expect(result.engine.findings.isEmpty)
    }
}
