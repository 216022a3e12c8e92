// SPDX-License-Identifier: Apache-2.0

/// Reads one line of JSON byte by byte: what events need of JSON, checked as RFC 8259 has it.
///
/// Strings are given as the bytes between their quotes; only those with escapes are copied. Nothing recurses: what is
/// passed over is followed by a counter and a bit per level.
struct LineScanner {
    static let maximumNesting = 64

    /// A string's bytes, in the line or, with escapes resolved, apart.
    enum Text {
        case plain(Range<Int>)
        case resolved([UInt8])
    }

    let bytes: [UInt8]
    let start: Int
    let end: Int
    var position: Int

    init(_ bytes: [UInt8], _ line: Range<Int>) {
        self.bytes = bytes
        start = line.lowerBound
        end = line.upperBound
        position = start
    }

    var isAtEnd: Bool { position >= end }

    /// The byte at the position, or 0 at the end of the line.
    var current: UInt8 { position < end ? bytes[position] : 0 }

    mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position &+= 1
            default: return
            }
        }
    }

    /// Takes a byte if it comes next, after any space.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < end, bytes[position] == byte else { return false }
        position &+= 1
        return true
    }

    // MARK: Strings

    /// Reads a string, the opening quote being next.
    mutating func string() throws(EventLineError.Problem) -> Text {
        guard take(UInt8(ascii: "\"")) else { throw .syntax(expected: "a string") }
        let first = position
        var isASCII = true
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let range = first..<position
                if !isASCII { try Self.check(bytes[range]) }
                position &+= 1
                return .plain(range)
            }
            if byte == UInt8(ascii: "\\") { return try stringWithEscapes(from: first) }
            if byte < 0x20 { throw .syntax(expected: "no control character in a string") }
            if byte >= 0x80 { isASCII = false }
            position &+= 1
        }
        throw .syntax(expected: "the string's end")
    }

    private mutating func stringWithEscapes(from first: Int) throws(EventLineError.Problem) -> Text {
        var text = Array(bytes[first..<position])
        while position < end {
            let byte = bytes[position]
            position &+= 1
            switch byte {
            case UInt8(ascii: "\""):
                try Self.check(text[...])
                return .resolved(text)
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw .syntax(expected: "no control character in a string")
            default:
                text.append(byte)
            }
        }
        throw .syntax(expected: "the string's end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(EventLineError.Problem) {
        let byte = current
        position &+= 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try codeUnit())
            if (0xd800..<0xdc00).contains(code) {
                guard current == UInt8(ascii: "\\"), position + 1 < end, bytes[position + 1] == UInt8(ascii: "u") else {
                    throw .syntax(expected: "the second half of a surrogate pair")
                }
                position &+= 2
                let low = UInt32(try codeUnit())
                guard (0xdc00..<0xe000).contains(low) else {
                    throw .syntax(expected: "the second half of a surrogate pair")
                }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw .syntax(expected: "the first half of a surrogate pair")
            }
            text += Array(String(Character(scalar)).utf8)
        default: throw .syntax(expected: "an escape")
        }
    }

    private mutating func codeUnit() throws(EventLineError.Problem) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch current {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = current - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = current - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = current - UInt8(ascii: "A") + 10
            default: throw .syntax(expected: "four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            position &+= 1
        }
        return value
    }

    private static func check(_ bytes: ArraySlice<UInt8>) throws(EventLineError.Problem) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
    }

    // MARK: Numbers

    /// Reads a number and gives its value if it is a whole one that 64 bits hold without a sign, else nil.
    mutating func wholeNumber() throws(EventLineError.Problem) -> UInt64? {
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        let first = position
        var value: UInt64 = 0
        var fits = !isNegative
        while let digit = digit() {
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(digit))
            if tooBig || overflow { fits = false }
            value = sum
            position &+= 1
        }
        guard position > first else { throw .syntax(expected: "a value") }
        if bytes[first] == UInt8(ascii: "0"), position > first + 1 {
            throw .syntax(expected: "no digit behind a leading 0")
        }
        if current == UInt8(ascii: ".") {
            position &+= 1
            try digits()
            fits = false
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position &+= 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position &+= 1 }
            try digits()
            fits = false
        }
        return fits ? value : nil
    }

    private func digit() -> UInt8? {
        guard position < end else { return nil }
        let byte = bytes[position]
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : nil
    }

    private mutating func digits() throws(EventLineError.Problem) {
        guard digit() != nil else { throw .syntax(expected: "a digit") }
        while digit() != nil { position &+= 1 }
    }

    // MARK: Anything

    /// Takes a word such as `null` if it comes next.
    mutating func take(word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= end else { return false }
        let isSame = word.withUTF8Buffer { buffer in
            for index in 0..<length where buffer[index] != bytes[position + index] { return false }
            return true
        }
        if isSame { position &+= length }
        return isSame
    }

    /// Passes over one value of any kind.
    mutating func skipValue() throws(EventLineError.Problem) {
        var depth = 0
        // One bit for each open level: set for an object.
        var objects: UInt64 = 0
        repeat {
            skipSpace()
            switch current {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = current == UInt8(ascii: "{")
                position &+= 1
                if take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { break }
                guard depth < Self.maximumNesting else { throw .tooDeep }
                depth += 1
                objects = objects << 1 | (isObject ? 1 : 0)
                if isObject { try skipKey() }
                continue
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "t") where take(word: "true"): break
            case UInt8(ascii: "f") where take(word: "false"): break
            case UInt8(ascii: "n") where take(word: "null"): break
            default: _ = try wholeNumber()
            }
            // A value ended: what it was in goes on or ends too.
            while depth > 0 {
                let isObject = objects & 1 == 1
                if take(UInt8(ascii: ",")) {
                    if isObject { try skipKey() }
                    break
                }
                guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw .syntax(expected: isObject ? "',' or '}'" : "',' or ']'")
                }
                depth -= 1
                objects >>= 1
            }
        } while depth > 0
    }

    private mutating func skipKey() throws(EventLineError.Problem) {
        _ = try string()
        guard take(UInt8(ascii: ":")) else { throw .syntax(expected: "':'") }
    }
}
