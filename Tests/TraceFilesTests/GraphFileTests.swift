// SPDX-License-Identifier: Apache-2.0

import Glibc
import GraphFixtures
import JSONLines
import LockEvents
import LockGraph
import Testing

@testable import TraceFiles

/// A folder that goes with its test.
final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/livedep-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer {
            $0.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
        }
    }

    deinit { for name in names { unlink("\(path)/\(name)") }; rmdir(path) }

    private var names: [String] = []

    func file(_ name: String) -> String {
        names.append(name)
        return "\(path)/\(name)"
    }

    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let path = file(name)
        if let stream = fopen(path, "w") {
            fwrite(bytes, 1, bytes.count, stream)
            fclose(stream)
        }
        return path
    }

    func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

    static func read(_ path: String) -> [UInt8] {
        guard let stream = fopen(path, "r") else { return [] }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 { bytes += chunk[..<count] }
        return bytes
    }
}

@Suite struct GraphFileTests {
    static let run = GraphRun(
        id: "box-1/1700000000",
        host: "box-1",
        kernel: "6.1.0-18",
        source: "functions",
        began: 1_700_000_000,
        command: "make test"
    )

    static var seed: GraphSnapshot {
        GraphSnapshot(Scenario.seed().engine, run: run, counters: ["drops": 0, "misses": 2])
    }

    static func read(_ text: String) throws -> GraphSnapshot {
        let folder = Folder()
        return try GraphSnapshot(reading: folder.write("graph", text))
    }

    @Test func whatIsWrittenComesBack() throws {
        let folder = Folder()
        for name in ["graph.livedep", "graph.livedep.gz"] {
            let path = folder.file(name)
            try Self.seed.write(to: path)
            let read = try GraphSnapshot(reading: path)
            #expect(read.text == Self.seed.text)
            #expect(read.isComplete)
            #expect(read.runs == [Self.run])
            #expect(read.summaries[0]?.counters == ["drops": 0, "misses": 2])
            #expect(read.findings.map(\.finding.signature) == Self.seed.findings.map(\.finding.signature))
        }
        let compressed = Folder.read(folder.path + "/graph.livedep.gz")
        #expect(compressed.starts(with: [0x1F, 0x8B]))
        #expect(compressed.count * 3 < Self.seed.text.utf8.count)
    }

    @Test func aDependencyLineStandsByItself() throws {
        let line = try #require(
            Self.seed.text.split(separator: "\n").first {
                $0.contains(#""from":"gpu_lock""#) && $0.contains("dependency")
            }
        )
        let expected = [
            #"{"record":"dependency","run":"box-1/1700000000","host":"box-1","kernel":"6.1.0-18","source":"functions""#,
            #""from":"gpu_lock","fromType":"mutex","fromOrigin":"","fromSubclass":0,"fromMode":"write""#,
            #""to":"rcu_state.barrier_mutex","toType":"mutex","toOrigin":"","toSubclass":0,"toMode":"write""#,
            #""direct":true,"may":false,"count":1,"tasks":1,"sites":["rcu_barrier"],"task":1290,"pid":1290"#,
            #""comm":"kms_front","t":604057000000,"test":"igt@kms_frontbuffer_tracking@fbcpsr""#,
            #""heldSite":"gpu_ctl","heldStack":["gpu_ctl","__x64_sys_ioctl"],"site":"rcu_barrier""#,
            #""stack":["rcu_barrier","gpu_ctl","__x64_sys_ioctl"]}"#,
        ]
        #expect(String(line) == expected.joined(separator: ","))
    }

    @Test func theBaselineKnowsAllOfIt() {
        let engine = Scenario.seed(EngineOptions(baseline: Self.seed.baseline)).engine
        #expect(engine.dependencies.allSatisfy { $0.isNew == false })
        var old = Scenario()
        old.oldLinks()
        let before = GraphSnapshot(old.engine, run: Self.run).baseline
        let now = Scenario.seed(EngineOptions(baseline: before)).engine
        #expect(now.dependencies.filter { $0.isNew == true }.map { now.printedName(of: $0.from) } == ["gpu_lock"])
    }

    @Test func anEngineMadeOfAFileFindsTheSame() {
        let engine = Self.seed.engine()
        #expect(Set(engine.findings.map(\.signature)) == Set(Self.seed.findings.map(\.finding.signature)))
    }

    @Test func aFileCutOffAnywhereIsReadToItsLastWholeLine() throws {
        let bytes = Array(Self.seed.text.utf8)
        let folder = Folder()
        var last = -1
        for length in stride(from: 40, to: bytes.count, by: 97) {
            let path = folder.write("cut", Array(bytes[..<length]))
            guard let read = try? GraphSnapshot(reading: path) else {
                #expect(!bytes[..<length].contains(UInt8(ascii: "\n")))
                continue
            }
            #expect(read.dependencies.count >= last)
            #expect(!read.isComplete)
            last = read.dependencies.count
        }
        #expect(last == Self.seed.dependencies.count)
    }

