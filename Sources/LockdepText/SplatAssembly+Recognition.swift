// SPDX-License-Identifier: Apache-2.0

extension SplatAssembly {
    /// Finds out what a line is and stores it; false for a line of something else.
    mutating func recognise(_ text: Bytes, indentation: Int, raw: Bytes, line: Int) -> Bool {
        if let broken = partial, let joined = join(broken, text: text, raw: raw, line: line) { return joined }
        if let taken = takeTail(text, line: line) { return taken }
        if text.hasPrefix("-> ") || text.equals("->") { return takeArrow(text, line: line) }
        if takeHeading(text, line: line) || takeInterruptHeading(text, line: line) {
            lastFrame = nil
            openSite = nil
            return true
        }
        if text.first == ASCII.hash, takeEntry(text, line: line) { return true }
        if takeExpected(text, line: line) { return true }
        if takeFrame(text, line: line) { return true }
        if takeStep(text, indentation: indentation, line: line) { return true }
        return isFurniture(text, line: line)
    }

    /// What the kernel or a mailer put on a line of its own: the `:` after a link, `, at:`, a wrapped `[module]`.
    private mutating func takeTail(_ text: Bytes, line: Int) -> Bool? {
        if text.equals(":"), !splat.chain.isEmpty { return true }
        if takeTaintTail(text) { return true }
        if let place = openSite {
            if let site = LockText.site(text) {
                openSite = nil
                takeSite(site, of: place, line: line)
                return true
            }
            if let wait = LockText.waitType(text) {
                withLock(place) { $0.waitType = wait.value }
                takeSiteIfAny(wait.rest, of: place, line: line)
                return true
            }
        }
        guard let lastFrame, text.first == ASCII.openBracket || text.last.map(ASCII.isDigit) == true else { return nil }
        var isAttached = false
        withFrame(lastFrame) { isAttached = FrameText.attach(text, to: &$0) }
        return isAttached ? true : nil
    }

    private mutating func withFrame(_ target: FrameTarget, _ change: (inout SplatFrame) -> Void) {
        switch target {
        case .link:
            if let link = splat.chain.indices.last, let last = splat.chain[link].stack.indices.last {
                change(&splat.chain[link].stack[last])
            }
        case .usage:
            if let usage = splat.usages.indices.last, let last = splat.usages[usage].stack.indices.last {
                change(&splat.usages[usage].stack[last])
            }
        case .backtrace:
            if let last = splat.backtrace.indices.last { change(&splat.backtrace[last]) }
        case .site(let place):
            withLock(place) { lock in
                if let last = lock.sites.indices.last { change(&lock.sites[last]) }
            }
        }
    }

    // MARK: Locks

    /// `-> #2 (NAME){usage}:` or `-> (NAME){usage} {`.
    private mutating func takeArrow(_ text: Bytes, line: Int) -> Bool {
        lastFrame = nil
        openSite = nil
        isListingHeld = false
        guard let numbered = text.after("-> #") else {
            return takeBlock(text.dropFirst(2), line: line)
        }
        guard let index = numbered.leadingNumber else { return false }
        trace = .none
        takeLink(index.value, index.rest, line: line)
        return true
    }

    mutating func takeLink(_ index: Int, _ text: Bytes, line: Int) {
        switch LockText.read(text) {
        case .complete(let lock, _):
            partial = nil
            guard splat.chain.count < SplatReader.Limits.links else {
                if splat.chain.count == SplatReader.Limits.links {
                    warn(line, "the chain is longer than any kernel prints")
                }
                trace = .none
                return
            }
            if let last = splat.chain.last, last.index != index + 1 {
                warn(line, "the chain goes from #\(last.index) to #\(index)")
            }
            splat.chain.append(SplatChainLink(index: index, lock: lock))
            trace = .link
        case .partial: partial = Partial(subject: .link(index), text: Array(text), line: line)
        case .none where text.trimmed.isEmpty: partial = Partial(subject: .link(index), text: [], line: line)
        case .none:
            partial = nil
            warn(line, "link #\(index) of the chain has no readable lock")
        }
    }

    /// `-> (NAME){usage} {`: the states a class was seen in.
    mutating func takeBlock(_ text: Bytes, line: Int) -> Bool {
        switch LockText.read(text) {
        case .complete(let lock, _):
            partial = nil
            blockLock = lock
            trace = .none
        case .partial: partial = Partial(subject: .usage, text: Array(text), line: line)
        case .none where text.isEmpty: partial = Partial(subject: .usage, text: [], line: line)
        case .none: return false
        }
        return true
    }

    /// `#0: addr (NAME){usage}, at: f+0x1/0x2` in the list of held locks.
    private mutating func takeEntry(_ text: Bytes, line: Int) -> Bool {
        guard isListingHeld, let index = text.dropFirst().leadingNumber, let rest = index.rest.after(":") else {
            return false
        }
        if rest.trimmed.equals("<RELEASED>") {
            heldIndices.append(index.value)
            return true
        }
        takeEntryLock(index.value, rest, line: line)
        return true
    }

    mutating func takeEntryLock(_ index: Int, _ text: Bytes, line: Int) {
        lastFrame = nil
        openSite = nil
        switch LockText.read(text) {
        case .complete(let lock, let rest):
            partial = nil
            let repeats = heldIndices.last == index && splat.heldLocks.last?.lockClass == lock.lockClass
            if !repeats {
                guard splat.heldLocks.count < SplatReader.Limits.heldLocks else { return }
                splat.heldLocks.append(lock)
                heldIndices.append(index)
            }
            takeSiteIfAny(rest, of: .entry, line: line)
        case .partial: partial = Partial(subject: .entry(index), text: Array(text), line: line)
        case .none where text.trimmed.isEmpty: partial = Partial(subject: .entry(index), text: [], line: line)
        case .none: warn(line, "held lock #\(index) has no readable lock")
        }
    }

