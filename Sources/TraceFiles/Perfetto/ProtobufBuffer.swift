// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Protocol Buffers' wire format, written by hand: a timeline has millions of small messages, and this is all it takes.
///
/// Grows as needed; in the steady state nothing is allocated. Freed with its owner.
struct ProtobufBuffer: ~Copyable {
    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 << 20, alignment: 8)
    /// Bytes written since the last ``removeAll()``.
    private(set) var count = 0

    deinit { bytes.deallocate() }

    /// Forgets what was written; the memory stays.
    mutating func removeAll() { count = 0 }

    /// What was written, for as long as nothing more is.
    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

    /// A number: `uint64`, `uint32`, an enumeration, or an `int64` by its bits.
    mutating func field(_ number: Int, _ value: UInt64) {
        reserve(20)
        put(varint: UInt64(number) << 3)
        put(varint: value)
    }

    /// A `fixed64`.
    mutating func field(_ number: Int, fixed value: UInt64) {
        reserve(20)
        put(varint: UInt64(number) << 3 | 1)
        bytes.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }

    /// A string.
    mutating func field(_ number: Int, _ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            reserve(20 + utf8.count)
            put(varint: UInt64(number) << 3 | 2)
            put(varint: UInt64(utf8.count))
            UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: UnsafeRawBufferPointer(utf8))
            count += utf8.count
        }
    }

    /// A message, whose fields `body` writes.
    mutating func message(_ number: Int, _ body: (inout ProtobufBuffer) -> Void) {
        let start = begin(number)
        body(&self)
        end(start)
    }

    /// Begins a message; give what comes back to ``end(_:)``.
    mutating func begin(_ number: Int) -> Int {
        reserve(20)
        put(varint: UInt64(number) << 3 | 2)
        count += Self.lengthBytes
        return count
    }

    /// Ends a message: writes its length before it, in a form that is always as long.
    mutating func end(_ start: Int) {
        var length = count - start
        for offset in 0..<Self.lengthBytes {
            let isLast = offset == Self.lengthBytes - 1
            bytes[start - Self.lengthBytes + offset] = UInt8(length & 0x7f) | (isLast ? 0 : 0x80)
            length >>= 7
        }
    }

    /// Room for 256 MiB, which no message here comes near.
    private static let lengthBytes = 4

    private mutating func put(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: value) | 0x80
            count += 1
            value >>= 7
        }
        bytes[count] = UInt8(truncatingIfNeeded: value)
        count += 1
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > bytes.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: (count + more) * 2, alignment: 8)
        larger.copyMemory(from: contents)
        bytes.deallocate()
        bytes = larger
    }
}
