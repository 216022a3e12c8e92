// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockNaming
import Testing

@testable import LiveTracing

@Suite("perf's records")
struct PerfSampleTests {
    private func bytes(_ words: [UInt64], fields: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
        withUnsafeBytes(of: UInt32(fields.count).littleEndian) { bytes += $0 }
        return bytes + fields
    }

    @Test("a sample has its task, its time, its stack without marks, and the tracepoint's fields")
    func sample() throws {
        // common_type 7, flags 2, name at 20, address.
        let fields: [UInt8] =
            [7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 24, 0, 5, 0] + [0x40, 0, 0, 0x82, 0xff, 0xff, 0xff, 0xff]
            + Array("lock\0".utf8)
        let kernelMark = UInt64.max - 127
        let record = bytes(
            [9, 11 | 12 << 32, 1000, 1, 3, kernelMark, 0xffff_ffff_8100_0010, 0xffff_ffff_8100_0020],
            fields: fields
        )
        guard case .sample(let sample) = record.withUnsafeBytes({ PerfSample.record($0) }) else {
            Issue.record("not a sample")
            return
        }
        #expect(sample.pid == 11 && sample.tid == 12 && sample.time == 1000 && sample.cpu == 1)
        #expect(sample.stack == [0xffff_ffff_8100_0010, 0xffff_ffff_8100_0020])
        #expect(sample.tracepoint == 7)
        #expect(sample.word(at: 8) == 2)
        #expect(sample.string(at: 12) == "lock")
        #expect(sample.longWord(at: 16) == 0xffff_ffff_8200_0040)
    }

    @Test("a record that is cut off, or says more than it holds, is none", arguments: 0..<90)
    func hostile(length: Int) {
        let record = bytes([9, 0, 0, 0, 900, 1, 2, 3, 4], fields: Array(repeating: 0xff, count: 16))
        guard case .other = record.prefix(length).withUnsafeBytes({ PerfSample.record($0) }) else {
            Issue.record("believed")
            return
        }
    }

    @Test("fields lie where tracefs says")
    func format() {
        let offsets = Tracepoint.offsets(
            """
            name: lock_acquire
            ID: 7
            format:
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

            \tfield:unsigned int flags;\toffset:8;\tsize:4;\tsigned:0;
            \tfield:__data_loc char[] name;\toffset:12;\tsize:4;\tsigned:0;
            \tfield:void * lockdep_addr;\toffset:16;\tsize:8;\tsigned:0;

            print fmt: "%p"
            """
        )
        #expect(offsets == ["common_type": 0, "flags": 8, "name": 12, "lockdep_addr": 16])
    }

    private static let heap: UInt64 = 0xffff_8880_0000_0100

    private func classes(sharing names: Set<String>) -> PerfLockClasses {
        let symbols = """
            ffffffff82000000 d lock
            ffffffff82000100 d lock
            ffffffff82001000 D _end

            """
        return PerfLockClasses(symbols: SymbolTable(kallsyms: Array(symbols.utf8)), sharedNames: names)
    }

    @Test("a class that might_lock() showed first gets its kind from the first lock function")
    func kinds() {
        var tables = EventTables()
        var classes = classes(sharing: [])
        let guess = classes.lockClass("&mm->mmap_lock", at: Self.heap, takenBy: "__might_fault", in: &tables)
        let known = classes.lockClass("&mm->mmap_lock", at: Self.heap, takenBy: "down_read", in: &tables)
        #expect(tables.classes[known].type == .rwsem)
        #expect(classes.takeUnifications().map(\.gone) == [guess])
        #expect(classes.lockClass("&mm->mmap_lock", at: Self.heap, takenBy: nil, in: &tables) == known)
    }

    @Test("a name that lockdep has several classes for is inferred, but for a variable's own")
    func namesakes() {
        var tables = EventTables()
        var classes = classes(sharing: ["lock", "&x->wait"])
        let member = classes.lockClass("lock", at: Self.heap, takenBy: "mutex_lock", in: &tables)
        let first = classes.lockClass("lock", at: 0xffff_ffff_8200_0020, takenBy: "mutex_lock", in: &tables)
        let second = classes.lockClass("lock", at: 0xffff_ffff_8200_0120, takenBy: "mutex_lock", in: &tables)
        #expect(Set([member, first, second]).count == 3)
        #expect(tables.classes[member].certainty == .inferred)
        #expect(tables.classes[first].certainty == .exact && tables.classes[first].origin.isEmpty)
        #expect(tables.classes[second].certainty == .exact && tables.classes[second].origin == "#2")
        let shared = classes.lockClass("&x->wait", at: Self.heap, takenBy: nil, in: &tables)
        #expect(tables.classes[shared].certainty == .inferred)
    }
}
