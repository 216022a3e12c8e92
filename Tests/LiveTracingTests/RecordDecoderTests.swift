// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockEvents
import LockNaming
import Testing

@testable import LiveTracing

/// Everything a decoder said, in order.
private struct Transcript: LockEventSink {
    var tables = EventTables()
    var events: [LockEvent] = []
    var held: [[HeldLock]?] = []

    mutating func consume(_ event: LockEvent) {
        events.append(event)
        held.append(nil)
    }

    mutating func consume(_ event: LockEvent, held locks: Span<HeldLock>) {
        events.append(event)
        held.append(locks.indices.map { locks[$0] })
    }

    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {}
    mutating func advance(to time: UInt64) {}

    func name(_ id: LockClassID) -> String { tables.classes[id].name }
}

/// Kernel text of a caller that copies to user space behind its check, and of one that does not.
private struct Text: KernelMemory {
    func read(at address: UInt64, count: Int) -> [UInt8]? {
        var code = [UInt8](repeating: 0x90, count: count)
        if address == Site.copies {
            let distance = UInt32(truncatingIfNeeded: Site.copyToUser &- (address &+ 20 &+ 5))
            code[20] = 0xe8
            for index in 0..<4 { code[21 + index] = UInt8(truncatingIfNeeded: distance >> (8 * index)) }
        }
        return code
    }
}

private enum Site {
    static let takesA: UInt64 = 0xffff_ffff_8100_0010
    static let takesB: UInt64 = 0xffff_ffff_8100_0110
    static let copies: UInt64 = 0xffff_ffff_8100_0210
    static let moves: UInt64 = 0xffff_ffff_8100_0310
    static let copyToUser: UInt64 = 0xffff_ffff_8100_0400
    static let lockA: UInt64 = 0xffff_ffff_8200_0000
    static let lockB: UInt64 = 0xffff_ffff_8200_0040

    static let symbols = """
        ffffffff81000000 T takes_a
        ffffffff81000100 T takes_b
        ffffffff81000200 T copies
        ffffffff81000300 T moves
        ffffffff81000400 T _copy_to_user
        ffffffff82000000 d a
        ffffffff82000040 d b
        ffffffff82001000 D _end

        """
}

@Suite("Records to events")
struct RecordDecoderTests {
    private func decoder() -> RecordDecoder<LiveNaming<Text>> {
        let symbols = SymbolTable(kallsyms: Array(Site.symbols.utf8))
        return RecordDecoder(
            naming: LiveNaming(
                namer: LockNamer(symbols: symbols, types: nil, memory: Text(), slabLinks: [:], processors: 1),
                symbolizer: Symbolizer(symbols: symbols),
                copies: UserCopySites(symbols: symbols, memory: Text())
            )
        )
    }

    private func record(_ kind: ld_kind, _ sequence: UInt32, lock: UInt64 = 0, site: UInt64 = 0) -> ld_record {
        var record = ld_record()
        record.kind = UInt8(kind.rawValue)
        record.seq = sequence
        record.tid = 7
        record.lock = lock
        record.site = site
        return record
    }

    private func heldLock(_ lock: UInt64, at site: UInt64, type: ld_type = LD_MUTEX, mode: ld_mode = LD_WRITE)
        -> ld_held
    {
        var held = ld_held()
        held.lock = lock
        held.site = site
        held.type = UInt8(type.rawValue)
        held.mode = UInt8(mode.rawValue)
        return held
    }

    private func bytes(_ record: ld_record, held: [ld_held] = [], stack: [UInt64] = [], name: String = "") -> [UInt8] {
        var record = record
        record.nheld = UInt8(held.count)
        record.nstack = UInt8(stack.count)
        var tail: [UInt8] = []
        for lock in held { withUnsafeBytes(of: lock) { tail += $0 } }
        for address in stack { withUnsafeBytes(of: address) { tail += $0 } }
        record.nname = name.isEmpty ? 0 : UInt32(LD_NAME_LEN)
        if !name.isEmpty { tail += Array(name.utf8) + Array(repeating: 0, count: 64 - name.utf8.count) }
        record.size = UInt16(MemoryLayout<ld_record>.size + tail.count)
        return withUnsafeBytes(of: record) { Array($0) } + tail
    }

