// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The memory of one packet. Freed with its owner.
struct PacketBuffer: ~Copyable {
    private(set) var bytes: UnsafeMutableRawBufferPointer

    init(count: Int) { bytes = .allocate(byteCount: count, alignment: 8) }

    deinit { bytes.deallocate() }

    /// Makes room for so many bytes; the first `kept` stay as they are.
    mutating func reserve(_ count: Int, keeping kept: Int) {
        guard count > bytes.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, bytes.count * 2), alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<kept]))
        bytes.deallocate()
        bytes = larger
    }

    func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        bytes.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    func store(_ source: UnsafeRawBufferPointer, at offset: Int) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(from: source)
    }

    func load<Value: BitwiseCopyable>(at offset: Int) -> Value {
        bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}

/// A descriptor that is closed with its owner.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    deinit { close(number) }
}
