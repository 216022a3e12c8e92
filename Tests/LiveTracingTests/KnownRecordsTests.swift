// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockNaming
import Testing

@testable import LiveTracing
@testable import LockEvents

/// What a decoder said, one line each, with names in place of numbers.
private struct Script: LockEventSink {
    var tables = EventTables()
    var lines: [String] = []

    mutating func consume(_ event: LockEvent) { lines.append(text(event)) }

    mutating func consume(_ event: LockEvent, held locks: Span<HeldLock>) {
        let held = locks.indices.map { index in
            let lock = locks[index]
            return "\(lock.lock.rawValue) \(name(lock.lockClass)) \(tables.names[lock.site]) \(lock.mode) "
                + "\(lock.isTrylock) \(lock.context.rawValue)"
        }
        lines.append(text(event) + " held " + held.joined(separator: ", "))
    }

    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) { lines.append("\(name(kept)) is \(name(gone))") }
    mutating func advance(to time: UInt64) {}

    private func name(_ id: LockClassID) -> String { id == .none ? "-" : tables.classes[id].name }

    private func text(_ event: LockEvent) -> String {
        "\(event.operation) \(event.task.rawValue) \(tables.names[event.comm]) \(event.lock.rawValue) "
            + "\(name(event.lockClass)) \(event.mode) \(event.flags.rawValue) \(event.depth) \(event.time) "
            + "\(event.context.rawValue) \(tables.names[event.site]) \(tables.frames(of: event.stack))"
    }
}

private struct NoMemory: KernelMemory {
    func read(at address: UInt64, count: Int) -> [UInt8]? { nil }
}

private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return FlatTable.mix(state)
    }
}

@Suite("Known records")
struct KnownRecordsTests {
    private static let symbols =
        (0..<8)
        .map { "ffffffff8100\(String($0, radix: 16))000 T function\($0)\n" }.joined() + "ffffffff81008000 T end\n"

    private func decoder() -> RecordDecoder<LiveNaming<NoMemory>> {
        let symbols = SymbolTable(kallsyms: Array(Self.symbols.utf8))
        return RecordDecoder(
            naming: LiveNaming(
                namer: LockNamer(symbols: symbols, types: nil, memory: NoMemory(), slabLinks: [:], processors: 1),
                symbolizer: Symbolizer(symbols: symbols),
                copies: UserCopySites(symbols: symbols, memory: NoMemory())
            )
        )
    }

