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
    @inline(__always)
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

    /// A message that was begun: where its content starts, and the bytes before that for its length.
    struct Message: BitwiseCopyable {
        fileprivate var start: Int
        fileprivate var lengthBytes: Int
    }

    /// Begins a message; give what comes back to ``end(_:)``.
    ///
    /// - Parameter isShort: it will have at most 127 bytes, as most have: they take less room then.
    @inline(__always)
    mutating func begin(_ number: Int, isShort: Bool = false) -> Message {
        reserve(20)
        put(varint: UInt64(number) << 3 | 2)
        let message = Message(
            start: count + (isShort ? 1 : Self.lengthBytes),
            lengthBytes: isShort ? 1 : Self.lengthBytes
        )
        count = message.start
        return message
    }

    /// Ends a message: writes its length before it, in a form that is always as long.
    @inline(__always)
    mutating func end(_ message: Message) {
        let length = UInt32(truncatingIfNeeded: count - message.start)
        if message.lengthBytes == 1 {
            precondition(length < 0x80, "a short message is too long")
            bytes[message.start - 1] = UInt8(truncatingIfNeeded: length)
            return
        }
        let groups = length & 0x7f | (length & 0x3f80) << 1 | (length & 0x1f_c000) << 2 | (length & 0xfe0_0000) << 3
        bytes.storeBytes(
            of: (groups | 0x80_8080).littleEndian,
            toByteOffset: message.start - Self.lengthBytes,
            as: UInt32.self
        )
    }

    /// Room for 256 MiB, which no message here comes near.
    private static let lengthBytes = 4

    @inline(__always)
    private mutating func put(varint value: UInt64) {
        if value < 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: value)
            count += 1
        } else {
            put(long: value)
        }
    }

    private mutating func put(long value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: value) | 0x80
            count += 1
            value >>= 7
        }
        bytes[count] = UInt8(truncatingIfNeeded: value)
        count += 1
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) { if count + more > bytes.count { grow(more) } }

    private mutating func grow(_ more: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: (count + more) * 2, alignment: 8)
        larger.copyMemory(from: contents)
        bytes.deallocate()
        bytes = larger
    }
}
