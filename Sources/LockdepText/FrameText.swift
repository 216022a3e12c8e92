// SPDX-License-Identifier: Apache-2.0

/// Reading one printed stack frame, in every layout from 2.6 to today and as decoders rewrite it.
enum FrameText {
    /// Reads the frame that makes up the whole text, or nil if the text is not a frame.
    ///
    /// Layouts: `f+0x1/0x2 [mod]`, `[<addr>] ? f+0x1/0x2`, `f+0x1/0x2 file:1`, `f file:1 [inline]`, `f (file:1 file:2)`,
    /// `0xaddr`, and `[<addr>] 0xaddr`. Cost: linear in the text.
    static func frame(_ text: Bytes) -> SplatFrame? {
        var rest = skippingAddress(text.trimmed).trimmed
        let hadAddress = rest.count < text.trimmed.count
        var frame = SplatFrame(function: "")
        var isNamedOnly = false
        if let unreliable = rest.after("? ") {
            frame.isReliable = false
            rest = unreliable.trimmed
        }
        if let digits = rest.after("0x"), let number = digits.leadingHex, number.rest.trimmed.isEmpty {
            frame.function = rest.trimmed.string
            return frame
        }
        let name = rest.prefix(while: ASCII.isSymbol)
        guard let first = name.first, !ASCII.isDigit(first), name.count <= 512 else { return nil }
        frame.function = name.string
        rest = rest.dropFirst(name.count)
        if let offset = rest.after("+0x")?.leadingHex, let size = offset.rest.after("/0x")?.leadingHex {
            // No function is empty: this is how SplatWriter prints one of which nothing but the name is known.
            isNamedOnly = offset.value == 0 && size.value == 0
            if !isNamedOnly { (frame.offset, frame.size) = (offset.value, size.value) }
            rest = size.rest
        }
        // `kernel/locking/mutex.c:608` begins with no symbol of its own.
        if let next = rest.first, !ASCII.isBlank(next) { return nil }
        guard readAnnotations(rest, into: &frame) else { return nil }
        let isFrame = frame.offset != nil || frame.location != nil || hadAddress || isNamedOnly
        return isFrame ? frame : nil
    }

    /// ARM's backtrace, `[<a>] (f+0x1/0x2) from [<b>] (g+0x1/0x2)` or `f from g+0x1/0x2`: callee and caller.
    static func callPair(_ text: Bytes) -> (callee: SplatFrame, caller: SplatFrame)? {
        let text = text.trimmed
        guard let from = text.range(of: " from ") else { return nil }
        let right = skippingAddress(text[from.upperBound...].trimmed)
        guard let caller = frame(unwrapped(right)) else { return nil }
        let left = unwrapped(skippingAddress(text[..<from.lowerBound].trimmed))
        if let callee = frame(left) { return (callee, caller) }
        guard let first = left.first, !ASCII.isDigit(first), left.allSatisfy(ASCII.isSymbol) else { return nil }
        return (SplatFrame(function: left.string), caller)
    }

    /// Takes what a mailer wrapped onto a line of its own (`[module]`, `[inline]`, `file:line`) into the frame before.
    static func attach(_ text: Bytes, to frame: inout SplatFrame) -> Bool {
        let text = text.trimmed
        guard !frame.isInline, !text.isEmpty else { return false }
        guard text.first == ASCII.openBracket || isLocation(text.prefix { $0 != ASCII.space }) else { return false }
        var copy = frame
        guard readAnnotations(text, into: &copy) else { return false }
        frame = copy
        return true
    }

    /// `function at file.c:12`: addr2line's output, which people paste between the frames.
    static func isDecoderLine(_ text: Bytes) -> Bool {
        guard let at = text.range(of: " at "), text[..<at.lowerBound].allSatisfy(ASCII.isSymbol) else { return false }
        return isLocation(text[at.upperBound...].prefix { $0 != ASCII.space })
    }

    /// Whether the text is a symbol and nothing else: what is left of a frame whose `file:line` a mailer wrapped.
    static func isLoneSymbol(_ text: Bytes) -> Bool {
        let name = text.after("? ") ?? text
        guard let first = name.first, !ASCII.isDigit(first), name.count > 1, name.count <= 512 else { return false }
        return name.allSatisfy(ASCII.isSymbol)
    }

    /// What follows the symbol: `[module]`, `file:line`, `(file:line ...)`, `[inline]`, `(discriminator 1)`.
    private static func readAnnotations(_ text: Bytes, into frame: inout SplatFrame) -> Bool {
        var rest = text.trimmed
        while let first = rest.first {
            if first == ASCII.openBracket {
                guard let end = rest.firstIndex(of: ASCII.closeBracket) else { return false }
                let word = rest[(rest.startIndex + 1)..<end]
                if word.equals("inline") {
                    frame.isInline = true
                } else {
                    // A build id may follow the module's name: `[nvme 0123abcd]`.
                    let module = word.prefix { $0 != ASCII.space }
                    guard !module.isEmpty, module.count <= 64, frame.module == nil,
                        module.allSatisfy({ ASCII.isSymbol($0) || $0 == ASCII.minus })
                    else { return false }
                    frame.module = module.string
                }
                rest = rest[(end + 1)...].trimmed
            } else if first == ASCII.open {
                guard rest.last == ASCII.close, frame.location == nil else { return false }
                let inside = rest.dropFirst().dropLast()
                guard isLocation(inside.prefix { $0 != ASCII.space }) else { return false }
                frame.location = inside.string
                rest = rest[rest.endIndex...]
            } else {
                let word = rest.prefix { $0 != ASCII.space }
                guard isLocation(word), frame.location == nil else { return false }
                frame.location = word.string
                rest = rest.dropFirst(word.count).trimmed
            }
        }
        return true
    }

    /// `path/file.c:12`, also `:-1` as decoders print for an unknown line.
    private static func isLocation(_ word: Bytes) -> Bool {
        guard let colon = word.lastIndex(of: ASCII.colon), colon > word.startIndex else { return false }
        var number = word[(colon + 1)...]
        if number.first == ASCII.minus { number = number.dropFirst() }
        guard !number.isEmpty, number.allSatisfy({ ASCII.isDigit($0) || $0 == ASCII.question }) else { return false }
        return word[..<colon].contains { $0 == ASCII.dot || $0 == ASCII.slash || $0 == ASCII.question }
    }

    /// Drops a leading `[<c0325689>]`.
    private static func skippingAddress(_ text: Bytes) -> Bytes {
        guard let inside = text.after("[<"), let number = inside.leadingHex, let rest = number.rest.after(">]") else {
            return text
        }
        return rest
    }

    /// `(f+0x1/0x2 [mod])` without its parentheses.
    private static func unwrapped(_ text: Bytes) -> Bytes {
        let text = text.trimmed
        guard text.first == ASCII.open, text.last == ASCII.close else { return text }
        return text.dropFirst().dropLast()
    }
}
