// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockEvents
import LockNaming
import Testing

@testable import LiveTracing

/// The events of records, with the held list of the last one that had one.
private struct Listener: LockEventSink {
    var tables = EventTables()
    var events: [LockEvent] = []
    var held: [HeldLock] = []

    mutating func consume(_ event: LockEvent) { events.append(event) }

    mutating func consume(_ event: LockEvent, held locks: Span<HeldLock>) {
        events.append(event)
        held = locks.indices.map { locks[$0] }
    }

    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {}
    mutating func advance(to time: UInt64) {}
}

private struct NoMemory: KernelMemory {
    func read(at address: UInt64, count: Int) -> [UInt8]? { nil }
}

@Suite("Records of the lockdep source")
final class LockdepRecordTests {
    private static let symbols = """
        ffffffff81000000 T takes
        ffffffff82000000 d outer
        ffffffff82000100 d inode_type
        ffffffff82001000 D _end

        """
    private static let outer: UInt64 = 0xffff_ffff_8200_0040
    private static let key: UInt64 = 0xffff_ffff_8200_0108
    private static let inode: UInt64 = 0xffff_8880_0000_0100
    private static let site: UInt64 = 0xffff_ffff_8100_0010

    private var decoder: RecordDecoder<LiveNaming<NoMemory>>
    private var sink = Listener()
    private var sequence: UInt32 = 0

    private func makeRecord(_ kind: ld_kind, lock: UInt64, key: UInt64, subclass: UInt32 = 0) -> ld_record {
        var record = ld_record()
        record.kind = UInt8(kind.rawValue)
        record.seq = sequence
        record.tid = 7
        record.lock = lock
        record.site = Self.site
        record.origin = ld_origin(cache: key, offset: subclass, detail: 1)
        return record
    }

    private func play(_ record: ld_record, held: [ld_held] = [], name: String = "") {
        var record = record
        record.nheld = UInt8(held.count)
        var tail: [UInt8] = []
        for lock in held { withUnsafeBytes(of: lock) { tail += $0 } }
        if !name.isEmpty {
            record.nname = UInt32(LD_CLASS_NAME_LEN)
            tail += Array(name.utf8) + Array(repeating: 0, count: Int(LD_CLASS_NAME_LEN) - name.utf8.count)
        }
        record.size = UInt16(MemoryLayout<ld_record>.size + tail.count)
        let bytes = withUnsafeBytes(of: record) { Array($0) } + tail
        bytes.withUnsafeBytes { decoder.decode($0, into: &sink) }
        sequence += 1
    }

    private func entry(_ lock: UInt64, key: UInt64, subclass: UInt32 = 0, flags: UInt32 = 0, nest: UInt64 = 0)
        -> ld_held
    {
        var held = ld_held()
        held.lock = lock
        held.site = Self.site
        held.context = nest
        held.origin = ld_origin(cache: key, offset: subclass, detail: 1)
        held.flags = UInt8(flags)
        return held
    }

    private func meet(_ name: String, lock: UInt64, key: UInt64, type: ld_type, flags: UInt32 = 0) {
        var record = makeRecord(LD_CLASS, lock: lock, key: key)
        record.type = UInt8(type.rawValue)
        record.mode = UInt8(flags)
        play(record, name: name)
    }

    init() {
        let symbols = SymbolTable(kallsyms: Array(Self.symbols.utf8))
        decoder = RecordDecoder(
            naming: LiveNaming(
                namer: LockNamer(symbols: symbols, types: nil, memory: NoMemory(), slabLinks: [:], processors: 1),
                lockdep: LockdepNamer(symbols: symbols, types: nil, memory: NoMemory(), processors: 1, lockdep: ""),
                symbolizer: Symbolizer(symbols: symbols),
                copies: UserCopySites(symbols: symbols, memory: NoMemory())
            )
        )
    }

    @Test("a class is told once, and its name, kind, subclass and nest lock come with each lock")
    func acquisition() {
        meet("outer", lock: Self.outer, key: Self.outer, type: LD_MUTEX)
        meet("&sb->s_type->i_mutex_key", lock: Self.inode, key: Self.key, type: LD_RWSEM)
        var record = makeRecord(LD_ACQUIRE, lock: Self.inode, key: Self.key, subclass: 4)
        record.mode = UInt8(LD_READ.rawValue)
        record.aux = Self.outer
        play(record, held: [entry(Self.outer, key: Self.outer)])

        #expect(sink.events.count == 1)
        let event = sink.events[0]
        let lockClass = sink.tables.classes[event.lockClass]
        #expect(lockClass.name == "&sb->s_type->i_mutex_key" && lockClass.type == .rwsem)
        #expect(lockClass.origin == "inode_type")
        #expect(event.subclass == 4 && event.mode == .read)
        #expect(event.nest.rawValue == Self.outer && event.context == .none)
        #expect(sink.held.map { sink.tables.classes[$0.lockClass].name } == ["outer"])
    }

    @Test("a ww mutex has its nest lock for a context, and readers may be recursive")
    func wwMutex() {
        meet("reservation_ww_class_mutex", lock: Self.inode, key: Self.key, type: LD_WW_MUTEX)
        var record = makeRecord(LD_ACQUIRE, lock: Self.inode, key: Self.key)
        record.aux = 0x1234
        record.mode = UInt8(LD_RECURSIVE.rawValue)
        play(record)
        #expect(sink.events.last?.context.rawValue == 0x1234)
        #expect(sink.events.last?.nest == LockID.none)
        #expect(sink.events.last?.mode == .recursive)
    }

    @Test("an entry that is still awaited holds nobody up, and one that may be taken by turns is ordered")
    func awaited() {
        meet("outer", lock: Self.outer, key: Self.outer, type: LD_MUTEX)
        meet("&u->lock", lock: Self.inode, key: Self.key, type: LD_SPIN, flags: LD_CLASS_ORDERED.rawValue)
        play(
            makeRecord(LD_ACQUIRE, lock: Self.inode, key: Self.key),
            held: [entry(Self.outer, key: Self.outer, flags: LD_H_AWAITED.rawValue)]
        )
        #expect(sink.held.map(\.isAwaited) == [true])
        #expect(sink.events.last.map { sink.tables.classes[$0.lockClass].isOrdered } == true)
    }

    @Test("what lockdep does not check is kept out of verdicts")
    func unchecked() {
        meet("console_srcu", lock: Self.inode, key: Self.key, type: LD_PSEUDO, flags: LD_CLASS_UNCHECKED.rawValue)
        play(makeRecord(LD_ACQUIRE, lock: Self.inode, key: Self.key))
        #expect(sink.events.last.map { sink.tables.classes[$0.lockClass].isValidated } == false)
    }

    @Test("idle tasks are tasks of their own, and have no number")
    func idle() {
        var record = makeRecord(LD_ACQUIRE, lock: Self.outer, key: Self.outer)
        record.tid = LD_IDLE_TID + 3
        play(record)
        #expect(sink.events.last?.task.rawValue == UInt64(LD_IDLE_TID + 3))
        #expect(sink.events.last?.pid == 0)
    }
}
