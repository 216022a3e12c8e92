// SPDX-License-Identifier: Apache-2.0

import CZlib
import Glibc

/// A file that is written to its end, or cut off where the program died: plain, `.gz` by its name, or standard output
/// (`-`).
///
/// Nothing is lost silently: every failure of a write, a flush or the final close is an error.
public struct OutputFile: ~Copyable {
    private enum Target {
        case plain(Int32)
        case compressed(gzFile)
    }

    private let name: String
    /// What the file is called until it is finished.
    private let path: String
    /// Whether that is another name.
    private let isRenamed: Bool
    private var target: Target?

    /// Creates or empties a file.
    ///
    /// - Parameters:
    ///   - name: The file's name; `-` is standard output.
    ///   - isWhole: Take the place of an older file only when finished, so that it is never lost halfway.
    public init(_ name: String, isWhole: Bool = false) throws(FileError) {
        self.name = name == "-" ? "standard output" : name
        isRenamed = isWhole && Self.isReplaceable(name)
        path = isRenamed ? name + ".partial" : name
        let descriptor =
            name == "-" ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileError(self.name, "cannot be written: \(FileError.systemReason())")
        }
        guard name.hasSuffix(".gz") else {
            target = .plain(descriptor)
            return
        }
        guard let stream = gzdopen(descriptor, "wb6") else {
            close(descriptor)
            throw FileError(self.name, "cannot be written: out of memory")
        }
        target = .compressed(stream)
    }

    deinit {
        switch target {
        case .plain(let descriptor): close(descriptor)
        case .compressed(let stream): gzclose_w(stream)
        case nil: return
        }
        if isRenamed { unlink(path) }
    }

    /// Appends bytes.
    public mutating func write(_ bytes: [UInt8]) throws(FileError) {
        var result: Result<Void, FileError> = .success(())
        bytes.withUnsafeBytes { buffer in
            do throws(FileError) { try write(buffer) } catch { result = .failure(error) }
        }
        try result.get()
    }

    /// Appends bytes that are somebody else's.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count: Int
            switch target {
            case .plain(let descriptor): count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            case .compressed(let stream):
                count = Int(gzwrite(stream, rest.baseAddress, UInt32(min(rest.count, 1 << 30))))
            case nil: count = -1
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            written += count
        }
    }

    /// Lets everything written so far survive the program's death.
    public mutating func flush() throws(FileError) {
        if case .compressed(let stream) = target, gzflush(stream, Z_SYNC_FLUSH) != Z_OK { throw failure() }
    }

    /// Writes out the rest and closes the file. Later writes fail.
    public mutating func finish() throws(FileError) {
        let closing = target
        target = nil
        switch closing {
        case .plain(let descriptor):
            if close(descriptor) != 0 { throw failure() }
        case .compressed(let stream):
            if gzclose_w(stream) != Z_OK { throw failure() }
        case nil: return
        }
        if isRenamed && rename(path, name) != 0 { throw failure() }
    }

    /// Whether a name is that of a regular file or of none yet.
    private static func isReplaceable(_ name: String) -> Bool {
        var status = stat()
        if name == "-" { return false }
        return lstat(name, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    private func failure() -> FileError {
        FileError(name, "cannot be written: \(FileError.systemReason())")
    }
}
