// SPDX-License-Identifier: Apache-2.0

import CZlib
import Glibc

/// The bytes of a file, of a `.gz`, or of standard input (`-`).
///
/// Compression is found by the file's first bytes, not by its name.
public struct InputFile: ~Copyable {
    private let file: gzFile
    /// The file's name as it was given.
    public let name: String
    /// The compressed data ends in the middle: what was read until there is all there is.
    public private(set) var isCutOff = false

    /// Opens a file for reading; `-` is standard input.
    public init(_ name: String) throws(FileError) {
        let opened = name == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(name, "rbe")
        guard let opened else { throw FileError(name, "cannot be opened: \(FileError.systemReason())") }
        gzbuffer(opened, 1 << 17)
        file = opened
        self.name = name
    }

    deinit { gzclose_r(file) }

    /// Reads into a buffer from `offset` on, as much as there is room for, and returns how much came: 0 at the end.
    public mutating func read(into bytes: inout [UInt8], at offset: Int = 0) throws(FileError) -> Int {
        let room = UInt32(min(bytes.count - offset, 1 << 20))
        let count = bytes.withUnsafeMutableBytes { buffer in
            gzread(file, buffer.baseAddress?.advanced(by: offset), room)
        }
        var code: Int32 = 0
        let message = gzerror(file, &code)
        if code == Z_BUF_ERROR {
            isCutOff = true
            return max(0, Int(count))
        }
        if count < 0 {
            let reason =
                code == Z_ERRNO ? FileError.systemReason() : message.map { String(cString: $0) } ?? "unreadable"
            throw FileError(name, "cannot be read: \(reason)")
        }
        return Int(count)
    }
}
