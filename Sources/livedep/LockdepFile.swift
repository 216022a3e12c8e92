// SPDX-License-Identifier: Apache-2.0

import LockdepText
import TraceFiles

/// A file that holds something lockdep printed, read piece by piece.
struct LockdepFile: ~Copyable {
    private var file: InputFile
    private var buffer: [UInt8]
    private var filled: Int
    /// The file's name as it was given.
    let name: String
    /// One of `/proc/lockdep` and `/proc/lockdep_chains`, not a log.
    let isProc: Bool

    init(_ name: String) throws(FileError) {
        self.name = name
        var file = try InputFile(name)
        var start = [UInt8](repeating: 0, count: 1 << 18)
        filled = try file.read(into: &start)
        isProc = LockdepProcReader.recognises(start.span.extracting(0..<filled))
        self.file = file
        buffer = start
    }

    /// Reads all of a `/proc` file, saying on standard error what cannot be read.
    mutating func read(into reader: inout LockdepProcReader) throws(FileError) {
        let known = reader.diagnostics.count
        while filled > 0 {
            reader.read(buffer.span.extracting(0..<filled))
            filled = try file.read(into: &buffer)
        }
        for note in reader.diagnostics.dropFirst(known) { warn(note) }
    }

    /// Hands out each report of a log, saying on standard error what cannot be read.
    mutating func readSplats(_ body: (Splat) -> Void) throws(FileError) {
        var reader = SplatReader()
        var told = 0
        while true {
            if filled > 0 { reader.read(buffer.span.extracting(0..<filled)) } else { reader.finish() }
            for note in reader.diagnostics.dropFirst(told) { warn(note) }
            told = reader.diagnostics.count
            for splat in reader.takeSplats() { body(splat) }
            if filled == 0 { break }
            filled = try file.read(into: &buffer)
        }
        if reader.suppressedDiagnostics > 0 {
            Diagnostics.warn(FileError(name, "\(reader.suppressedDiagnostics) more lines could not be read"))
        }
    }

    private func warn(_ note: SplatDiagnostic) {
        Diagnostics.warn(FileError(name, line: note.line, note.message))
    }
}
