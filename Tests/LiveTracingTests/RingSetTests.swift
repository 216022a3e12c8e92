// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LiveTracing
import Testing

/// Several rings, filled as kernel/bpf/ringbuf.c fills them, read as one.
@Suite("Rings of several processors")
struct RingSetTests {
    @Test("records come in the order of time")
    func order() {
        let kernel = Rings(count: 3)
        kernel.put(0, time: 10)
        kernel.put(0, time: 40)
        kernel.put(1, time: 20)
        kernel.put(2, time: 30)
        kernel.put(2, time: 50)
        var rings = kernel.set()
        #expect(kernel.drain(&rings, now: 100) == [10, 20, 30, 40, 50])
        let isEmpty = rings.isEmpty
        #expect(isEmpty)
    }

    @Test("what is later than the batch's time waits for the next batch")
    func cut() {
        let kernel = Rings(count: 2)
        kernel.put(0, time: 10)
        kernel.put(1, time: 30)
        var rings = kernel.set()
        #expect(kernel.drain(&rings, now: 20) == [10])
        let isEmpty = rings.isEmpty
        #expect(!isEmpty)
        // Its place was reserved before that of the one at 30 whose batch it was too late for.
        kernel.put(0, time: 25)
        #expect(kernel.drain(&rings, now: 40) == [25, 30])
    }

    @Test("a record that is being written holds up what may come after those behind it, and nothing else")
    func busy() {
        let kernel = Rings(count: 2)
        kernel.put(0, time: 10)
        let half = kernel.reserve(0)
        kernel.put(0, time: 30)
        kernel.put(1, time: 5)
        kernel.put(1, time: 40)
        var rings = kernel.set()
        #expect(kernel.drain(&rings, now: 100) == [5, 10])
        #expect(kernel.drain(&rings, now: 100) == [])
        kernel.commit(half, time: 20)
        #expect(kernel.drain(&rings, now: 100) == [20, 30, 40])
    }

    @Test("a task that lost its processor before it had its place keeps the place")
    func late() {
        let kernel = Rings(count: 2)
        kernel.put(0, time: 50)
        kernel.put(0, time: 10)
        kernel.put(1, time: 40)
        kernel.put(1, time: 60)
        var rings = kernel.set()
        #expect(kernel.drain(&rings, now: 100) == [40, 50, 10, 60])
    }

    @Test("given up places are passed over")
    func discarded() {
        let kernel = Rings(count: 2)
        kernel.discard(kernel.reserve(0))
        kernel.put(0, time: 20)
        kernel.put(1, time: 10)
        kernel.discard(kernel.reserve(1))
        var rings = kernel.set()
        #expect(kernel.drain(&rings, now: 100) == [10, 20])
        let isEmpty = rings.isEmpty
        #expect(isEmpty)
    }

    @Test("what is too short to be a record is handed on where it stands, for its reader to count")
    func short() {
        let kernel = Rings(count: 2)
        kernel.put(0, time: 10)
        kernel.cutShort(kernel.reserve(0))
        kernel.put(0, time: 30)
        kernel.put(1, time: 20)
        var rings = kernel.set()
        rings.fixEnd(now: 100)
        var sizes: [Int] = []
        _ = rings.drain { sizes.append($0.count) }
        let whole = MemoryLayout<ld_record>.size
        #expect(sizes == [whole, 4, whole, whole])
    }

