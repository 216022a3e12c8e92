// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Files of /proc and /sys, whose size is not known before they are read.
public enum KernelFile {
    /// A whole file's bytes; nil where it cannot be opened or read.
    public static func bytes(at path: String) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        // Larger reads save nothing: procfs hands out a page or so at a time.
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            guard let count = try? chunk.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Hands on each line of a file, without its end; false where it cannot be opened or read to its end.
    static func readLines(of path: String, _ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return false }
        defer { try? file.close() }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        // The beginning of a line whose end has not been read.
        var begun: [UInt8] = []
        while true {
            guard let count = try? chunk.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return false }
            if count == 0 {
                if !begun.isEmpty { body(begun[...]) }
                return true
            }
            var rest = chunk[..<count]
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
    }

    /// A file's text without the newline at its end; nil where it cannot be read.
    public static func text(at path: String) -> String? {
        guard let bytes = bytes(at: path) else { return nil }
        return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}
