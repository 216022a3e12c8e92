// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// A finding's name: 64 bits over its kind and the identities of its classes, printed as 16 hexadecimal digits.
///
/// FNV-1a (Fowler, Noll, Vo; 64 bits) over UTF-8, so that any program can compute it: the kind's name, then per class
/// `0x00`, the type's name, `0x01`, the name without `#n`, `0x01`, the origin, `0x01`, the number after the slash (0 where
/// none is printed). A cycle's classes are taken in the rotation whose list of class hashes sorts first; all other kinds'
/// as they stand. Addresses, numbering and order of arrival are no part of it.
public struct Signature: RawRepresentable, Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The number.
    public var rawValue: UInt64

    /// Wraps a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Reads 1 to 16 hexadecimal digits; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard (1...16).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt64(text, radix: 16)
        else { return nil }
        rawValue = value
    }

    /// The signature of a finding over classes in order; `rule` tells rules with equal ends apart.
    public init(kind: FindingKind, classes: [Baseline.ClassKey], rule: String? = nil) {
        var hash = FNV()
        hash.add(kind.name)
        let ordered = kind == .cycle || kind == .deadlock ? Self.firstRotation(of: classes) : classes
        for lockClass in ordered { hash.add(lockClass) }
        if let rule {
            hash.add(byte: 2)
            hash.add(rule)
        }
        rawValue = hash.value
    }

    /// 16 hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The rotation of a cycle whose class hashes come first in lexicographic order.
    private static func firstRotation(of classes: [Baseline.ClassKey]) -> [Baseline.ClassKey] {
        let hashes = classes.map { key -> UInt64 in
            var hash = FNV()
            hash.add(key)
            return hash.value
        }
        var best = 0
        for start in hashes.indices.dropFirst() {
            for step in hashes.indices {
                let mine = hashes[(start + step) % hashes.count]
                let other = hashes[(best + step) % hashes.count]
                if mine == other { continue }
                if mine < other { best = start }
                break
            }
        }
        return Array(classes[best...] + classes[..<best])
    }
}

/// FNV-1a, 64 bits.
struct FNV {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte: byte) }
    }

    mutating func add(_ key: Baseline.ClassKey) {
        add(byte: 0)
        add(key.type.name)
        add(byte: 1)
        add(Baseline.ClassKey.withoutNumber(key.name))
        add(byte: 1)
        add(key.origin)
        add(byte: 1)
        add(String(key.subclass))
    }
}
