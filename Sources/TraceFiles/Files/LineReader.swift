// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The lines of an ``InputFile``, through one buffer that is used again and again.
///
/// Memory is bounded by the longest line that is accepted; a longer one is passed over.
public struct LineReader: ~Copyable {
    /// One line, without its line feed.
    public struct Line: Sendable {
        /// Where it is in ``LineReader/bytes``, until the next line is asked for.
        public var range: Range<Int>
        /// Its number, from 1.
        public var number: Int
        /// The file ends without a line feed: the line may be cut off.
        public var isUnterminated: Bool
        /// It was longer than the limit, and only its beginning is in the buffer.
        public var isTooLong: Bool
    }

    /// What a line may be long, in bytes.
    public static let lineLimit = 16 << 20

    private var file: InputFile
    private let limit: Int
    /// The buffer that ``Line/range`` refers to.
    public private(set) var bytes: [UInt8]
    private var start = 0
    private var end = 0
    private var number = 0
    private var isAtEnd = false
    /// The compressed data ends in the middle: what was read until there is all there is.
    public var isCutOff: Bool { file.isCutOff }

    /// Opens a file for reading; `-` is standard input.
    public init(_ name: String, lineLimit: Int = LineReader.lineLimit) throws(FileError) {
        file = try InputFile(name)
        limit = lineLimit
        bytes = Array(repeating: 0, count: 1 << 16)
    }

    /// The next line, or nil at the end of the file.
    public mutating func next() throws(FileError) -> Line? {
        var searched = start
        var isTooLong = false
        while true {
            if let feed = lineFeed(from: searched) {
                defer { start = feed + 1 }
                number += 1
                return Line(range: start..<feed, number: number, isUnterminated: false, isTooLong: isTooLong)
            }
            if isAtEnd {
                guard start < end || isTooLong else { return nil }
                defer { start = end }
                number += 1
                return Line(range: start..<end, number: number, isUnterminated: true, isTooLong: isTooLong)
            }
            if end - start > limit {
                // The line's beginning is kept to be looked at; what follows is thrown away until the line ends.
                isTooLong = true
                end = start + min(limit, 1024)
            }
            searched = end
            let kept = end - start
            try fill()
            searched = start + kept
        }
    }

    private func lineFeed(from index: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard index < end, let base = buffer.baseAddress,
                let found = memchr(base + index, Int32(UInt8(ascii: "\n")), end - index)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Reads more behind what the buffer has of the current line, which moves to the buffer's beginning.
    private mutating func fill() throws(FileError) {
        if start > 0 {
            bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        }
        if bytes.count - end < 1 << 15 { bytes.append(contentsOf: repeatElement(0, count: max(bytes.count, 1 << 16))) }
        let count: Int
        do {
            count = try file.read(into: &bytes, at: end)
        } catch {
            throw FileError(error.file, line: number + 1, error.reason, advice: error.advice)
        }
        end += count
        if count == 0 { isAtEnd = true }
    }
}
