// SPDX-License-Identifier: Apache-2.0

/// `A -> B`: no path may lead from a class that `A` names to one that `B` names.
public struct LockRule: Sendable, Hashable {
    /// Why a text is not a rule.
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What was given.
        public var text: String

        /// One line: what is wrong, and how a rule is written.
        public var description: String {
            "'\(text)' is not a rule: write 'A -> B', two lock patterns with ' -> ' between them"
        }
    }

    /// The classes where a forbidden path begins.
    public var from: LockPattern
    /// The classes where it ends.
    public var to: LockPattern

    /// A rule from its two ends.
    public init(from: LockPattern, to: LockPattern) {
        self.from = from
        self.to = to
    }

    /// Reads `A -> B`. The arrow needs a space on both sides, because names contain `->`.
    public init(parsing text: String) throws(SyntaxError) {
        let bytes = Array(text.utf8)
        let arrow = Array(" -> ".utf8)
        let places = bytes.indices.filter {
            $0 + arrow.count <= bytes.count && bytes[$0..<($0 + arrow.count)].elementsEqual(arrow)
        }
        guard places.count == 1 else { throw SyntaxError(text: text) }
        let from = LockPattern(String(decoding: bytes[..<places[0]], as: UTF8.self))
        let to = LockPattern(String(decoding: bytes[(places[0] + arrow.count)...], as: UTF8.self))
        guard !from.text.isEmpty, !to.text.isEmpty else { throw SyntaxError(text: text) }
        self.init(from: from, to: to)
    }

    /// The rule as it is written.
    public var text: String { "\(from.text) -> \(to.text)" }
}
