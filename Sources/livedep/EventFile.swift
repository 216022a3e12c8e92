// SPDX-License-Identifier: Apache-2.0

import LockEvents
import TraceFiles

/// A file of events as NDJSON (DESIGN 5), read piece by piece.
struct EventFile: ~Copyable {
    private var file: InputFile
    private var lines = EventLineReader()
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var isAtEnd = false
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var progress: Progress
    private var size = 0

    init(_ name: String) throws(FileError) {
        file = try InputFile(name)
        progress = Progress("replay \(name)")
    }

    /// A name for what was read that is the same for the same bytes: a replay is one run however often it is done.
    var identity: String { "events:" + String(hash, radix: 16) }

    /// The next event, or nil at the end.
    mutating func next(_ tables: inout EventTables) throws(FileError) -> LockEvent? {
        while true {
            let event: LockEvent?
            do {
                event = try lines.next(&tables)
            } catch {
                throw FileError(file.name, line: error.line, Self.reason(error))
            }
            if let event { return event }
            if isAtEnd { return nil }
            let count = try file.read(into: &buffer)
            if count == 0 {
                isAtEnd = true
                lines.finish()
                progress.end()
            } else {
                take(count)
            }
        }
    }

    /// The error's text without the line, which comes first.
    private static func reason(_ error: EventLineError) -> String {
        let text = error.description
        return text.split(separator: ", ", maxSplits: 1).last.map(String.init) ?? text
    }

    private mutating func take(_ count: Int) {
        for byte in buffer[..<count] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        lines.append(buffer[..<count])
        size += count
        progress.show("\(size >> 20) MB")
    }
}
