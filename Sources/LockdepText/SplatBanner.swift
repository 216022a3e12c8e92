// SPDX-License-Identifier: Apache-2.0

/// The line that names the kind of a report, as printed since 2.6.18.
struct SplatBanner {
    var kind: Splat.Kind
    /// Only `still has locks held!` names the task in the banner.
    var task: SplatTask?
    /// The two states of the irq-safe, irq-unsafe kind, which its banner alone tells.
    var detail: String?

    /// Reads `WARNING: <sentence>`, `[ INFO: <sentence> ]` or `[ BUG: <sentence> ]`; nil for every other line.
    init?(_ text: Bytes) {
        var body = text.trimmed
        if let inside = body.after("[ ") {
            body = (inside.before(" ]") ?? inside).trimmed
        }
        guard let sentence = body.after("WARNING: ") ?? body.after("INFO: ") ?? body.after("BUG: ") else { return nil }
        for (kind, opening) in Self.sentences {
            // Mailers wrap the last word away, hence the empty rest; anything else is a title that quotes the banner.
            if let rest = sentence.after(opening), Self.endings.contains(where: { rest.trimmed.equals($0) }) {
                self.kind = kind
                return
            }
        }
        if let task = sentence.before(" still has locks held!") ?? sentence.before(", lock held at task exit time!") {
            kind = .stillHeld
            self.task = TaskText.task(task)
        } else if let arrow = sentence.range(of: "-safe -> "), let order = sentence.range(of: "-unsafe lock"),
            arrow.upperBound < order.lowerBound
        {
            kind = .irqOrder
            detail = sentence[..<(order.lowerBound + 7)].string
        } else {
            return nil
        }
    }

    private static let sentences: [(Splat.Kind, StaticString)] = [
        (.circular, "possible circular locking dependency"),
        (.recursive, "possible recursive locking"),
        (.unlockBalance, "bad unlock balance"),
        (.inconsistentState, "inconsistent lock state"),
        (.irqInversion, "possible irq lock inversion dependency"),
        (.returnToUser, "lock held when returning to user space"),
        (.stillHeld, "lock held at task exit time"),
        (.heldLockFreed, "held lock freed"),
        (.nestLockNotTaken, "Nested lock was not taken"),
        (.nestLockNotTaken, "nested lock was not taken"),
        (.waitContext, "Invalid wait context"),
        (.waitContext, "invalid wait context"),
        (.suspiciousRCU, "suspicious RCU usage"),
        (.suspiciousRCU, "suspicious rcu_dereference_check() usage"),
    ]

    private static let endings: [StaticString] = ["", "detected", "detected!", "!", "."]
}

/// Reading a printed task.
enum TaskText {
    /// `kworker/0:2/1391`, possibly followed by the interrupt state `[HC0[0]:SC0[0]:HE1:SE1]`.
    static func task(_ text: Bytes) -> SplatTask? {
        var text = text.trimmed
        if let state = text.range(of: " [HC") { text = text[..<state.lowerBound].trimmed }
        guard let slash = text.lastIndex(of: ASCII.slash), slash > text.startIndex,
            let pid = text[(slash + 1)...].leadingNumber, pid.rest.isEmpty
        else { return nil }
        return SplatTask(comm: text[..<slash].string, pid: pid.value)
    }
}
