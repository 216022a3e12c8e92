// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import Foundation
import LockEvents
import LockGraph
import Testing
import TraceFiles

/// A capture says later, elsewhere, what the live run was told (DESIGN 8).
@Suite struct CaptureTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID().uuidString)")
    private var capture: String { folder.appending(path: "out").path }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    // MARK: Whole captures

    @Test func aReplayIsToldWhatTheLiveSinkWasTold() throws {
        let live = try record(Self.story().records)
        let (replayed, damage) = try replay(capture)
        #expect(replayed == live)
        #expect(damage == [])
        #expect(live.contains { $0.contains("lock 10 is lock 1") })
        #expect(live.contains { $0.contains("inode_lock") })
        #expect(live.contains { $0.contains("lost") })
        #expect(live.contains { $0.contains("[function70+0x1/0x2 < function80+0x1/0x2]") })
    }

    @Test func theGraphOfAReplayIsTheLiveGraph() throws {
        var engine = LockOrderEngine()
        try record(Self.story().records, into: &engine)
        engine.finish()
        var replay = try CaptureReplay(capture)
        var again = LockOrderEngine()
        while try replay.next(into: &again) != nil {}
        again.finish()
        let run = replay.info.run
        let (live, replayed) = (folder.appending(path: "live").path, folder.appending(path: "replayed").path)
        try GraphSnapshot(engine, run: run).write(to: live)
        try GraphSnapshot(again, run: run).write(to: replayed)
        #expect(try Data(contentsOf: URL(filePath: live)) == Data(contentsOf: URL(filePath: replayed)))
        #expect(engine.findings.map(\.kind) == [.cycle])
    }

    @Test func whatTheRunWasSurvives() throws {
        var info = Self.info()
        info.run.command = "livedep record -- sh -c \"echo \\ 'x'\"\n\ttwice"
        var writer = try CaptureWriter(capture, info: info)
        try writer.finish(counters: ["drops": 3, "gaps": 0], discarded: 3)
        let replay = try CaptureReplay(capture)
        #expect(replay.info == info)
        #expect(replay.counters == ["drops": 3, "gaps": 0])
    }

    @Test func onlyChosenTasksAreReplayed() throws {
        try record(Self.story().records)
        var sink = TellingSink()
        var replay = try CaptureReplay(capture, selection: CaptureReplay.Selection(comm: "beta"))
        while try replay.next(into: &sink) != nil {}
        #expect(sink.told.contains { $0.contains("21/beta acquire") })
        #expect(!sink.told.contains { $0.contains("alpha") })

        var byProcess = TellingSink()
        var other = try CaptureReplay(capture, selection: CaptureReplay.Selection(pid: 10))
        while try other.next(into: &byProcess) != nil {}
        #expect(byProcess.told.contains { $0.contains("11/alpha acquire") })
        #expect(!byProcess.told.contains { $0.contains("/beta") })
    }

    // MARK: Files

    @Test func theOldestFilesGoAndTheRestMakesSense() throws {
        var script = KernelScript()
        script.name(11, "alpha")
        for round in 0..<20000 {
            let lock = UInt64(100 + round % 50)
            script.acquire(11, lock)
            script.acquire(11, 1)
            script.release(11, 1)
            script.release(11, lock)
        }
        let live = try record(script.records, limits: CaptureWriter.Limits(fileSize: 1 << 20, files: 2))
        let files = try FileManager.default.contentsOfDirectory(atPath: capture).filter { $0.hasPrefix("ring0_") }
        #expect(files.count == 2 && !files.contains("ring0_000000"))
        let (replayed, damage) = try replay(capture)
        #expect(damage == [])
        #expect(replayed.first == "all stacks lost")
        // What is left is the end of what was told, names and all.
        #expect(replayed.count > 10_000 && replayed.dropFirst() == live.suffix(replayed.count - 1))
    }

    @Test func everyFileTellsTheTestThatRuns() throws {
        var script = KernelScript()
        script.name(11, "alpha")
        for _ in 0..<20000 {
            script.acquire(11, 1)
            script.release(11, 1)
        }
        var sink = TellingSink()
        var decoder = RecordDecoder(naming: ScriptedNaming())
        var writer = try CaptureWriter(
            capture,
            info: Self.info(),
            limits: CaptureWriter.Limits(fileSize: 1 << 20, files: 2)
        )
        writer.append(.test("igt@a", from: 1))
        for record in script.records {
            record.withUnsafeBytes { decoder.decode($0, into: &sink, keepingIn: &writer) }
        }
        writer.append(.test("", from: 9))
        try writer.finish(counters: [:], discarded: 0)
        let (replayed, damage) = try replay(capture)
        #expect(damage == [])
        let tests = replayed.filter { $0.hasPrefix("test ") }
        #expect(Set(tests.dropLast()) == ["test 'igt@a' from 1"] && tests.last == "test '' from 9")
        #expect(
            replayed.firstIndex { $0.hasPrefix("test ") } ?? .max < replayed.firstIndex { $0.contains("acquire") } ?? 0
        )
    }

    @Test func lockdepsClassesAreNamedByTheirKeys() throws {
        var info = Self.info()
        info.run.source = "lockdep"
        var ordered = LockClass(name: "&p->lock", type: .spin, naming: "lockdep")
        ordered.isOrdered = true
        var writer = try CaptureWriter(capture, info: info)
        writer.acceptFresh()
        let number = LockClassID(rawValue: 7)
        writer.append(.lockClass(number, ordered))
        writer.append(.key(0xf00, name: 5, number))
        for (address, isTracepoint) in [(UInt64(0x50), true), (0x60, false)] {
            let name = NamingDecision.AddressName(
                function: "f\(address)",
                frame: "f\(address)+0x1/0x2",
                isInsideLock: false,
                isTracepoint: isTracepoint
            )
            writer.append(.address(address, name))
        }
        for kind in [LD_CLASS, LD_ACQUIRE] {
            let nameLength = kind == LD_CLASS ? Int(LD_CLASS_NAME_LEN) : 0
            let stack: [UInt64] = kind == LD_CLASS ? [] : [0x40, 0x50, 0x60]
            var record = ld_record()
            record.kind = UInt8(kind.rawValue)
            record.tid = 11
            record.seq = kind == LD_CLASS ? 0 : 1
            record.lock = 0x1000
            record.origin = ld_origin(cache: 0xf00, offset: 2, detail: 5)
            record.nname = UInt32(nameLength)
            record.nstack = UInt8(stack.count)
            record.size = UInt16(MemoryLayout<ld_record>.size + stack.count * 8 + nameLength)
            var bytes = withUnsafeBytes(of: record) { [UInt8]($0) }
            for address in stack { withUnsafeBytes(of: address) { bytes += $0 } }
            bytes += [UInt8](repeating: 0, count: nameLength)
            bytes.withUnsafeBytes { writer.append(record: $0) }
        }
        try writer.finish(counters: [:], discarded: 0)
        let (replayed, damage) = try replay(capture)
        #expect(damage == [])
        #expect(replayed == ["0 11/ acquire 4096 &p->lock write depth 0 at f96 [f96+0x1/0x2] under"])
        var engine = LockOrderEngine()
        var again = try CaptureReplay(capture)
        while try again.next(into: &engine) != nil {}
        #expect(engine.tables.classes[LockClassID(rawValue: 0)].isOrdered)
    }

    @Test func aFolderWithSomethingInItIsLeftAlone() throws {
        try FileManager.default.createDirectory(atPath: capture, withIntermediateDirectories: true)
        try Data("precious".utf8).write(to: URL(filePath: capture + "/notes"))
        let error = #expect(throws: FileError.self) { _ = try CaptureWriter(capture, info: Self.info()) }
        #expect(error?.description == "\(capture): is not empty; name a new folder, or remove this one first")
    }

    @Test func aFolderThatIsNoCaptureIsOneLine() throws {
        #expect(throws: FileError.self) { _ = try CaptureReplay(folder.path) }
        try Data("/* CTF 1.8 */ trace { major = 1; };".utf8).write(to: folder.appending(path: "metadata"))
        let error = #expect(throws: FileError.self) { _ = try CaptureReplay(folder.path) }
        #expect(error?.reason == "is not that of a capture made by livedep")
    }

    // MARK: Damage

    @Test func cutOffAnywhereItIsReadUpToTheLastWholePacket() throws {
        let live = try record(Self.story().records, packets: 3)
        let ring = URL(filePath: capture + "/ring0_000000")
        let whole = try Data(contentsOf: ring)
        #expect(whole.count < 20_000)
        var counts: Set<Int> = []
        for end in 0..<whole.count {
            try whole.prefix(end).write(to: ring)
            let (replayed, damage) = try replay(capture)
            #expect(replayed == Array(live.prefix(replayed.count)), "cut off at \(end)")
            counts.insert(replayed.count)
            // A cut between two packets leaves no trace in the file; everywhere else it is one line.
            let said = damage.filter { $0.reason.contains("ends in the middle of a packet") }
            #expect(damage == said && said.count <= 1, "cut off at \(end)")
            #expect(said.isEmpty == (end == 0 || Self.packetEnds(whole).contains(end)), "cut off at \(end)")
        }
        // Nothing, one packet, two packets.
        #expect(counts.count == 3)
    }

    @Test func noByteThatChangesDoesHarm() throws {
        try record(Self.story().records, packets: 3)
        let ring = URL(filePath: capture + "/ring0_000000")
        let whole = try Data(contentsOf: ring)
        var random = SystemRandomNumberGenerator()
        for position in 0..<whole.count {
            var damaged = whole
            damaged[position] ^= UInt8.random(in: 1...255, using: &random)
            try damaged.write(to: ring)
            var engine = LockOrderEngine()
            var replay = try CaptureReplay(capture)
            while try replay.next(into: &engine) != nil {}
            engine.finish()
        }
    }

    @Test func metadataCutOffAnywhereAreOneLine() throws {
        try record(Self.story().records)
        let file = URL(filePath: capture + "/metadata")
        let whole = try Data(contentsOf: file)
        for end in stride(from: 0, to: whole.count - 1, by: 7) {
            try whole.prefix(end).write(to: file)
            let error = #expect(throws: FileError.self) { _ = try CaptureReplay(capture) }
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test func aRecordingWithoutAnEndIsSaidToBeOne() throws {
        try record(Self.story().records)
        try FileManager.default.removeItem(atPath: capture + "/.livedep")
        let (_, damage) = try replay(capture)
        #expect(damage.map(\.reason) == ["the recording did not come to its end"])
    }

    // MARK: Making captures

    /// Two tasks that take two locks in both orders, with everything else that records can say.
    private static func story() -> KernelScript {
        var script = KernelScript()
        script.name(11, "alpha")
        script.name(21, "beta")
        script.initialise(11, 2, name: "inode_lock")
        script.acquire(11, 1, stack: [0x20, 0x46, 0x50])
        script.acquire(11, 2, stack: [0x30, 70, 80])
        script.stepBack(25)
        script.acquire(21, 2, mode: LD_READ)
        script.release(11, 1)
        script.release(11, 2)
        script.drop(21, 2)
        script.acquire(21, 1)
        script.release(21, 1)
        script.acquire(21, 10)
        script.release(21, 10)
        script.release(21, 2)
        return script
    }

    private static func info() -> CaptureInfo {
        let run = GraphRun(id: "host-1-2", host: "host", kernel: "6.1.0", source: "functions", began: 1_700_000_000)
        return CaptureInfo(
            run: run,
            isFiltered: false,
            hooks: [CaptureInfo.Hook(function: "mutex_unlock", attachment: "fentry")]
        )
    }

    @discardableResult
    private func record(
        _ records: [[UInt8]],
        limits: CaptureWriter.Limits = CaptureWriter.Limits(),
        packets: Int = 1
    ) throws -> [String] {
        var sink = TellingSink()
        try record(records, into: &sink, limits: limits, packets: packets)
        return sink.told
    }

    private func record(
        _ records: [[UInt8]],
        into sink: inout some LockEventSink,
        limits: CaptureWriter.Limits = CaptureWriter.Limits(),
        packets: Int = 1
    ) throws {
        var decoder = RecordDecoder(naming: ScriptedNaming())
        var writer = try CaptureWriter(capture, info: Self.info(), limits: limits)
        for (index, record) in records.enumerated() {
            record.withUnsafeBytes { decoder.decode($0, into: &sink, keepingIn: &writer) }
            if packets > 1, (index + 1) % ((records.count + packets - 1) / packets) == 0, index + 1 < records.count {
                try writer.flush(olderThan: 0, discarded: 0)
            }
        }
        try writer.finish(counters: [:], discarded: 0)
    }

    private func replay(_ name: String) throws -> (told: [String], damage: [FileError]) {
        var sink = TellingSink()
        var replay = try CaptureReplay(name)
        while try replay.next(into: &sink) != nil {}
        return (sink.told, replay.damage)
    }

    private static func packetEnds(_ file: Data) -> [Int] {
        var ends: [Int] = []
        var position = 0
        while position + 64 <= file.count {
            let size = file[(position + 56)..<(position + 64)].reversed().reduce(0) { $0 << 8 | Int($1) } / 8
            position += size
            ends.append(position)
        }
        return ends
    }
}
