// SPDX-License-Identifier: Apache-2.0

/// How a person names lock classes (DESIGN 4): the exact printed name first, else its last member, else a glob.
///
/// `mmap_lock` is `&mm->mmap_lock`; `mmap_sem`, its name before 5.8, is the same. In a glob `*` stands for any text and `?`
/// for one character; brackets stand for themselves, because names contain `[i]`.
public struct LockPattern: Sendable, Hashable {
    /// How well a name fits. A worse fit counts only where no class fits better.
    public enum Fit: UInt8, Sendable, Hashable, Comparable {
        case glob
        case lastMember
        case exact

        /// A worse fit is less than a better one.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The pattern as it was given.
    public let text: String
    private let normal: [UInt8]

    /// Takes a pattern; any text is one. Space at either end is dropped.
    public init(_ text: String) {
        self.text = Self.trimmed(text)
        normal = Self.normalized(self.text)
    }

    /// How well a printed name fits, or nil when it does not.
    public func fit(_ name: String) -> Fit? {
        let name = Self.normalized(name)
        if name == normal { return .exact }
        let member = Self.lastMember(name)
        if member.elementsEqual(normal) || Self.withoutIndex(member).elementsEqual(normal) { return .lastMember }
        return Self.matches(name[...], normal) || Self.matches(member, normal) ? .glob : nil
    }

    static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}

// MARK: - Names

extension LockPattern {
    private static let oldName = Array("mmap_sem".utf8)
    private static let newName = Array("mmap_lock".utf8)

    /// The name's bytes with `mmap_sem` read as `mmap_lock` where it stands as a whole word.
    private static func normalized(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8)
        guard bytes.count >= oldName.count else { return bytes }
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let end = position + oldName.count
            if end <= bytes.count, bytes[position..<end].elementsEqual(oldName),
                position == 0 || !isWord(bytes[position - 1]), end == bytes.count || !isWord(bytes[end])
            {
                result += newName
                position = end
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// What follows the last `.`, `->` or leading `&`, outside of brackets.
    private static func lastMember(_ name: [UInt8]) -> ArraySlice<UInt8> {
        var depth = 0
        var position = name.count - 1
        while position >= 0 {
            switch name[position] {
            case UInt8(ascii: "]"): depth += 1
            case UInt8(ascii: "["): depth -= 1
            case UInt8(ascii: ".") where depth <= 0: return name[(position + 1)...]
            case UInt8(ascii: ">") where depth <= 0 && position > 0 && name[position - 1] == UInt8(ascii: "-"):
                return name[(position + 1)...]
            default: break
            }
            position -= 1
        }
        return name.drop { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "*") }
    }

    /// A member without its `[i]`.
    private static func withoutIndex(_ member: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard member.last == UInt8(ascii: "]"), let bracket = member.firstIndex(of: UInt8(ascii: "[")) else {
            return member
        }
        return member[..<bracket]
    }

    /// Glob matching that goes back only to the last star: linear in practice, product of the lengths at worst.
    private static func matches(_ name: ArraySlice<UInt8>, _ glob: [UInt8]) -> Bool {
        var position = name.startIndex
        var next = 0
        var star: (glob: Int, name: Int)?
        while position < name.endIndex {
            if next < glob.count, glob[next] == UInt8(ascii: "*") {
                star = (next, position)
                next += 1
            } else if next < glob.count, glob[next] == UInt8(ascii: "?") || glob[next] == name[position] {
                next += 1
                position += 1
            } else if let last = star {
                next = last.glob + 1
                position = last.name + 1
                star = (last.glob, position)
            } else {
                return false
            }
        }
        return glob[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension LockPattern {
    /// What `freeze_super` holds for whoever thaws (fs/super.c).
    public static let freezeLocks = [
        LockPattern("*s_writers*"), LockPattern("sb_writers*"), LockPattern("sb_pagefaults*"),
        LockPattern("sb_internal*"),
    ]
}
