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

    /// A file's text without the newline at its end; nil where it cannot be read.
    public static func text(at path: String) -> String? {
        guard let bytes = bytes(at: path) else { return nil }
        return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}
