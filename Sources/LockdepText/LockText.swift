// SPDX-License-Identifier: Apache-2.0

/// Reading a printed lock, possibly one that is still incomplete because the kernel or a mailer broke the line.
enum LockText {
    enum Reading {
        /// A whole lock, and what follows its usage marks and wait type.
        case complete(SplatLock, rest: Bytes)
        /// The beginning of a lock.
        case partial
        /// Not a lock.
        case none
    }

    /// Reads `[address] (NAME){usage}[-{o:i}]`. Names hold parentheses themselves, so the usage marks end them.
    static func read(_ text: Bytes) -> Reading {
        var rest = text.trimmed
        var address: String?
        if let hex = rest.leadingHex, rest.count - hex.rest.count >= 8 {
            let digits = rest.prefix(rest.count - hex.rest.count)
            rest = hex.rest.trimmed
            if rest.isEmpty { return .partial }
            if rest.first == ASCII.open { address = digits.string }
        }
        guard rest.first == ASCII.open else { return .none }
        guard let usage = usageMarks(in: rest) else { return .partial }
        let name = rest[(rest.startIndex + 1)..<usage.nameEnd].trimmed
        guard !name.isEmpty else { return .none }
        var lock = SplatLock(address: address, lockClass: SplatClass(printedName: name.string))
        lock.usage = rest[usage.marks].string
        var after = rest[(usage.marks.upperBound + 1)...]
        if let wait = waitType(after) {
            lock.waitType = wait.value
            after = wait.rest
        }
        return .complete(lock, rest: after)
    }

    /// `-{3:3}` at the start of the text.
    static func waitType(_ text: Bytes) -> (value: SplatWaitType, rest: Bytes)? {
        guard let outer = text.after("-{")?.leadingNumber, let inner = outer.rest.after(":")?.leadingNumber,
            let rest = inner.rest.after("}")
        else { return nil }
        return (SplatWaitType(outer: outer.value, inner: inner.value), rest)
    }

    /// `, at: f+0x1/0x2` at the start of the text: the frame's text, empty where the line ended.
    static func site(_ text: Bytes) -> Bytes? {
        let text = text.trimmed
        return (text.after(", at:") ?? text.after("at:"))?.trimmed
    }

    /// The first `){....}` whose braces hold nothing but usage marks.
    private static func usageMarks(in text: Bytes) -> (nameEnd: Int, marks: Range<Int>)? {
        var at = text.startIndex
        while at + 3 < text.endIndex {
            defer { at += 1 }
            guard text[at] == ASCII.close, text[at + 1] == ASCII.openBrace else { continue }
            let marks = text[(at + 2)...].prefix { $0 == ASCII.dot || $0 == 0x2B || $0 == ASCII.minus || $0 == 0x3F }
            guard marks.count >= 2, marks.count <= 8, marks.endIndex < text.endIndex,
                text[marks.endIndex] == ASCII.closeBrace
            else { continue }
            return (at, marks.startIndex..<marks.endIndex)
        }
        return nil
    }
}
