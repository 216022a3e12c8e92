// SPDX-License-Identifier: Apache-2.0

extension SplatAssembly {
    /// Ends the report: nil if nothing but a heading of it is there.
    mutating func finish() -> Splat? {
        if let broken = partial { giveUp(broken) }
        if !hasBanner, splat.kind == .circular, splat.chain.isEmpty, let wanted = splat.wanted,
            wanted.lockClass == splat.held?.lockClass
        {
            splat.kind = .recursive
        }
        guard hasContent else {
            warn(splat.lines.lowerBound, "a report of \(splat.kind.rawValue) with nothing readable after it, skipped")
            return nil
        }
        if let columns = scenarioColumns() {
            for index in splat.scenario.indices { splat.scenario[index].cpu = columns[index] }
        }
        splat.missing = gaps()
        return splat
    }

    /// The scenario's columns by its kind, which holds where indentation was lost; nil for one that is not whole.
    private func scenarioColumns() -> [Int]? {
        switch splat.kind {
        case .circular: return splat.scenario.count == 4 ? [0, 1, 1, 0] : nil
        case .recursive, .inconsistentState: return splat.scenario.map { _ in 0 }
        default:
            return splat.scenario.map(\.action) == [.lock, .disableInterrupts, .lock, .lock, .interrupt, .lock]
                ? [0, 1, 1, 1, 0, 0] : nil
        }
    }

    private var hasContent: Bool {
        if splat.wanted != nil || splat.held != nil || !splat.chain.isEmpty { return true }
        return splat.heldCount != nil || splat.detail != nil && splat.kind == .suspiciousRCU
    }

    private func gaps() -> [SplatGap] {
        var gaps: [SplatGap] = []
        if !hasBanner { gaps.append(.banner) }
        // Some kernels print a name in place of a version; the line is there then.
        if splat.kernel == nil && splat.build == nil && printsKernel { gaps.append(.kernel) }
        if splat.task == nil && splat.kind != .suspiciousRCU { gaps.append(.task) }
        if splat.wanted == nil && namesWanted { gaps.append(.wantedLock) }
        if splat.held == nil && namesHeld { gaps.append(.heldLock) }
        if splat.kind == .circular { gaps += chainGaps() }
        if splat.scenario.isEmpty && printsScenario { gaps.append(.scenario) }
        gaps += heldGaps()
        if splat.backtrace.isEmpty && splat.kind != .returnToUser { gaps.append(.backtrace) }
        return gaps
    }

    private var printsKernel: Bool { splat.kind != .suspiciousRCU || hasBanner }

    private var namesWanted: Bool {
        switch splat.kind {
        case .returnToUser, .stillHeld, .suspiciousRCU: false
        default: true
        }
    }

    private var namesHeld: Bool {
        switch splat.kind {
        case .circular, .recursive, .irqInversion, .irqOrder: true
        default: false
        }
    }

    /// Scenarios came with 3.0.
    private var printsScenario: Bool {
        if let kernel = splat.kernel, kernel.hasPrefix("2.") { return false }
        switch splat.kind {
        case .circular, .recursive, .inconsistentState, .irqInversion, .irqOrder: return true
        default: return false
        }
    }

    private func chainGaps() -> [SplatGap] {
        guard let last = splat.chain.last else { return [.chain] }
        var gaps: [SplatGap] = []
        var above: Int?
        for link in splat.chain {
            if let above, link.index < above - 1 { gaps.append(.links(link.index + 1...above - 1)) }
            if link.stack.isEmpty { gaps.append(.stack(of: link.index)) }
            above = link.index
        }
        if last.index > 0 { gaps.append(.links(0...last.index - 1)) }
        return gaps
    }

    private func heldGaps() -> [SplatGap] {
        guard let count = splat.heldCount else { return [.heldLocks] }
        var gaps: [SplatGap] = []
        let seen = Set(heldIndices)
        let absent = (0..<min(count, SplatReader.Limits.heldLocks)).filter { !seen.contains($0) }
        for index in absent {
            if case .heldEntries(let range) = gaps.last, range.upperBound == index - 1 {
                gaps[gaps.count - 1] = .heldEntries(range.lowerBound...index)
            } else {
                gaps.append(.heldEntries(index...index))
            }
        }
        for (place, lock) in splat.heldLocks.enumerated() where lock.sites.isEmpty && place < heldIndices.count {
            gaps.append(.site(ofHeld: heldIndices[place]))
        }
        return gaps
    }
}