    @Test("an acquisition brings its held list, its stack from the caller on, and the task's name")
    func acquisition() {
        var decoder = decoder()
        var sink = Transcript()
        let taking = record(LD_ACQUIRE, 1, lock: Site.lockB, site: Site.takesB)
        let trampoline: UInt64 = 0xffff_ffff_c000_0000
        for record in [
            bytes(record(LD_TASK, 0), name: "kworker/0:1"),
            bytes(
                taking,
                held: [heldLock(Site.lockA, at: Site.takesA)],
                stack: [trampoline, Site.takesB, Site.takesA]
            ),
        ] {
            record.withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        #expect(sink.events.count == 1)
        let event = sink.events[0]
        #expect(event.operation == .acquire)
        #expect(sink.name(event.lockClass) == "b")
        #expect(sink.tables.names[event.site] == "takes_b")
        #expect(sink.tables.names[event.comm] == "kworker/0:1")
        #expect(sink.tables.frames(of: event.stack) == ["takes_b+0x10/0x100", "takes_a+0x10/0x100"])
        #expect(sink.held[0]?.map { sink.name($0.lockClass) } == ["a"])
        #expect(sink.held[0]?.map { sink.tables.names[$0.site] } == ["takes_a"])
    }

    @Test("a gap in a task's sequence is told before the record behind it")
    func gap() {
        var decoder = decoder()
        var sink = Transcript()
        for sequence in [0, 1, 4, 5] as [UInt32] {
            bytes(record(LD_ACQUIRE, sequence, lock: Site.lockA, site: Site.takesA))
                .withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        #expect(sink.events.map(\.operation) == [.acquire, .acquire, .lost, .acquire, .acquire])
        #expect(decoder.counts.gaps == 1)
    }

    @Test("a sequence from zero is a new task with an old number, not a gap")
    func reusedNumber() {
        var decoder = decoder()
        var sink = Transcript()
        for sequence in [0, 1, 0] as [UInt32] {
            bytes(record(LD_ACQUIRE, sequence, lock: Site.lockA, site: Site.takesA))
                .withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        #expect(decoder.counts.gaps == 0)
    }

    @Test(
        "after a miss a held list is believed only where every lock on it has an owner to ask",
        arguments: [
            (type: LD_MUTEX, mode: LD_WRITE, isBelieved: true),
            (type: LD_RWSEM, mode: LD_WRITE, isBelieved: true),
            (type: LD_RWSEM, mode: LD_READ, isBelieved: false),
            (type: LD_PERCPU_RWSEM, mode: LD_WRITE, isBelieved: false),
        ]
    )
    func distrust(type: ld_type, mode: ld_mode, isBelieved: Bool) {
        var decoder = decoder()
        decoder.trustedEpoch = 1
        var sink = Transcript()
        bytes(
            record(LD_ACQUIRE, 0, lock: Site.lockB, site: Site.takesB),
            held: [heldLock(Site.lockA, at: Site.takesA, type: type, mode: mode)]
        ).withUnsafeBytes { decoder.decode($0, into: &sink) }
        #expect((sink.held[0] != nil) == isBelieved)
        #expect(decoder.counts.distrusted == (isBelieved ? 0 : 1))
    }

    @Test("a task that was there before tracing is forgiven each early lock once")
    func earlyRelease() {
        var decoder = decoder()
        var sink = Transcript()
        var release = record(LD_RELEASE, 0, lock: Site.lockA)
        release.flags = UInt8(LD_F_UNMATCHED.rawValue | LD_F_OLD_TASK.rawValue)
        release.hook = 3
        for sequence in 0..<3 as Range<UInt32> {
            release.seq = sequence
            bytes(release).withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        #expect(decoder.counts.earlyReleases == 1)
        #expect(decoder.counts.unknownReleases == [3: 2])
    }

    @Test("a release that the lock itself disproves comes with class, stack and caller, and is nobody's gap")
    func foreignRelease() {
        var decoder = decoder()
        var sink = Transcript()
        var release = record(LD_RELEASE, 0, lock: Site.lockA)
        release.flags = UInt8(LD_F_UNMATCHED.rawValue | LD_F_PROVEN.rawValue)
        bytes(release, stack: [0xffff_ffff_c000_0000, Site.takesA, Site.takesB])
            .withUnsafeBytes { decoder.decode($0, into: &sink) }
        #expect(sink.events.map(\.operation) == [.release])
        #expect(sink.events[0].flags.contains(.proven))
        #expect(sink.name(sink.events[0].lockClass) == "a")
        #expect(sink.tables.names[sink.events[0].site] == "takes_a")
        #expect(decoder.counts.unknownReleases.isEmpty)
    }

    @Test("a lock that is initialised while held is of the class that it was")
    func heldInitialisation() {
        var decoder = decoder()
        var sink = Transcript()
        var initialisation = record(LD_INIT, 0, lock: Site.lockA, site: Site.takesB)
        initialisation.flags = UInt8(LD_F_PROVEN.rawValue)
        bytes(initialisation, name: "other").withUnsafeBytes { decoder.decode($0, into: &sink) }
        #expect(sink.events.map(\.operation) == [.initialize])
        #expect(sink.events[0].flags.contains(.proven))
        #expect(sink.name(sink.events[0].lockClass) == "a")
    }

    @Test("a checked copy counts as might-fault only where the caller goes on to copy to user memory")
    func userCopies() {
        var decoder = decoder()
        var sink = Transcript()
        for (sequence, site) in [Site.copies, Site.moves].enumerated() {
            var may = record(LD_MAY, UInt32(sequence), lock: Site.lockB, site: site)
            may.hook = UInt8(LD_HOOK___check_object_size.rawValue)
            bytes(may, held: [heldLock(Site.lockA, at: Site.takesA)])
                .withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        #expect(sink.events.map(\.operation) == [.may])
        #expect(sink.tables.names[sink.events[0].site] == "copies")
        #expect(decoder.naming.copies.unclassified == 1)
    }

    @Test(
        "a name may be as long as its kind of record allows, and no longer",
        arguments: [
            (kind: LD_CLASS, length: 256, isTaken: true), (kind: LD_CLASS, length: 264, isTaken: false),
            (kind: LD_TASK, length: 64, isTaken: true), (kind: LD_TASK, length: 256, isTaken: false),
        ]
    )
    func nameLength(kind: ld_kind, length: Int, isTaken: Bool) {
        var decoder = decoder()
        var sink = Transcript()
        var named = record(kind, 0)
        named.nname = UInt32(length)
        named.size = UInt16(MemoryLayout<ld_record>.size + length)
        let bytes = withUnsafeBytes(of: named) { Array($0) } + [UInt8](repeating: 0x61, count: length)
        bytes.withUnsafeBytes { decoder.decode($0, into: &sink) }
        #expect(decoder.counts.malformed == (isTaken ? 0 : 1))
        #expect(decoder.counts.records == (isTaken ? 1 : 0))
    }

    @Test("records that are cut off, or whose parts do not fit, are counted and nothing else")
    func malformed() {
        var decoder = decoder()
        var sink = Transcript()
        let whole = bytes(
            record(LD_ACQUIRE, 0, lock: Site.lockB, site: Site.takesB),
            held: [heldLock(Site.lockA, at: Site.takesA)]
        )
        for length in 0..<whole.count {
            whole[..<length].withUnsafeBytes { decoder.decode($0, into: &sink) }
        }
        var lying = whole
        lying[MemoryLayout<ld_record>.offset(of: \.nheld)!] = 200
        lying.withUnsafeBytes { decoder.decode($0, into: &sink) }
        #expect(sink.events.isEmpty)
        #expect(decoder.counts.malformed == whole.count + 1)
    }
}
