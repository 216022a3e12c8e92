// SPDX-License-Identifier: Apache-2.0

/// Text as JSON strings hold it.
enum LineText {
    private static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Adds a JSON string: quoted, with control characters, quotes and backslashes escaped.
    static func append(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case 0..<0x20, 0x7f:
                line += Array("\\u00".utf8)
                line.append(hexadecimal[Int(byte >> 4)])
                line.append(hexadecimal[Int(byte & 15)])
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
