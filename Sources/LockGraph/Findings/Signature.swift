// SPDX-License-Identifier: Apache-2.0

/// A finding's name: 64 bits over its kind and the identities of its classes, printed as 16 hexadecimal digits.
///
/// FNV-1a (Fowler, Noll, Vo; 64 bits) over UTF-8, so that any program can compute it: the kind's name, then per class, in
/// the rotation of the cycle that sorts first, `0x00`, the type's name, `0x01`, the name without `#n`, `0x01`, the origin,
/// `0x01`, the subclass as a decimal number. Addresses, numbering and order of arrival are no part of it.
public struct Signature: RawRepresentable, Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public var rawValue: UInt64

    /// Wraps a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Reads 1 to 16 hexadecimal digits; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard (1...16).contains(text.utf8.count), let value = UInt64(text, radix: 16) else { return nil }
        rawValue = value
    }

    /// 16 hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
