// SPDX-License-Identifier: Apache-2.0

/// Prints a report in lockdep's own layout, so that people and scripts that read splats can read it.
///
/// The layout is that of 6.12 (kernel/locking/lockdep.c, `print_circular_bug`, `print_deadlock_bug`). Parts that the
/// report lacks are left out, so that ``SplatReader`` reads the same report back, line numbers aside.
public struct SplatWriter {
    /// The text so far, one line each.
    private var lines: [String] = []

    /// The text of a circular or recursive report, ending in a line end; nil for the other kinds.
    public static func text(_ splat: Splat) -> String? {
        var writer = SplatWriter()
        switch splat.kind {
        case .circular: writer.writeCircular(splat)
        case .recursive: writer.writeRecursive(splat)
        default: return nil
        }
        return writer.lines.map { $0 + "\n" }.joined()
    }

    private mutating func writeCircular(_ splat: Splat) {
        let rule = "======================================================"
        writeBanner("WARNING: possible circular locking dependency detected", rule, splat)
        writeWanted(splat)
        if splat.wanted != nil || splat.held != nil {
            write("", "which lock already depends on the new lock.", "")
        }
        if !splat.chain.isEmpty {
            write("", "the existing dependency chain (in reverse order) is:")
            for link in splat.chain {
                write("", "-> #\(link.index)\(Self.name(link.lock)):")
                lines += link.stack.map { "       " + Self.frame($0) }
            }
        }
        write("", "other info that might help us debug this:", "")
        if !splat.chainSummary.isEmpty {
            write("Chain exists of:", "  " + splat.chainSummary.map(\.printedName).joined(separator: " --> "), "")
        }
        writeScenario(splat, heads: ["       CPU0                    CPU1", "       ----                    ----"])
        writeHeldLocks(splat)
        writeBacktrace(splat)
    }

    private mutating func writeRecursive(_ splat: Splat) {
        let rule = "============================================"
        writeBanner("WARNING: possible recursive locking detected", rule, splat)
        writeWanted(splat)
        write("", "other info that might help us debug this:")
        writeScenario(splat, heads: ["       CPU0", "       ----"])
        if !splat.scenario.isEmpty { write(" May be due to missing lock nesting notation", "") }
        writeHeldLocks(splat)
        writeBacktrace(splat)
    }

    private mutating func write(_ text: String...) { lines += text }

    private mutating func writeBanner(_ banner: String, _ rule: String, _ splat: Splat) {
        guard !splat.missing.contains(.banner) else { return }
        write("", rule, banner)
        if let build = splat.build {
            let words = [splat.kernel ?? "unknown", build, splat.taint].compactMap(\.self)
            write(words.joined(separator: " "))
        }
        write(String(repeating: "-", count: rule.utf8.count))
    }

    private mutating func writeWanted(_ splat: Splat) {
        if let wanted = splat.wanted {
            write("\(splat.task.map(Self.name) ?? "unknown") is trying to acquire lock:")
            lines += Self.taken(wanted, prefix: "")
        }
        if let held = splat.held {
            write("", "but task is already holding lock:")
            lines += Self.taken(held, prefix: "")
        }
    }

    private mutating func writeScenario(_ splat: Splat, heads: [String]) {
        guard !splat.scenario.isEmpty else { return }
        write(" Possible unsafe locking scenario:", "")
        lines += heads
        for step in splat.scenario {
            let indentation = String(repeating: " ", count: step.cpu == 0 ? 2 : 31)
            switch step.action {
            case .interrupt: write(indentation + "<Interrupt>")
            case .disableInterrupts: write(indentation + "local_irq_disable();")
            case .lock, .read, .sync:
                write("\(indentation)\(step.action.rawValue)(\(step.lockClass?.printedName ?? ""));")
            }
        }
        write("", " *** DEADLOCK ***", "")
    }

    private mutating func writeHeldLocks(_ splat: Splat) {
        guard let count = splat.heldCount else { return }
        let task = splat.task.map(Self.name) ?? "unknown"
        if count == 0 {
            write("no locks held by \(task).")
            return
        }
        write("\(count) lock\(count == 1 ? "" : "s") held by \(task):")
        var index = 0
        for lock in splat.heldLocks {
            while splat.missing.contains(where: { $0.isHeldEntry(index) }) { index += 1 }
            lines += Self.taken(lock, prefix: " #\(index): ")
            index += 1
        }
    }

    private mutating func writeBacktrace(_ splat: Splat) {
        guard !splat.backtrace.isEmpty else { return }
        write("", "stack backtrace:", "Call Trace:", " <TASK>")
        // The mark of an unreliable frame stands where a blank would.
        lines += splat.backtrace.map { ($0.isReliable ? "  " : " ") + Self.frame($0) }
        write(" </TASK>")
    }

    /// `%pS`, which has an offset whatever is known.
    private static func frame(_ frame: SplatFrame) -> String {
        let isBare = frame.offset == nil && frame.location == nil && !frame.isInline && !frame.function.hasPrefix("0x")
        guard isBare else { return frame.description }
        var named = frame
        (named.offset, named.size) = (0, 0)
        return named.description
    }

    private static func name(_ task: SplatTask) -> String { "\(task.comm)/\(task.pid)" }

    /// ` (NAME){usage}-{o:i}`, as `print_lock_name` has it.
    private static func name(_ lock: SplatLock) -> String {
        let wait = lock.waitType.map { "-{\($0.outer):\($0.inner)}" } ?? ""
        return " (\(lock.lockClass.printedName)){\(lock.usage)}\(wait)"
    }

    /// `print_lock`, once for each function a decoder found inlined where the lock was taken.
    private static func taken(_ lock: SplatLock, prefix: String) -> [String] {
        let text = prefix + (lock.address ?? "") + name(lock)
        return lock.sites.isEmpty ? [text] : lock.sites.map { "\(text), at: \(frame($0))" }
    }
}

extension SplatGap {
    fileprivate func isHeldEntry(_ index: Int) -> Bool {
        if case .heldEntries(let range) = self { return range.contains(index) }
        return false
    }
}
