// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import Glibc

/// The kernel's log from now on, line by line, with times of the records' clock (Documentation/ABI/testing/dev-kmsg).
///
/// Reading it disturbs nobody: every reader has a place of its own. Used by the thread that starts it.
struct KernelLog: ~Copyable {
    private let descriptor: Int32
    private var clock: OpaquePointer?
    private var buffer = [UInt8](repeating: 0, count: 8192)

    /// Opens the log behind its last line; nil where that is not allowed.
    init?() {
        descriptor = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0, lseek(descriptor, 0, SEEK_END) >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        kp_log_clock_close(clock)
    }

    /// The next line that `isWanted` by its text, and when it was written in nanoseconds of the log's clock; nil at the end.
    mutating func next(_ isWanted: (Span<UInt8>) -> Bool) -> (time: UInt64, text: String)? {
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            // Lines were overwritten before they were read: the next one is there.
            if count < 0, errno == EPIPE || errno == EINTR { continue }
            guard count > 0 else { return nil }
            guard let line = Self.line(buffer.span.extracting(0..<count)) else { continue }
            let text = buffer.span.extracting(line.text)
            if isWanted(text) { return (line.time, String(decoding: buffer[line.text], as: UTF8.self)) }
        }
    }

    /// Nanoseconds from the log's clock to the records'; nil where that cannot be found out. Asked by the reading thread, when
    /// the first test is announced: perf's event would go along with every switch to and from the thread.
    mutating func offset() -> Int64? {
        var offset: Int64 = 0
        if clock == nil { clock = kp_log_clock_open() }
        guard let clock, kp_log_clock_offset(clock, &offset) else { return nil }
        return offset
    }

    /// Reads `PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT`, behind which lines with further values may follow.
    static func line(_ bytes: Span<UInt8>) -> (time: UInt64, text: Range<Int>)? {
        var index = 0
        var field = 0
        var microseconds: UInt64 = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: ";") {
            let byte = bytes[index]
            if byte == UInt8(ascii: ",") {
                field += 1
            } else if field == 2 {
                guard (48...57).contains(byte), microseconds < .max / 100_000 else { return nil }
                microseconds = microseconds * 10 + UInt64(byte - 48)
            }
            index += 1
        }
        guard field >= 2, index < bytes.count else { return nil }
        let start = index + 1
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        return (microseconds * 1000, start..<end)
    }
}
