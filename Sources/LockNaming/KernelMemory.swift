// SPDX-License-Identifier: Apache-2.0

/// A way to read the kernel's memory, for the few variables that no file shows.
public protocol KernelMemory {
    /// Copies at most 4096 bytes from a kernel address; nil where they cannot be read.
    func read(at address: UInt64, count: Int) -> [UInt8]?
}

extension KernelMemory {
    /// A little-endian 64-bit word.
    public func word(at address: UInt64) -> UInt64? {
        read(at: address, count: 8)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A little-endian 32-bit word.
    public func halfWord(at address: UInt64) -> UInt32? {
        read(at: address, count: 4)?.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A NUL-terminated string of at most `limit` bytes, printable ASCII throughout, or nil.
    func name(at address: UInt64, limit: Int = 64) -> String? {
        guard let bytes = read(at: address, count: limit), let end = bytes.firstIndex(of: 0), end > 0 else {
            return nil
        }
        guard bytes[..<end].allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
