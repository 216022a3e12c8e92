// SPDX-License-Identifier: Apache-2.0

extension SplatAssembly {
    /// The sentences that all kinds share.
    mutating func takeHeading(_ text: Bytes, line: Int) -> Bool {
        if text.hasSuffix(" is trying to") || text.hasPrefix("... which became ") && !text.hasSuffix("at:") {
            partial = Partial(subject: .sentence, text: Array(text), line: line)
            return true
        }
        if takeTaskHeading(text) { return true }
        if text.hasPrefix("but task is already holding") || text.hasPrefix("and this task is already holding") {
            expect(.held)
        } else if text.hasPrefix("which lock already depends on") {
            expect(.nothing)
        } else if text.hasPrefix("the existing dependency chain") {
            expect(.nothing)
        } else if text.hasPrefix("other info that might help") {
            expect(.nothing)
        } else if text.hasPrefix("Chain exists of:") {
            expect(.nothing)
            partial = Partial(subject: .summary, text: [], line: line)
        } else if text.hasPrefix("Possible unsafe locking scenario")
            || text.hasPrefix("Possible interrupt unsafe locking scenario")
        {
            expect(.nothing)
        } else if text.hasPrefix("*** DEADLOCK ***") {
            expect(.nothing)
        } else if text.hasPrefix("May be due to missing lock nesting") {
            if !hasBanner { splat.kind = .recursive }
            expect(.nothing)
        } else if text.hasPrefix("stack backtrace:") {
            expect(.nothing)
            trace = .backtrace
            splat.backtrace = []
        } else if text.hasPrefix("and the lock comparison function returns") {
            return true
        } else {
            return takeHeldHeading(text)
        }
        return true
    }

    /// The sentences that begin with a task.
    private mutating func takeTaskHeading(_ text: Bytes) -> Bool {
        if let release = text.range(of: " is trying to release lock ("), let name = text.before(") at:") {
            setTask(text[..<release.lowerBound])
            let printed = text[release.upperBound..<max(release.upperBound, name.endIndex)]
            splat.wanted = SplatLock(lockClass: SplatClass(printedName: printed.string))
            expect(.releaseSite)
            return true
        }
        if let freeing = text.range(of: " is freeing memory") {
            setTask(text[..<freeing.lowerBound])
            expect(.wanted)
            return true
        }
        if let leaving = text.range(of: " is leaving the kernel with locks still held") {
            setTask(text[..<leaving.lowerBound])
            expect(.nothing)
            return true
        }
        // `lock:` may be wrapped away.
        let wants: [StaticString] = [
            " is trying to acquire", " is trying to lock", " just changed the state of lock",
        ]
        for sentence in wants {
            guard let range = text.range(of: sentence) else { continue }
            let rest = text[range.upperBound...].trimmed
            guard rest.isEmpty || rest.equals(":") || rest.equals("lock:") || rest.equals("lock") else { continue }
            setTask(text[..<range.lowerBound])
            expect(.wanted)
            return true
        }
        if let takes = text.before(" takes:") {
            setTask(takes)
            expect(.wanted)
            return true
        }
        return false
    }

    private mutating func setTask(_ text: Bytes) {
        if let task = TaskText.task(text) { splat.task = task }
    }

    /// `2 locks held by COMM/PID:`, `no locks held by COMM/PID.`
    private mutating func takeHeldHeading(_ text: Bytes) -> Bool {
        if let task = text.after("no locks held by ") {
            setHeld(0, task.before(".") ?? task)
            return true
        }
        guard let count = text.leadingNumber,
            let task = count.rest.after(" locks held by ") ?? count.rest.after(" lock held by ")
        else { return false }
        setHeld(count.value, task.before(":") ?? task)
        return true
    }

    private mutating func setHeld(_ count: Int, _ task: Bytes) {
        expect(.nothing)
        // Printing all tasks' locks, as the hung task detector does, is not part of a report.
        guard splat.heldCount == nil else { return }
        splat.heldCount = count
        isListingHeld = true
        if splat.task == nil { setTask(task) }
    }

