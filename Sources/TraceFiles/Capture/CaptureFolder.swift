// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What is in a capture's folder.
enum CaptureFolder {
    /// Whether a name is that of a folder.
    static func isFolder(_ name: String) -> Bool {
        var status = stat()
        return stat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, sorted; nil where it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A whole file's bytes.
    static func bytes(_ name: String) throws(FileError) -> [UInt8] {
        var file = try InputFile(name)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try file.read(into: &chunk)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// The numbers of the rings' files, in order.
    static func files(in folder: String) -> [Int] {
        (names(in: folder) ?? []).compactMap { CaptureLayout.number(ofFile: $0) }.sorted()
    }
}
