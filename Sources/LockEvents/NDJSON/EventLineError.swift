// SPDX-License-Identifier: Apache-2.0

/// Why a line of NDJSON is not an event, and where.
public struct EventLineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Error, Sendable, Hashable {
        /// Not JSON: what was expected.
        case syntax(expected: String)
        /// JSON, and not an object.
        case notAnObject
        /// More than ``EventLineReader/maximumLineLength`` bytes without an end.
        case tooLong
        /// Arrays and objects within each other beyond what any event has.
        case tooDeep
        /// Bytes in a string that are not UTF-8.
        case notUTF8
        /// A key that the operation needs is missing.
        case missing(key: String)
        /// A value is not what its key wants.
        case wrongValue(key: String, wanted: String)
        /// A class was of another type before.
        case twoTypes(lockClass: String, before: LockType, now: LockType)
    }

    /// Counted from 1.
    public var line: Int
    /// The byte in the line, counted from 1, where it was noticed.
    public var column: Int
    /// What is wrong there.
    public var problem: Problem

    /// Describes a problem.
    public init(line: Int, column: Int, problem: Problem) {
        self.line = line
        self.column = column
        self.problem = problem
    }

    /// One line: where, and what.
    public var description: String { "line \(line), byte \(column): \(problem.text)" }
}

extension EventLineError.Problem {
    /// What is wrong, in words.
    var text: String {
        switch self {
        case .syntax(let expected): "not JSON: \(expected) expected"
        case .notAnObject: "not an event: a line is one JSON object"
        case .tooLong: "longer than \(EventLineReader.maximumLineLength) bytes: no event is"
        case .tooDeep: "nested deeper than \(LineScanner.maximumNesting) levels: no event is"
        case .notUTF8: "a string that is not UTF-8"
        case .missing(let key): "not an event: '\(key)' is missing"
        case .wrongValue(let key, let wanted): "'\(key)' must be \(wanted)"
        case .twoTypes(let name, let before, let now):
            "class '\(PrintableText.of(String(name.prefix(120))))' is \(now.name) here and was \(before.name) before; one class has one type"
        }
    }
}
