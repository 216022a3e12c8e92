// SPDX-License-Identifier: Apache-2.0

/// What stands before the kernel's own text: mail quotes, syslog headers, log level, time and caller.
struct LogPrefix {
    /// The `[ T123]` or `[ C1]` of CONFIG_PRINTK_CALLER.
    enum Caller: Hashable {
        case task(Int)
        case cpu(Int)
    }

    /// The kernel's text, its own indentation kept.
    var text: Bytes
    /// Who printed the line, where the log says it.
    var caller: Caller?

    /// Strips the prefix of a line. Cost: linear in the prefix.
    init(_ line: Bytes) {
        text = line
        // A dozen rounds are more than any log stacks up; a line of `>` alone must not take longer.
        for _ in 0..<12 {
            if let rest = Self.quote(text) ?? Self.level(text) ?? Self.facility(text) ?? Self.syslog(text)
                ?? Self.time(text)
            {
                text = rest
            } else if let found = Self.caller(text) {
                caller = found.caller
                text = found.rest
            } else {
                break
            }
        }
    }

    /// `> `, of mail.
    private static func quote(_ text: Bytes) -> Bytes? {
        guard let rest = text.trimmedStart.after(">") else { return nil }
        return rest.droppingBlank
    }

    /// `<4>`.
    private static func level(_ text: Bytes) -> Bytes? {
        guard let number = text.after("<")?.leadingNumber, number.value < 1000, let rest = number.rest.after(">") else {
            return nil
        }
        return rest.first == ASCII.space && rest.dropFirst().first == ASCII.openBracket ? rest.dropFirst() : rest
    }

    /// `kern  :warn  : `, of `dmesg -x`.
    private static func facility(_ text: Bytes) -> Bytes? {
        guard let rest = text.after("kern")?.trimmedStart.after(":") else { return nil }
        let level = rest.trimmedStart.drop(while: ASCII.isLetter)
        return level.trimmedStart.after(": ") ?? level.trimmedStart.after(":")
    }

    /// `Nov 24 02:13:23 host kernel: ` and the same with an ISO date or with the clock alone.
    private static func syslog(_ text: Bytes) -> Bytes? {
        guard let date = clock(afterMonth(text) ?? text) else { return nil }
        var rest = date.trimmedStart
        // The host and `kernel:` stand within the next two words, or the kernel's own text does.
        for _ in 0..<2 {
            let word = rest.prefix { !ASCII.isBlank($0) }
            let next = rest.dropFirst(word.count)
            if word.hasPrefix("kernel") && word.hasSuffix(":") { return next.droppingBlank }
            rest = next.trimmedStart
        }
        let word = rest.prefix { !ASCII.isBlank($0) }
        if word.hasPrefix("kernel") && word.hasSuffix(":") { return rest.dropFirst(word.count).droppingBlank }
        return date.droppingBlank
    }

    /// `Nov 24 ` at the start of a line.
    private static func afterMonth(_ text: Bytes) -> Bytes? {
        let month = text.prefix(3)
        guard months.contains(where: { month.equals($0) }), let day = text.dropFirst(3).trimmedStart.leadingNumber,
            day.value <= 31, day.rest.first == ASCII.space
        else { return nil }
        return day.rest.trimmedStart
    }

    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `02:13:23`, `02:13:23.123456`, `2025-11-24T02:13:23+01:00`.
    private static func clock(_ text: Bytes) -> Bytes? {
        let word = text.prefix { !ASCII.isBlank($0) }
        let digits = word.prefix(while: ASCII.isDigit).count
        guard word.count >= 8, word.count <= 40, digits == 2 || digits == 4 else { return nil }
        guard word.allSatisfy({ ASCII.isDigit($0) || "T:.+-Z,".utf8.contains($0) }) else { return nil }
        guard word.count(where: { $0 == ASCII.colon }) >= 2 else { return nil }
        return text.dropFirst(word.count)
    }

    /// `[   38.425880]`, `[136806]`, and `dmesg -T`'s `[Mon Nov 24 02:13:23 2025]`.
    private static func time(_ text: Bytes) -> Bytes? {
        guard let inside = text.trimmedStart.after("[")?.trimmedStart else { return nil }
        guard let close = inside.prefix(40).firstIndex(of: ASCII.closeBracket) else { return nil }
        let stamp = inside[..<close]
        let isNumber =
            !stamp.isEmpty && stamp.allSatisfy { ASCII.isDigit($0) || $0 == ASCII.dot }
            && stamp.first.map(ASCII.isDigit) == true
        let isDate = stamp.count >= 20 && afterMonth(stamp.dropFirst(4)).flatMap(clock) != nil
        guard isNumber || isDate else { return nil }
        return inside[(close + 1)...].droppingBlank
    }

    /// `[ T1548]`, `[   C1]`.
    private static func caller(_ text: Bytes) -> (caller: Caller, rest: Bytes)? {
        guard let inside = text.trimmedStart.after("[")?.trimmedStart else { return nil }
        if let number = inside.after("T")?.leadingNumber, let rest = number.rest.after("]") {
            return (.task(number.value), rest.droppingBlank)
        }
        if let number = inside.after("C")?.leadingNumber, let rest = number.rest.after("]") {
            return (.cpu(number.value), rest.droppingBlank)
        }
        return nil
    }
}

extension ArraySlice<UInt8> {
    /// Without the blanks at the start.
    fileprivate var trimmedStart: Bytes { drop(while: ASCII.isBlank) }

    /// Without the one blank that separates a prefix from the text.
    fileprivate var droppingBlank: Bytes { first == ASCII.space ? dropFirst() : self }
}
