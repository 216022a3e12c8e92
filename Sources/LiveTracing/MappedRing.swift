// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe

/// A BPF ring buffer, mapped, with this process as its one consumer.
///
/// Fields are named after the kernel's (kernel/bpf/ringbuf.c). The data are mapped twice in a row, so that every record
/// is contiguous. Memory lives as long as the probe it was mapped from.
package struct MappedRing: ~Copyable {
    let consumerPosition: UnsafeMutablePointer<UInt64>
    private let producerPosition: UnsafePointer<UInt64>
    private let data: UnsafeRawPointer
    let mask: UInt64
    package let descriptor: Int32

    private static let busyBit: UInt32 = 1 << 31
    private static let discardBit: UInt32 = 1 << 30
    private static let headerSize: UInt64 = 8

    init(_ ring: kp_ring) {
        self.init(
            consumerPosition: UnsafeMutablePointer(mutating: ring.consumer_position),
            producerPosition: UnsafePointer(ring.producer_position),
            data: UnsafeRawPointer(ring.data),
            size: ring.size,
            descriptor: ring.descriptor
        )
    }

    /// Reads a ring of `size` bytes, a power of two, whose parts somebody else has mapped and keeps mapped.
    package init(
        consumerPosition: UnsafeMutablePointer<UInt64>,
        producerPosition: UnsafePointer<UInt64>,
        data: UnsafeRawPointer,
        size: UInt64,
        descriptor: Int32
    ) {
        self.consumerPosition = consumerPosition
        self.producerPosition = producerPosition
        self.data = data
        mask = size - 1
        self.descriptor = descriptor
    }

    /// The position up to which records have been begun.
    package var end: UInt64 { kp_load_acquire(producerPosition) }

    /// Hands every complete record before `end` to `body`, in order, and frees their space an eighth of the ring at a time:
    /// seldom, as the kernel reads the position too, and not so late that a full ring stays full until all of it is read.
    ///
    /// Allocates nothing itself. A record's bytes are valid during the call only.
    ///
    /// - Returns: how many records there were.
    package func drain(to end: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) -> Int {
        var position = consumerPosition.pointee
        var records = 0
        var nextRelease = position + mask / 8
        while position < end {
            guard let entry = entry(at: position) else { break }
            if !entry.isDiscarded {
                body(entry.bytes)
                records += 1
            }
            position += entry.length
            if position >= nextRelease {
                kp_store_release(consumerPosition, position)
                nextRelease = position + mask / 8
            }
        }
        kp_store_release(consumerPosition, position)
        return records
    }

    /// What lies at a position.
    struct Entry {
        var bytes: UnsafeRawBufferPointer
        /// How far the next one is.
        var length: UInt64
        var isDiscarded: Bool
    }

    /// The entry at a position before ``end``; nil while it is still being written: it and all behind it wait.
    @inline(__always)
    func entry(at position: UInt64) -> Entry? {
        let header = data + Int(position & mask)
        let length = kp_load_acquire_32(header.assumingMemoryBound(to: UInt32.self))
        if length & Self.busyBit != 0 { return nil }
        let size = length & ~Self.discardBit
        return Entry(
            bytes: UnsafeRawBufferPointer(start: header + Int(Self.headerSize), count: Int(size)),
            length: (UInt64(size) + Self.headerSize + 7) & ~7,
            isDiscarded: length & Self.discardBit != 0
        )
    }

    /// Whether nothing is left to read at the moment.
    var isEmpty: Bool { consumerPosition.pointee == end }
}
