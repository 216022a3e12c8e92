// SPDX-License-Identifier: Apache-2.0

/// A piece of a log line.
///
/// Logs hold arbitrary bytes; comparing them as bytes keeps every search linear and independent of Unicode rules, under
/// which `(` followed by a combining mark is no `(`.
typealias Bytes = ArraySlice<UInt8>

/// The ASCII characters that lockdep's layout is made of.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let escape: UInt8 = 0x1B
    static let delete: UInt8 = 0x7F
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")
    static let plus = UInt8(ascii: "+")
    static let comma = UInt8(ascii: ",")
    static let minus = UInt8(ascii: "-")
    static let dot = UInt8(ascii: ".")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let less = UInt8(ascii: "<")
    static let greater = UInt8(ascii: ">")
    static let question = UInt8(ascii: "?")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }

    static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
    }

    /// Bytes of a kernel symbol, compiler suffixes such as `.isra.0` and generated names included.
    static func isSymbol(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == 0x5F || byte == dot || byte == UInt8(ascii: "$")
    }
}

extension ArraySlice<UInt8> {
    /// The bytes as text, invalid UTF-8 replaced.
    var string: String { String(decoding: self, as: UTF8.self) }

    /// Without blanks at both ends.
    var trimmed: Bytes {
        var low = startIndex
        var high = endIndex
        while low < high, ASCII.isBlank(self[low]) { low += 1 }
        while high > low, ASCII.isBlank(self[high - 1]) { high -= 1 }
        return self[low..<high]
    }

    /// Width of the blanks at the start, a tab counted to the next multiple of eight.
    var indentation: Int {
        var width = 0
        for byte in self {
            if byte == ASCII.space { width += 1 } else if byte == ASCII.tab { width = (width | 7) + 1 } else { break }
        }
        return width
    }

    func hasPrefix(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { $0.count <= count && starts(with: $0) }
    }

    func hasSuffix(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { $0.count <= count && suffix($0.count).elementsEqual($0) }
    }

    func equals(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { $0.count == count && elementsEqual($0) }
    }

    /// What follows the literal, or nil if the bytes do not begin with it.
    func after(_ literal: StaticString) -> Bytes? {
        hasPrefix(literal) ? dropFirst(literal.utf8CodeUnitCount) : nil
    }

    /// What precedes the literal, or nil if the bytes do not end with it.
    func before(_ literal: StaticString) -> Bytes? {
        hasSuffix(literal) ? dropLast(literal.utf8CodeUnitCount) : nil
    }

    /// Where the literal first occurs.
    func range(of literal: StaticString) -> Range<Int>? {
        literal.withUTF8Buffer { needle in
            guard let first = needle.first, needle.count <= count else { return nil }
            return withUnsafeBufferPointer { hay in
                var at = 0
                while at + needle.count <= hay.count {
                    if hay[at] == first, hay[at..<(at + needle.count)].elementsEqual(needle) {
                        return (startIndex + at)..<(startIndex + at + needle.count)
                    }
                    at += 1
                }
                return nil
            }
        }
    }

    func contains(_ literal: StaticString) -> Bool { range(of: literal) != nil }

    /// The leading decimal number and what follows it; nil without a digit or beyond nine of them.
    var leadingNumber: (value: Int, rest: Bytes)? {
        let digits = prefix(while: ASCII.isDigit)
        guard !digits.isEmpty, digits.count <= 9 else { return nil }
        return (digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }, dropFirst(digits.count))
    }

    /// The leading hexadecimal number and what follows it; nil without a digit or beyond sixteen of them.
    var leadingHex: (value: UInt64, rest: Bytes)? {
        let digits = prefix(while: ASCII.isHex)
        guard !digits.isEmpty, digits.count <= 16 else { return nil }
        let value = digits.reduce(UInt64(0)) { sum, digit in
            sum << 4 | UInt64(ASCII.isDigit(digit) ? digit - 0x30 : (digit | 0x20) - 0x57)
        }
        return (value, dropFirst(digits.count))
    }
}