    /// A stream as several tasks make it: few locks at few sites, some of them initialised anew under another name.
    private func stream(_ seed: UInt64, count: Int) -> [[UInt8]] {
        var random = Random(state: seed)
        var sequences: [UInt32: UInt32] = [:]
        func site(_ random: inout Random) -> UInt64 {
            0xffff_ffff_8100_0010 + UInt64.random(in: 0..<8, using: &random) << 12
        }
        func lock(_ random: inout Random) -> UInt64 {
            0xffff_8880_0000_0000 + 64 * UInt64.random(in: 0..<6, using: &random)
        }
        func flags(_ random: inout Random) -> UInt8 { UInt8.random(in: 0..<8, using: &random) }
        return (0..<count).map { index in
            let tid = UInt32.random(in: 1...4, using: &random)
            var record = ld_record()
            let kinds: [ld_kind] = [
                LD_ACQUIRE, LD_ACQUIRE, LD_ACQUIRE, LD_RELEASE, LD_RELEASE, LD_TRY, LD_ATTEMPT, LD_FAIL, LD_DOWNGRADE,
                LD_MAY, LD_INIT, LD_TASK, LD_EXIT,
            ]
            let kind = kinds[Int.random(in: 0..<(index % 16 == 0 ? kinds.count : 9), using: &random)]
            record.kind = UInt8(kind.rawValue)
            record.tid = tid
            record.seq = sequences[tid, default: 0]
            // One in 50 got lost.
            sequences[tid] = record.seq + (Int.random(in: 0..<50, using: &random) == 0 ? 2 : 1)
            record.lock = lock(&random)
            record.site = site(&random)
            record.type = UInt8.random(in: 0..<2, using: &random)
            record.mode = UInt8.random(in: 0..<2, using: &random)
            record.flags = flags(&random)
            record.epoch = UInt32(index * 4 / count)
            record.time = UInt64(index)
            record.origin.offset = UInt32.random(in: 0..<2, using: &random)
            record.hook = UInt8(LD_HOOK_mutex_lock.rawValue)
            var tail: [UInt8] = []
            if [LD_ACQUIRE, LD_TRY, LD_ATTEMPT, LD_MAY, LD_EXIT].contains(kind) {
                record.nheld = UInt8.random(in: 0..<4, using: &random)
                for _ in 0..<record.nheld {
                    var held = ld_held()
                    held.lock = lock(&random)
                    held.site = site(&random)
                    held.flags = flags(&random)
                    held.mode = UInt8.random(in: 0..<2, using: &random)
                    withUnsafeBytes(of: held) { tail += $0 }
                }
                if Bool.random(using: &random) {
                    record.nstack = UInt8.random(in: 1..<4, using: &random)
                    for _ in 0..<record.nstack { withUnsafeBytes(of: site(&random)) { tail += $0 } }
                }
            } else if kind == LD_INIT || kind == LD_TASK {
                let name = "name\(UInt8.random(in: 0..<3, using: &random))"
                record.aux = UInt64(name.utf8.last ?? 0)
                record.nname = UInt32(LD_NAME_LEN)
                tail += Array(name.utf8) + Array(repeating: 0, count: Int(LD_NAME_LEN) - name.utf8.count)
            }
            record.size = UInt16(MemoryLayout<ld_record>.size + tail.count)
            return withUnsafeBytes(of: record) { Array($0) } + tail
        }
    }

    @Test("the short way says what the long way says", arguments: 1...20 as ClosedRange<UInt64>)
    func sameAsLong(seed: UInt64) {
        var short = decoder()
        var long = decoder()
        var ofShort = Script()
        var ofLong = Script()
        for (index, record) in stream(seed, count: 3000).enumerated() {
            if index == 1500 {
                short.trustedEpoch = 2
                long.trustedEpoch = 2
            }
            long.askAgain()
            record.withUnsafeBytes {
                short.decode($0, into: &ofShort)
                long.decode($0, into: &ofLong)
            }
        }
        #expect(ofShort.lines == ofLong.lines)
        #expect(short.counts.records == 3000)
        #expect(long.counts.records == 3000)
        #expect(short.counts.gaps == long.counts.gaps)
        #expect(short.counts.distrusted == long.counts.distrusted)
        #expect(short.knownTasks.map(\.nextSequence) == long.knownTasks.map(\.nextSequence))
    }

    @Test("a lock initialised anew is of its new class at once")
    func initialisedAnew() {
        var decoder = decoder()
        var sink = Script()
        var sequence: UInt32 = 0
        func say(_ kind: ld_kind, name: String = "") {
            var record = ld_record()
            record.kind = UInt8(kind.rawValue)
            record.seq = sequence
            record.tid = 1
            record.lock = 0xffff_8880_0000_0000
            record.site = 0xffff_ffff_8100_0010
            record.aux = kind == LD_INIT ? UInt64(name.utf8.count) : 0
            record.nname = name.isEmpty ? 0 : UInt32(LD_NAME_LEN)
            let tail = Array(name.utf8) + Array(repeating: 0, count: Int(record.nname) - name.utf8.count)
            record.size = UInt16(MemoryLayout<ld_record>.size + tail.count)
            (withUnsafeBytes(of: record) { Array($0) } + tail).withUnsafeBytes { decoder.decode($0, into: &sink) }
            sequence += 1
        }
        say(LD_INIT, name: "&first")
        say(LD_ACQUIRE)
        say(LD_ACQUIRE)
        say(LD_INIT, name: "&second->lock")
        say(LD_ACQUIRE)
        let taken = sink.lines.filter { $0.hasPrefix("acquire") }.map { String($0.split(separator: " ")[3]) }
        // An empty command name is no word.
        #expect(taken == ["&first", "&first", "&second->lock"])
    }
}
