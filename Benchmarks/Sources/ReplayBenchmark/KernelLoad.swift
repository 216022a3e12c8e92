// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockEvents

/// Records of a busy kernel: many tasks that take locks two or three deep in orders that agree, and let them go again.
struct KernelLoad {
    static let tasks: UInt32 = 64
    static let locks: UInt64 = 4000
    static let classes: UInt64 = 300

    private var random = SplitMix(state: 1)
    private var clock: UInt64 = 1_000_000
    private var sequence = [UInt32](repeating: 0, count: Int(tasks))

    /// Hands on the records of about so many events, one at a time.
    mutating func run(_ events: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        var count = 0
        while count < events {
            let task = UInt32(random.next() % UInt64(Self.tasks))
            let depth = Int(random.next() % 3) + 1
            var locks = (0..<depth).map { _ in random.next() % Self.locks }
            // One order for all classes: instances of one class are not nested.
            locks.sort { $0 % Self.classes < $1 % Self.classes }
            locks = locks.indices.filter { $0 == 0 || locks[$0] % Self.classes != locks[$0 - 1] % Self.classes }.map {
                locks[$0]
            }
            var held: [ld_held] = []
            for lock in locks {
                send(LD_ACQUIRE, task, lock, held, body)
                var entry = ld_held()
                entry.lock = Self.address(lock)
                entry.site = 0x1000 + lock % Self.classes * 16
                held.append(entry)
            }
            while let entry = held.popLast() { send(LD_RELEASE, task, (entry.lock - 0x10_0000) / 64, [], body) }
            count += 2 * locks.count
        }
    }

    private static func address(_ lock: UInt64) -> UInt64 { 0x10_0000 + lock * 64 }

    private mutating func send(
        _ kind: ld_kind,
        _ task: UInt32,
        _ lock: UInt64,
        _ held: [ld_held],
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        clock += 50
        let size = MemoryLayout<ld_record>.size + held.count * MemoryLayout<ld_held>.size
        var record = ld_record()
        record.kind = UInt8(kind.rawValue)
        record.size = UInt16(size)
        record.tid = 100 + task
        record.tgid = record.tid
        record.seq = sequence[Int(task)]
        sequence[Int(task)] += 1
        record.time = clock
        record.lock = Self.address(lock)
        record.site = 0x1000 + lock % Self.classes * 16
        record.nheld = UInt8(held.count)
        record.depth = kind == LD_RELEASE ? LockEvent.unknownDepth : UInt8(held.count)
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { buffer in
            buffer.storeBytes(of: record, as: ld_record.self)
            held.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[MemoryLayout<ld_record>.size...]).copyMemory(from: $0)
            }
            body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// SplitMix64: the same load on every machine.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
