// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a file could not be read or written: one line for a person, with the place and what to do.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name as it was given; `-` is standard input.
    public var file: String
    /// The line, from 1; nil where the file as a whole is meant.
    public var line: Int?
    /// What is wrong.
    public var reason: String
    /// What to do about it; empty where nothing needs to be said.
    public var advice: String

    /// Describes an error.
    public init(_ file: String, line: Int? = nil, _ reason: String, advice: String = "") {
        self.file = file
        self.line = line
        self.reason = reason
        self.advice = advice
    }

    /// `FILE:LINE: reason; advice`, without control characters.
    public var description: String {
        let name = file == "-" ? "standard input" : file
        let place = line.map { "\(name):\($0)" } ?? name
        let text = "\(place): \(reason)" + (advice.isEmpty ? "" : "; \(advice)")
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : String(scalar)
        }
    }

    /// The system's words for the last error of this thread.
    static func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
}