    @Test func aCompressedFileCutOffIsReadAsFarAsItGoes() throws {
        let folder = Folder()
        let path = folder.file("graph.gz")
        let seed = Scenario.seed()
        var file = try GraphFileWriter(path, run: Self.run)
        try file.append(seed.engine)
        let alive = try GraphSnapshot(reading: path)
        #expect(alive.dependencies.count == seed.engine.dependencies.count)
        #expect(!alive.isComplete)
        try file.finish(seed.engine)
        let bytes = Folder.read(path)
        let cut = try GraphSnapshot(reading: folder.write("cut.gz", Array(bytes[..<(bytes.count - 20)])))
        #expect(!cut.isComplete)
        #expect(cut.dependencies.count == seed.engine.dependencies.count)
    }

    @Test func linesCutOffInTheMiddleArePassedOverAndCounted() throws {
        let whole = Self.seed.text
        let cut = String(whole.dropLast(whole.count / 2))
        // cat cut whole: the cut line and the other file's first stand on one line.
        let read = try Self.read(cut + whole)
        #expect(read.damagedLines == 1)
        #expect(!read.isComplete)
        #expect(read.text == whole)
        let separate = try Self.read("\n" + cut + "\n" + whole + "\n\n")
        #expect(separate.damagedLines == 1)
        #expect(separate.text == whole)
    }

    @Test(arguments: [
        ("", "is empty"), ("nonsense\n", "1: is no graph file"),
        (#"{"op":"acquire","lock":"A"}"#, "1: a line without 'record' is none of a graph file"),
        (#"{"record":"class","run":"r","name":"A"}"#, "1: a class record without 'type' at column 1"),
        (
            "{\"record\":\"run\",\"run\":\"r\"}\n\n{\"record\":\"class\",\"run\":\"r\",\"name\":\"A\",\"type\":\"mutexx\"}",
            "3: 'mutexx' is no LockType"
        ), (#"{"record":"run","run":"r","version":99}"#, "1: format 99 is newer than this livedep's 1"),
        (#"{"record":"run","run":7}"#, "1: a string is expected at column 23"),
    ])
    func whatIsWrongIsSaidInOneLine(_ text: String, reason: String) {
        let folder = Folder()
        let path = folder.write("bad", text)
        let error = #expect(throws: FileError.self) { _ = try GraphSnapshot(reading: path) }
        let description = error?.description ?? ""
        #expect(description.hasPrefix(path))
        #expect(description.dropFirst(path.count + 1).trimmingPrefix(" ").hasPrefix(reason), "\(description)")
        #expect(!description.contains("\n"))
    }

    @Test func missingFilesAndFoldersAreErrors() {
        let missing = #expect(throws: FileError.self) { _ = try GraphSnapshot(reading: "/tmp/no/such") }
        #expect(missing?.description == "/tmp/no/such: cannot be opened: No such file or directory")
        let folder = #expect(throws: FileError.self) { _ = try GraphSnapshot(reading: "/tmp") }
        #expect(folder?.description.hasPrefix("/tmp:1: cannot be read: ") == true)
        let output = #expect(throws: FileError.self) { try Self.seed.write(to: "/tmp/no/such") }
        #expect(output?.description.hasPrefix("/tmp/no/such: cannot be written: ") == true)
    }

    @Test func unknownMembersAndRecordsAreIgnored() throws {
        let read = try Self.read(
            #"{"record":"weather","rain":true}"# + "\n" + #"{"run":"r","record":"run","colour":{"a":[1,2,{}]}}"# + "\n"
        )
        #expect(read.runs == [GraphRun(id: "r")])
        #expect(read.damagedLines == 0)
    }

    @Test func hostileFilesAreBounded() throws {
        let folder = Folder()
        let long = folder.write(
            "long",
            Array(repeating: UInt8(ascii: "x"), count: LineReader.lineLimit + 100_000)
                + Array("\n\(Self.seed.text)".utf8)
        )
        let read = try GraphSnapshot(reading: long)
        #expect(read.damagedLines == 1)
        #expect(read.text == Self.seed.text)
        let binary = folder.write("binary", (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })
        #expect(throws: FileError.self) { _ = try GraphSnapshot(reading: binary) }
        let deep = folder.write("deep", String(repeating: "[", count: 1_000_000))
        #expect(throws: FileError.self) { _ = try GraphSnapshot(reading: deep) }
    }

    @Test func aGrowingFileSaysNothingTwiceThatDidNotChange() throws {
        let folder = Folder()
        let path = folder.file("growing")
        var scenario = Scenario()
        scenario.oldLinks()
        var file = try GraphFileWriter(path, run: Self.run)
        try file.append(scenario.engine)
        let first = Folder.read(path).count { $0 == UInt8(ascii: "\n") }
        try file.append(scenario.engine)
        #expect(Folder.read(path).count { $0 == UInt8(ascii: "\n") } == first)
        scenario.newLink()
        for _ in 0..<100 { scenario.oldLinks() }
        try file.append(scenario.engine)
        try file.finish(scenario.engine, counters: ["drops": 1])
        let read = try GraphSnapshot(reading: path)
        #expect(read.text == GraphSnapshot(scenario.engine, run: Self.run, counters: ["drops": 1]).text)
        #expect(read.isComplete)
    }
}
