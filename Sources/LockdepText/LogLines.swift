// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines, holding at most one line and never more than ``longest`` bytes of it.
struct LogLines {
    /// printk's records are at most 1 KiB of text; syslog headers, mail quotes and decoders add to that.
    static let longest = 8192

    /// One whole line.
    struct Line {
        /// Counted from 1.
        var number: Int
        /// Without line end and terminal colours.
        var bytes: Bytes
        /// Holds bytes below blank other than tabs.
        var hasControls: Bool
        /// Was longer than ``LogLines/longest``; `bytes` is empty.
        var isOverlong: Bool
    }

    private var pending: [UInt8] = []
    private var isOverlong = false
    private var number = 0

    /// Takes in a chunk and hands out the lines that it completes. Cost: linear in the chunk.
    mutating func feed(_ chunk: Span<UInt8>, _ body: (Line) -> Void) {
        chunk.withUnsafeBufferPointer { buffer in
            var start = buffer.startIndex
            while start < buffer.endIndex {
                guard let newline = buffer[start...].firstIndex(of: ASCII.newline) else {
                    append(buffer[start...])
                    return
                }
                append(buffer[start..<newline])
                body(takeLine())
                start = newline + 1
            }
        }
    }

    /// Hands out a last line that had no line end.
    mutating func finish(_ body: (Line) -> Void) {
        if !pending.isEmpty || isOverlong { body(takeLine()) }
    }

    private mutating func append(_ part: Slice<UnsafeBufferPointer<UInt8>>) {
        if isOverlong { return }
        if pending.count + part.count > Self.longest {
            isOverlong = true
            pending.removeAll(keepingCapacity: true)
        } else {
            pending.append(contentsOf: part)
        }
    }

    private mutating func takeLine() -> Line {
        var bytes = pending[...]
        // Given away, not cleared: the line keeps the buffer alive, and clearing would copy it.
        pending = []
        defer { isOverlong = false }
        number += 1
        while bytes.last == ASCII.carriageReturn { bytes = bytes.dropLast() }
        while bytes.first == ASCII.carriageReturn { bytes = bytes.dropFirst() }
        if bytes.contains(ASCII.escape) { bytes = Self.withoutColours(bytes) }
        let hasControls = bytes.contains { ($0 < ASCII.space && $0 != ASCII.tab) || $0 == ASCII.delete }
        return Line(number: number, bytes: bytes, hasControls: hasControls, isOverlong: isOverlong)
    }

    /// Drops `ESC [ ... letter`, which `dmesg --color=always` writes.
    private static func withoutColours(_ bytes: Bytes) -> Bytes {
        var kept: [UInt8] = []
        var rest = bytes
        while let byte = rest.first {
            if let sequence = rest.after("\u{1B}[") {
                let letters = sequence.drop { ASCII.isDigit($0) || $0 == 0x3B }
                if let letter = letters.first, ASCII.isLetter(letter) {
                    rest = letters.dropFirst()
                    continue
                }
            }
            kept.append(byte)
            rest = rest.dropFirst()
        }
        return kept[...]
    }
}