    @Test("whatever came before something else stays before it, wherever batches end", arguments: 0..<200)
    func happensBefore(seed: UInt64) {
        var random = SplitMix(state: seed)
        let kernel = Rings(count: 4)
        var rings = kernel.set()
        var clock: UInt64 = 1
        /// Made and not yet in a ring, one for each task: its time and, once it has one, its place.
        var open: [(time: UInt64, place: Rings.Place?)?] = Array(repeating: nil, count: 8)
        /// Time to the clock when the record was complete: whatever began later comes after it.
        var completed: [UInt64: UInt64] = [:]
        var read: [UInt64] = []
        for _ in 0..<600 {
            clock += 1
            let task = Int(random.next() % 8)
            switch (random.next() % 8, open[task]) {
            case (0, _):
                // Before the ends are read, as fixEnd(now:) demands.
                read += kernel.drain(&rings, now: clock)
            case (_, nil):
                open[task] = (clock, nil)
            case (_, let record?) where record.place == nil:
                open[task]?.place = kernel.reserve(Int(random.next() % 4))
            case (_, let record?):
                guard let place = record.place else { break }
                kernel.commit(place, time: record.time)
                completed[record.time] = clock
                open[task] = nil
            }
        }
        for case (let time, let place)? in open {
            kernel.commit(place ?? kernel.reserve(0), time: time)
        }
        read += kernel.drain(&rings, now: clock + 1)
        #expect(Set(read).count == read.count)
        #expect(completed.keys.allSatisfy(Set(read).contains))
        var latestBegin: UInt64 = 0
        for time in read {
            // Nothing that was read before it began after it was complete.
            #expect(completed[time].map { latestBegin <= $0 } ?? true)
            latestBegin = max(latestBegin, time)
        }
    }
}

/// The kernel's side of the rings: 64 KiB each.
private final class Rings {
    struct Place {
        var ring: Int
        var position: UInt64
    }

    private static let size = 1 << 16
    private static let headerSize = 8
    private static let busy: UInt32 = 1 << 31
    private static let discard: UInt32 = 1 << 30
    private static let recordSize = MemoryLayout<ld_record>.size

    private let data: [UnsafeMutableRawPointer]
    private let consumers: [UnsafeMutablePointer<UInt64>]
    private let producers: [UnsafeMutablePointer<UInt64>]

    init(count: Int) {
        data = (0..<count).map { _ in .allocate(byteCount: Self.size * 2, alignment: 8) }
        consumers = (0..<count).map { _ in .allocate(capacity: 1) }
        producers = (0..<count).map { _ in .allocate(capacity: 1) }
        for pointer in consumers + producers { pointer.initialize(to: 0) }
    }

    deinit {
        for pointer in data { pointer.deallocate() }
        for pointer in consumers + producers { pointer.deallocate() }
    }

    func set() -> RingSet {
        RingSet(count: data.count) { index in
            MappedRing(
                consumerPosition: consumers[index],
                producerPosition: UnsafePointer(producers[index]),
                data: data[index],
                size: UInt64(Self.size),
                descriptor: -1
            )
        }
    }

    func reserve(_ ring: Int) -> Place {
        let place = Place(ring: ring, position: producers[ring].pointee)
        header(place).pointee = UInt32(Self.recordSize) | Self.busy
        producers[ring].pointee += UInt64((Self.recordSize + Self.headerSize + 7) & ~7)
        return place
    }

    func commit(_ place: Place, time: UInt64) {
        var record = ld_record()
        record.size = UInt16(Self.recordSize)
        record.time = time
        (UnsafeMutableRawPointer(header(place)) + Self.headerSize).storeBytes(of: record, as: ld_record.self)
        header(place).pointee = UInt32(Self.recordSize)
    }

    func discard(_ place: Place) { header(place).pointee = UInt32(Self.recordSize) | Self.discard }

    /// Leaves four bytes of a record, and the rest of its place to nobody.
    func cutShort(_ place: Place) {
        header(place).pointee = 4
        producers[place.ring].pointee = place.position + 16
    }

    func put(_ ring: Int, time: UInt64) { commit(reserve(ring), time: time) }

    private func header(_ place: Place) -> UnsafeMutablePointer<UInt32> {
        (data[place.ring] + Int(place.position) % Self.size).assumingMemoryBound(to: UInt32.self)
    }

    func drain(_ rings: inout RingSet, now: UInt64) -> [UInt64] {
        rings.fixEnd(now: now)
        var times: [UInt64] = []
        let count = rings.drain { times.append($0.loadUnaligned(as: ld_record.self).time) }
        #expect(count == times.count)
        return times
    }
}

/// SplitMix64: the same sequence in every run.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
