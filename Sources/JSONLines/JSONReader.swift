// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the JSON that was expected.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in a few words.
    public var reason: String
    /// Where, in bytes from the beginning of the line, from 1.
    public var column: Int
    /// The text ends before the value does: a line that was cut off.
    public var isCutOff: Bool

    /// Describes an error.
    public init(_ reason: String, column: Int, isCutOff: Bool = false) {
        self.reason = reason
        self.column = column
        self.isCutOff = isCutOff
    }

    /// `reason at column n`.
    public var description: String { "\(reason) at column \(column)" }
}

/// Reads one JSON text member by member, without building values for what nobody asks for.
///
///     var json = JSONReader(bytes, in: range)
///     try json.object { key, json throws(JSONError) in
///         switch key {
///         case "op": operation = try json.string()
///         default: try json.skip()
///         }
///     }
///     try json.end()
///
/// Follows RFC 8259. Nesting is limited to 64, numbers where integers are asked for to 64 bits; bytes that are no UTF-8 and
/// halves of surrogate pairs become U+FFFD. Allocates for strings only.
public struct JSONReader {
    private static let depthLimit = 64

    private let bytes: [UInt8]
    private let start: Int
    private let limit: Int
    private var position: Int
    private var depth = 0

    /// Reads the given part of a buffer, which is not copied.
    public init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        start = range.lowerBound
        limit = range.upperBound
        position = range.lowerBound
    }

    /// Reads a text.
    public init(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes, in: 0..<bytes.count)
    }

    /// Reads an object, calling `member` for each of its members; that must read or skip the value.
    public mutating func object(
        _ member: (_ key: String, _ json: inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
        if close(UInt8(ascii: "}")) { return }
        while true {
            skipSpace()
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("no ':' after a member's name") }
            try member(key, &self)
            skipSpace()
            if close(UInt8(ascii: "}")) { return }
            guard take(UInt8(ascii: ",")) else { throw error("no ',' or '}' after a member") }
        }
    }

    /// Reads an array, calling `element` for each of its values; that must read or skip it.
    public mutating func array(_ element: (_ json: inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
        if close(UInt8(ascii: "]")) { return }
        while true {
            try element(&self)
            skipSpace()
            if close(UInt8(ascii: "]")) { return }
            guard take(UInt8(ascii: ",")) else { throw error("no ',' or ']' after a value") }
        }
    }

    /// Reads an array of strings.
    public mutating func strings() throws(JSONError) -> [String] {
        var result: [String] = []
        try array { json throws(JSONError) in result.append(try json.string()) }
        return result
    }

    /// Reads a string.
    public mutating func string() throws(JSONError) -> String {
        skipSpace()
        guard take(UInt8(ascii: "\"")) else { throw error("a string is expected") }
        let first = position
        while position < limit {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return String(decoding: bytes[first..<position], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: first) }
            if byte < 0x20 { throw error("a control character stands in a string") }
            position += 1
        }
        throw error("a string does not end")
    }

    /// Passes over a string without making one.
    private mutating func skipString() throws(JSONError) {
        let first = position
        position += 1
        while position < limit {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\\") || byte < 0x20 {
                // Escapes are checked where they are read.
                position = first
                _ = try string()
                return
            }
            position += 1
            if byte == UInt8(ascii: "\"") { return }
        }
        throw error("a string does not end")
    }

    /// The string value of an object's first member if that has the given name; nil for all else. Reads nothing on.
    public func firstMember(named name: String) -> String? {
        var json = self
        json.skipSpace()
        guard json.take(UInt8(ascii: "{")), (try? json.string()) == name else { return nil }
        json.skipSpace()
        return json.take(UInt8(ascii: ":")) ? try? json.string() : nil
    }

    /// Reads a whole number that fits.
    public mutating func integer<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(JSONError) -> Number {
        skipSpace()
        let first = position
        let text = try numberText()
        guard let number = Number(text) else {
            position = first
            throw error("a whole number from \(Number.min) to \(Number.max) is expected, not \(text)")
        }
        return number
    }

    /// Reads `true` or `false`.
    public mutating func boolean() throws(JSONError) -> Bool {
        skipSpace()
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw error("true or false is expected")
    }

    /// Reads `null` if it is next.
    public mutating func null() -> Bool {
        skipSpace()
        return takeWord("null")
    }

    /// Whether a string is next.
    public mutating func isAtString() -> Bool {
        skipSpace()
        return position < limit && bytes[position] == UInt8(ascii: "\"")
    }

    /// Passes over any value.
    public mutating func skip() throws(JSONError) {
        skipSpace()
        guard position < limit else { throw error("a value is expected") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try object { _, json throws(JSONError) in try json.skip() }
        case UInt8(ascii: "["): try array { json throws(JSONError) in try json.skip() }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
        case UInt8(ascii: "n"): if !null() { throw error("a value is expected") }
        default: _ = try numberText()
        }
    }

    /// Checks that nothing follows.
    public mutating func end() throws(JSONError) {
        skipSpace()
        if position < limit { throw error("something follows the value") }
    }

    /// An error at the place reached.
    public func error(_ reason: String) -> JSONError {
        JSONError(reason, column: position - start + 1, isCutOff: position >= limit)
    }

    private mutating func open(_ bracket: UInt8, _ name: String) throws(JSONError) {
        skipSpace()
        guard take(bracket) else { throw error("\(name) is expected") }
        depth += 1
        if depth > Self.depthLimit { throw error("nested deeper than \(Self.depthLimit)") }
        skipSpace()
    }

    private mutating func close(_ bracket: UInt8) -> Bool {
        guard take(bracket) else { return false }
        depth -= 1
        return true
    }

    @inline(__always)
    private mutating func skipSpace() {
        while position < limit {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < limit, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard limit - position >= count else { return false }
        for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += count
        return true
    }

    private mutating func numberText() throws(JSONError) -> String {
        let first = position
        if position < limit, bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard takeDigits() else {
            position = first
            throw error("a value is expected")
        }
        if take(UInt8(ascii: ".")), !takeDigits() { throw error("a number ends in '.'") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard takeDigits() else { throw error("a number's exponent is missing") }
        }
        return String(decoding: bytes[first..<position], as: UTF8.self)
    }

    private mutating func takeDigits() -> Bool {
        let first = position
        while position < limit, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        return position > first
    }
}

// MARK: - Escapes

extension JSONReader {
    /// Reads on in a string that has a backslash at the place reached.
    private mutating func escapedString(from first: Int) throws(JSONError) -> String {
        var text = Array(bytes[first..<position])
        while position < limit {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                try unescape(into: &text)
            } else if byte < 0x20 {
                throw error("a control character stands in a string")
            } else {
                text.append(byte)
            }
        }
        throw error("a string does not end")
    }

    private mutating func unescape(into text: inout [UInt8]) throws(JSONError) {
        guard position < limit else { throw error("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try unicodeEscape()).utf8)
        default: throw error("no such escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Character {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        // A high surrogate needs the low one that follows.
        guard first < 0xDC00, position + 1 < limit, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let before = position
        position += 2
        let second = try hexadecimal()
        let code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) &- 0xDC00)
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(code) else {
            position = before
            return "\u{FFFD}"
        }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        guard limit - position >= 4 else {
            position = limit
            throw error("a string does not end")
        }
        var code: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw error("four hexadecimal digits are expected")
            }
            code = code << 4 | UInt16(digit)
            position += 1
        }
        return code
    }
}