    /// A line whose meaning the heading before it gives.
    private mutating func takeExpected(_ text: Bytes, line: Int) -> Bool {
        switch expectation {
        case .nothing: return false
        case .kernel: return takeKernel(text, line: line)
        case .wanted: return takeLock(.wanted, text, line: line)
        case .held: return takeLock(.held, text, line: line)
        case .repeated:
            if text.first == ASCII.close { return true }
            if case .none = LockText.read(text) { return false }
            return true
        case .nestLock:
            splat.detail = text.string
            expectation = .nothing
            return true
        case .releaseSite:
            guard let frame = FrameText.frame(text) else { return false }
            withLock(.wanted) { $0.sites.append(frame) }
            lastFrame = .site(.wanted)
            expectation = .nothing
            return true
        case .rcuSentence:
            return takeRCU(text, line: line)
        }
    }

    mutating func takeLock(_ place: LockPlace, _ text: Bytes, line: Int) -> Bool {
        switch LockText.read(text) {
        case .complete(let lock, let rest):
            partial = nil
            let known = place == .wanted ? splat.wanted : splat.held
            if let known, known.lockClass == lock.lockClass, known.address == lock.address {
                // A decoder repeats the line for each function inlined where the lock is taken.
            } else if known == nil {
                if place == .wanted { splat.wanted = lock } else { splat.held = lock }
            } else {
                return false
            }
            takeSiteIfAny(rest, of: place, line: line)
            return true
        case .partial:
            partial = Partial(subject: .lock(place), text: Array(text), line: line)
            return true
        case .none: return false
        }
    }

    func isAwaiting(_ place: LockPlace) -> Bool {
        switch place {
        case .wanted: splat.wanted == nil
        case .held: splat.held == nil
        case .entry: true
        }
    }

    mutating func takeSiteIfAny(_ text: Bytes, of place: LockPlace, line: Int) {
        lastFrame = nil
        openSite = place
        if let site = LockText.site(text) { takeSite(site, of: place, line: line) }
    }

    /// The frame after `, at:`, which may be on the next line or broken in the middle.
    mutating func takeSite(_ text: Bytes, of place: LockPlace, line: Int) {
        openSite = nil
        if let frame = FrameText.frame(text) {
            withLock(place) { lock in
                if lock.sites.count < SplatReader.Limits.heldLocks { lock.sites.append(frame) }
            }
            lastFrame = .site(place)
        } else {
            partial = Partial(subject: .site(place), text: Array(text), line: line)
        }
    }

    // MARK: Frames

    private mutating func takeFrame(_ text: Bytes, line: Int) -> Bool {
        if trace == .none { return false }
        if let symbol = loneSymbol {
            loneSymbol = nil
            if let frame = FrameText.frame((symbol + [ASCII.space] + text)[...]) {
                store(frame, line: line)
                return true
            }
        }
        if let pair = FrameText.callPair(text) {
            if splat.backtrace.isEmpty, trace == .backtrace { store(pair.callee, line: line) }
            store(pair.caller, line: line)
            return true
        }
        guard let frame = FrameText.frame(text) else {
            guard FrameText.isLoneSymbol(text) else { return false }
            loneSymbol = Array(text)
            return true
        }
        store(frame, line: line)
        return true
    }

    // MARK: Summary and scenario

    mutating func takeSummary(_ text: Bytes, line: Int) {
        // Three names; a `#2` of the last may still come on a line of its own.
        if splat.chainSummary.isEmpty {
            partial = Partial(subject: .summary, text: Array(text), line: line)
        }
    }

    mutating func takeSummaryNames(_ text: Bytes, line: Int) {
        var names: [SplatClass] = []
        var rest = text
        while let arrow = rest.range(of: "-->"), names.count < 3 {
            names.append(SplatClass(printedName: rest[..<arrow.lowerBound].trimmed.string))
            rest = rest[arrow.upperBound...]
        }
        names.append(SplatClass(printedName: rest.trimmed.string))
        if names.count == 3, !names.contains(where: \.printedName.isEmpty) {
            splat.chainSummary = names
        } else {
            warn(line, "the summary of the chain is not readable")
        }
    }

    private mutating func takeStep(_ text: Bytes, indentation: Int, line: Int) -> Bool {
        if text.hasPrefix("CPU0"), text.dropFirst(4).trimmed.isEmpty || text.hasSuffix(" CPU1") {
            cpu0Column = indentation
            return true
        }
        return takeStep(text, cpu: indentation > cpu0Column ? 1 : 0, line: line)
    }

    mutating func takeStep(_ text: Bytes, cpu: Int, line: Int) -> Bool {
        guard splat.scenario.count < SplatReader.Limits.heldLocks else { return false }
        if text.equals("<Interrupt>") {
            splat.scenario.append(SplatStep(cpu: cpu, action: .interrupt))
            return true
        }
        if text.equals("local_irq_disable();") {
            splat.scenario.append(SplatStep(cpu: cpu, action: .disableInterrupts))
            return true
        }
        let actions: [(SplatStep.Action, StaticString)] = [(.lock, "lock("), (.read, "rlock("), (.sync, "sync(")]
        for (action, opening) in actions {
            guard let rest = text.after(opening) else { continue }
            guard let name = rest.before(");"), !name.trimmed.isEmpty else {
                partial = Partial(subject: .step(cpu: cpu), text: Array(text), line: line)
                return true
            }
            splat.scenario.append(
                SplatStep(cpu: cpu, action: action, lockClass: SplatClass(printedName: name.trimmed.string))
            )
            return true
        }
        return false
    }
}