    /// The sentences of the single kinds.
    mutating func takeInterruptHeading(_ text: Bytes, line: Int) -> Bool {
        if takeUsageHeading(text) { return true }
        if text.hasPrefix("inconsistent {") {
            guard let end = text.range(of: " usage") else {
                partial = Partial(subject: .sentence, text: Array(text), line: line)
                return true
            }
            splat.detail = text[(text.startIndex + 13)..<end.lowerBound].string
        } else if text.hasPrefix("but this lock took another,") || text.hasPrefix("but this lock was taken by another,")
        {
            splat.detail = (text.range(of: " lock in").map { text[..<($0.lowerBound + 5)] } ?? text).string
            expect(.held)
        } else if text.hasPrefix("and interrupts could create inverse lock ordering") {
            expect(.nothing)
        } else if text.hasPrefix("which would create a new lock dependency") {
            expect(.repeated)
        } else if text.hasPrefix("but this new dependency connects a") || isUnsafeHeading(text) {
            expect(.repeated)
        } else if text.hasPrefix("the shortest dependencies between")
            || text.hasPrefix("the dependencies between") || text.hasPrefix("and ") && text.hasSuffix("-unsafe lock:")
        {
            expect(.nothing)
        } else if text.hasPrefix("but there are no more locks to release") {
            expect(.nothing)
        } else if text.hasPrefix("but this task is not holding") {
            expect(.nestLock)
        } else if text.hasPrefix("context-{"), splat.kind == .waitContext {
            splat.detail = text.string
        } else if text.hasPrefix("rcu_scheduler_active = ") || text.hasPrefix("RCU used illegally from") {
            expect(.nothing)
        } else if text.hasPrefix("irq event stamp:") || text.hasPrefix("hardirqs last")
            || text.hasPrefix("softirqs last")
        {
            trace = .none
        } else {
            return false
        }
        return true
    }

    private func isUnsafeHeading(_ text: Bytes) -> Bool {
        text.hasPrefix("to a") && text.hasSuffix("-unsafe lock:")
    }

    /// `{SOFTIRQ-ON-W} state was registered at:`, `... which became HARDIRQ-irq-safe at:`, `IN-HARDIRQ-W at:`,
    /// `... acquired at:`, and the lines round them.
    private mutating func takeUsageHeading(_ text: Bytes) -> Bool {
        if text.equals("}") {
            trace = .none
            return true
        }
        if text.hasPrefix("... key ") {
            trace = .none
            return true
        }
        if text.hasPrefix("... acquired at:") {
            addUsage(blockLock, state: "acquired")
            return true
        }
        if let state = text.after("{"), let end = state.range(of: "} state was registered at:") {
            addUsage(splat.wanted, state: state[..<end.lowerBound].string)
            return true
        }
        if let state = text.after("... which became ")?.before(" at:") {
            addUsage(state.contains("-unsafe") ? splat.wanted : splat.held, state: state.string)
            return true
        }
        if blockLock != nil, let state = text.before(" at:")?.trimmed, Self.isUsageState(state) {
            addUsage(blockLock, state: state.string)
            return true
        }
        return false
    }

    /// `IN-HARDIRQ-W`, `INITIAL READ USE`, and before 3.x `in-hardirq-W`, `initial-use`.
    private static func isUsageState(_ text: Bytes) -> Bool {
        text.count <= 32 && text.allSatisfy { ASCII.isLetter($0) || $0 == ASCII.minus || $0 == ASCII.space }
    }

    private mutating func addUsage(_ lock: SplatLock?, state: String) {
        expectation = .nothing
        guard var lock, splat.usages.count < SplatReader.Limits.usages else {
            trace = .none
            return
        }
        lock.address = nil
        lock.sites = []
        splat.usages.append(SplatUsage(lock: lock, state: state))
        trace = .usage
    }

    mutating func expect(_ next: Expectation) {
        expectation = next
        trace = .none
    }

    /// `6.12.0-08446-g228a1157fb9f #5 Not tainted`.
    mutating func takeKernel(_ text: Bytes, line: Int) -> Bool {
        let release = text.prefix { $0 != ASCII.space }
        let after = text.dropFirst(release.count).trimmed
        let build = after.prefix { $0 != ASCII.space }
        guard build.count >= 2, build.first == ASCII.hash else {
            return splat.kind == .suspiciousRCU && takeRCU(text, line: line)
        }
        if isRelease(release) { splat.kernel = release.string }
        splat.build = build.string
        splat.taint = Self.words(after.dropFirst(build.count))
        isAfterKernel = true
        expectation = splat.kind == .suspiciousRCU ? .rcuSentence : .nothing
        return true
    }

