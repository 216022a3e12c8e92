// SPDX-License-Identifier: Apache-2.0

/// Lines that the kernel, a console or a mailer broke.
extension SplatAssembly {
    /// Adds a line to what a broken line began. Nil means that the line is to be looked at by itself.
    mutating func join(_ broken: Partial, text: Bytes, raw: Bytes, line: Int) -> Bool? {
        var broken = broken
        if broken.joins >= 8 || broken.foreign >= 8 || startsAnew(text) {
            giveUp(broken)
            return nil
        }
        guard continues(broken, with: text) else {
            // Foreign lines do fall between; frames and the like mean that the rest will not come.
            if FrameText.frame(text) != nil {
                giveUp(broken)
                return nil
            }
            broken.foreign += 1
            partial = broken
            return false
        }
        broken.joins += 1
        if case .site = broken.subject {
            broken.text = Self.joinedSite(broken.text, text) ?? broken.text
        } else if broken.isSentence || broken.text.last == ASCII.comma {
            broken.text += [ASCII.space] + text
        } else {
            broken.text += broken.text.isEmpty ? text : raw
        }
        finishJoin(broken, line: line)
        return true
    }

    private mutating func finishJoin(_ joined: Partial, line: Int) {
        partial = nil
        let text = joined.text[...]
        switch joined.subject {
        case .link(let index): takeLink(index, text, line: joined.line)
        case .entry(let index): takeEntryLock(index, text, line: joined.line)
        case .lock(let place): _ = takeLock(place, text, line: joined.line)
        case .site(let place): takeSite(text, of: place, line: joined.line)
        case .usage: _ = takeBlock(text, line: joined.line)
        case .summary: takeSummary(text, line: joined.line)
        case .step(let cpu): _ = takeStep(text, cpu: cpu, line: joined.line)
        case .sentence: _ = recognise(text, indentation: 0, raw: text, line: joined.line)
        }
        partial?.joins = joined.joins
    }

    /// Says that what a broken line began stays unread.
    mutating func giveUp(_ broken: Partial) {
        partial = nil
        switch broken.subject {
        case .link(let index): warn(broken.line, "link #\(index) of the chain is broken off")
        case .entry(let index): warn(broken.line, "held lock #\(index) is broken off")
        case .lock: warn(broken.line, "a lock is broken off")
        case .site where broken.text.isEmpty: break
        case .site: warn(broken.line, "where the lock was taken is not readable")
        case .usage: warn(broken.line, "the states of a lock class are broken off")
        case .summary: takeSummaryNames(broken.text[...], line: broken.line)
        case .step: warn(broken.line, "a step of the scenario is broken off")
        case .sentence: warn(broken.line, "a sentence of the report is broken off")
        }
    }

    /// Whether a line can only be the beginning of the next part of a report.
    private func startsAnew(_ text: Bytes) -> Bool {
        if text.hasPrefix("-> #") || text.hasPrefix("other info ") || text.hasPrefix("stack backtrace:") { return true }
        if text.hasPrefix("Possible unsafe") || text.hasPrefix("but task is already") { return true }
        if text.hasPrefix("which lock already") || text.hasPrefix("the existing dependency chain") { return true }
        if text.hasPrefix("Chain exists of:") || text.hasPrefix("*** DEADLOCK ***") { return true }
        return text.first == ASCII.hash && text.dropFirst().leadingNumber?.rest.first == ASCII.colon
    }

    private func continues(_ broken: Partial, with text: Bytes) -> Bool {
        let before = broken.text[...].trimmed
        switch broken.subject {
        case .site:
            return Self.joinedSite(broken.text, text) != nil
        case .summary:
            if before.isEmpty { return text.contains("-->") || !text.contains(where: ASCII.isBlank) }
            return before.hasSuffix("-->") || text.hasPrefix("-->") || text.first == ASCII.hash
        case .sentence:
            // The next line is the rest, unless it is something that a report goes on with.
            return broken.joins < 3 && FrameText.frame(text) == nil
        case .step:
            return text.hasSuffix(");") || text.first == ASCII.hash
        case .link, .entry, .lock, .usage:
            guard let first = text.first else { return false }
            if first == ASCII.close || first == ASCII.hash || first == ASCII.slash || text.contains("){") {
                return true
            }
            if first == ASCII.open { return before.isEmpty || before.allSatisfy(ASCII.isHex) }
            return before.last == ASCII.open || before.last == ASCII.comma
        }
    }

    /// The two parts of a frame put together: broken anywhere, at a blank, or as mutt does, with a `+` before the rest.
    private static func joinedSite(_ before: [UInt8], _ text: Bytes) -> [UInt8]? {
        var ways = [before + [ASCII.space] + text]
        // Only an offset is ever cut in two: two names put together would make up a third.
        if before.contains(ASCII.plus) { ways.append(before + text) }
        if let rest = text.after("+") { ways.insert(before + rest, at: 0) }
        return ways.first { FrameText.frame($0[...]) != nil }
    }
}
