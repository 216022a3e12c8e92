// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Files of /proc and /sys, whose size is not known before they are read.
public enum KernelFile {
    /// A whole file's bytes; nil where it cannot be opened or read.
    public static func bytes(at path: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        return readPieces(of: path) { bytes += $0 } ? bytes : nil
    }

    /// Hands on each line of a file, without its end; false where it cannot be opened or read to its end.
    static func readLines(of path: String, _ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        // The beginning of a line whose end has not been read.
        var begun: [UInt8] = []
        let isWhole = readPieces(of: path) { piece in
            var rest = piece
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if begun.isEmpty {
                    body(rest[..<end])
                } else {
                    begun += rest[..<end]
                    body(begun[...])
                    begun.removeAll(keepingCapacity: true)
                }
                rest = rest[(end + 1)...]
            }
            begun += rest
        }
        if isWhole, !begun.isEmpty { body(begun[...]) }
        return isWhole
    }

    /// Hands on a file's bytes as they are read; false where it cannot be opened or read to its end.
    private static func readPieces(of path: String, _ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return false }
        defer { try? file.close() }
        // Larger reads save nothing: procfs hands out a page or so at a time.
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            guard let count = try? chunk.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return false }
            if count == 0 { return true }
            body(chunk[..<count])
        }
    }

    /// A file's text without the newline at its end; nil where it cannot be read.
    public static func text(at path: String) -> String? {
        guard let bytes = bytes(at: path) else { return nil }
        return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}