    /// `tainted`, or flags, which a mailer wrapped off the line before.
    mutating func takeTaintTail(_ text: Bytes) -> Bool {
        defer { isAfterKernel = false }
        guard isAfterKernel, let taint = splat.taint else { return false }
        let flags = text.allSatisfy { $0 >= 0x41 && $0 <= 0x5A || $0 == ASCII.space }
        guard taint == "Not" && text.equals("tainted") || taint.hasPrefix("Tainted:") && flags else { return false }
        splat.taint = Self.words((Array((taint + " ").utf8) + text)[...])
        return true
    }

    /// The text with single blanks: the kernel pads taint flags to columns.
    private static func words(_ text: Bytes) -> String? {
        let words = text.split(whereSeparator: ASCII.isBlank)
        return words.isEmpty ? nil : words.map(\.string).joined(separator: " ")
    }

    /// `include/linux/radix-tree.h:238 suspicious rcu_dereference_check() usage!`; some kernels print none before it.
    mutating func takeRCU(_ text: Bytes, line: Int) -> Bool {
        guard text.contains(ASCII.colon), text.prefix(while: { $0 != ASCII.space }).contains(ASCII.dot) else {
            return false
        }
        guard let sentence = text.before("!") else {
            partial = Partial(subject: .sentence, text: Array(text), line: line)
            return true
        }
        splat.detail = sentence.string
        expectation = .nothing
        return true
    }

    private func isRelease(_ word: Bytes) -> Bool {
        word.first.map(ASCII.isDigit) == true && word.contains(ASCII.dot)
    }

    /// Lines that belong to a report and say nothing that it does not say elsewhere: rules, registers, stack marks.
    mutating func isFurniture(_ text: Bytes, line: Int) -> Bool {
        if text.hasPrefix("Lost ") && text.contains(" message") || text.contains(" printk messages dropped") {
            warn(line, "the kernel says that it lost messages here")
            return true
        }
        let rule = text.first == UInt8(ascii: "=") || text.first == ASCII.minus
        if rule, text.allSatisfy({ $0 == text.first || $0 == ASCII.space }) { return true }
        if text.equals("...") { return true }
        guard trace == .backtrace else { return false }
        if text.equals("</TASK>") {
            // The report about nest locks has a second half after its first backtrace.
            isBacktraceClosed = splat.kind != .nestLockNotTaken || splat.heldCount != nil
            return true
        }
        if text.hasPrefix("CPU: ") || text.hasPrefix("Pid: ") {
            takeDumpLine(text)
            return true
        }
        if text.hasPrefix("(inlined by)") || FrameText.isDecoderLine(text) { return true }
        return Self.dumpLines.contains { text.hasPrefix($0) } || isRegisters(text)
    }

    private static let dumpLines: [StaticString] = [
        "Call Trace:", "Call trace:", "Backtrace:", "<", "Hardware name:", "Tainted: ", "Workqueue:", "RIP:", "Code:",
        "RSP:",
        "EFLAGS:", "EIP:", "RAX:", "RDX:", "RBP:", "R10:", "R13:", "EAX:", "ESI:", "DS:", "Exception stack(",
        "Sending NMI",
    ]

    /// `r7:00000080 r6:60000093` of an ARM backtrace.
    private func isRegisters(_ text: Bytes) -> Bool {
        guard let number = text.after("r")?.leadingNumber, number.rest.first == ASCII.colon else { return false }
        return text.allSatisfy { ASCII.isHex($0) || $0 == ASCII.colon || $0 == ASCII.space || $0 == UInt8(ascii: "r") }
    }

    /// The dump's own header names task and kernel once more: `CPU: 1 PID: 594 Comm: bash Not tainted 5.16.0-rc4+ #13`.
    private mutating func takeDumpLine(_ text: Bytes) {
        if splat.task == nil, let pid = text.range(of: "PID: ") ?? text.range(of: "Pid: "),
            let number = text[pid.upperBound...].leadingNumber,
            let comm = text.range(of: "Comm: ") ?? text.range(of: "comm: ")
        {
            splat.task = SplatTask(
                comm: text[comm.upperBound...].prefix { $0 != ASCII.space }.string,
                pid: number.value
            )
        }
        guard splat.kernel == nil else { return }
        var previous = text[text.startIndex..<text.startIndex]
        for word in text.split(separator: ASCII.space) {
            if word.first == ASCII.hash, word.dropFirst().first.map(ASCII.isDigit) == true, isRelease(previous) {
                splat.kernel = previous.string
                splat.build = word.string
            }
            previous = word
        }
    }
}
