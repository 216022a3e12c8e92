// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import CLockRecords
internal import Glibc

/// The rings of one run, read as if they were one: for each processor or group of them one, as two processors that write
/// to one ring wait for each other.
///
/// What must come before something else does. A record is made (its time taken, its place in the ring reserved) before its
/// task goes on, be it on another processor or by letting another task have a lock; so what comes after it has a later time
/// than that of its place, and than those of all that have a place before it. The rings are merged by the times of their
/// next records, which keeps that order, and each ring's own: a task may lose its processor between time and place. And a
/// batch ends at a time taken before the ends of the rings are read: nothing can be missing in one ring that a record up to
/// then in another comes after. So no record has to wait for a time to settle.
package struct RingSet: ~Copyable {
    /// Where the reading of a ring stands.
    private struct Cursor {
        var position: UInt64
        var end: UInt64
        /// The time of the record, or of the last one that was.
        var time: UInt64
        /// The record at ``position``; nil at the end, or where it is still being written.
        var record: MappedRing.Entry?
        /// The position at which the kernel is told again that there is space.
        var nextRelease: UInt64
    }

    private let rings: UnsafeMutableBufferPointer<MappedRing>
    private var cursors: [Cursor]
    private var waits: [pollfd]
    private var cut: UInt64 = 0
    private static let timeOffset = MemoryLayout<ld_record>.offset(of: \.time) ?? 0

    /// Reads so many rings, which somebody keeps mapped.
    package init(count: Int, _ ring: (Int) -> MappedRing) {
        rings = .allocate(capacity: count)
        for index in 0..<count { rings.initializeElement(at: index, to: ring(index)) }
        cursors = rings.indices.map { [rings] index in
            let position = rings[index].consumerPosition.pointee
            return Cursor(position: position, end: position, time: 0, nextRelease: 0)
        }
        waits = rings.indices.map { [rings] in
            pollfd(fd: rings[$0].descriptor, events: Int16(POLLIN), revents: 0)
        }
    }

    deinit {
        rings.deinitialize()
        rings.deallocate()
    }

    /// How many rings there are.
    package var count: Int { rings.count }

    /// Whether nothing is left to read at the moment.
    package var isEmpty: Bool { rings.indices.allSatisfy { rings[$0].isEmpty } }

    /// Sleeps until the kernel wakes the consumer, at most `milliseconds`.
    package mutating func wait(milliseconds: Int32) {
        // Woken by a signal or by time alike: the caller looks at the rings anyway.
        _ = poll(&waits, nfds_t(waits.count), milliseconds)
    }

    /// Fixes up to where ``drain(_:)`` reads, `now` being the records' clock just before.
    package mutating func fixEnd(now: UInt64) {
        cut = now
        for index in rings.indices { cursors[index].end = rings[index].end }
    }

    /// Hands the records up to the fixed end to `body`, in order, and frees their space (``MappedRing/drain(to:_:)``).
    ///
    /// Allocates nothing. A record's bytes are valid during the call only.
    ///
    /// - Returns: how many records there were.
    package mutating func drain(_ body: (UnsafeRawBufferPointer) -> Void) -> Int {
        if rings.count == 1 { return rings[0].drain(to: cursors[0].end, body) }
        var limit = cut
        for index in cursors.indices {
            cursors[index].nextRelease = cursors[index].position + rings[index].mask / 8
            advance(index, &limit)
        }
        var records = 0
        while let (first, next) = earliest(), cursors[first].time <= limit {
            // Most often more than one record of a ring comes before the next of another.
            let bound = min(limit, next)
            while let record = cursors[first].record, cursors[first].time <= bound {
                body(record.bytes)
                records += 1
                cursors[first].position += record.length
                if cursors[first].position >= cursors[first].nextRelease { release(first) }
                advance(first, &limit)
            }
        }
        for index in cursors.indices { release(index) }
        return records
    }

    /// The ring whose next record is the earliest, and the time of the earliest of the others.
    private func earliest() -> (ring: Int, nextTime: UInt64)? {
        var first = -1
        var time = UInt64.max
        var nextTime = UInt64.max
        for index in cursors.indices where cursors[index].record != nil {
            if first < 0 || cursors[index].time < time {
                nextTime = time
                time = cursors[index].time
                first = index
            } else {
                nextTime = min(nextTime, cursors[index].time)
            }
        }
        return first < 0 ? nil : (first, nextTime)
    }

    /// Looks at a ring's next record. Behind one that is still being written may be others that come before records of other
    /// rings: nothing later than what was read of the ring is handed on then.
    private mutating func advance(_ index: Int, _ limit: inout UInt64) {
        cursors[index].record = nil
        while cursors[index].position < cursors[index].end {
            guard let entry = rings[index].entry(at: cursors[index].position) else {
                limit = min(limit, cursors[index].time)
                return
            }
            if !entry.isDiscarded {
                // One that is too short to have a time goes where it stands, and whoever reads it counts it.
                if entry.bytes.count >= Self.timeOffset + 8 {
                    cursors[index].time = entry.bytes.loadUnaligned(fromByteOffset: Self.timeOffset, as: UInt64.self)
                }
                cursors[index].record = entry
                return
            }
            cursors[index].position += entry.length
        }
    }

    private mutating func release(_ index: Int) {
        kp_store_release(rings[index].consumerPosition, cursors[index].position)
        cursors[index].nextRelease = cursors[index].position + rings[index].mask / 8
    }
}
