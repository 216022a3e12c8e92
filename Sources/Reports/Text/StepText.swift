// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph

/// The words for one dependency in a table.
struct StepText {
    let step: Finding.Step
    /// Classes that are taken for reading somewhere in the same table: the others need no word about their mode.
    let readClasses: Set<String>

    init(_ step: Finding.Step, among steps: [Finding.Step]) {
        self.step = step
        var read: Set<String> = []
        for other in steps {
            if other.fromMode != .write { read.insert(other.from) }
            if other.toMode != .write { read.insert(other.to) }
        }
        readClasses = read
    }

    var from: String { name(step.from, step.fromMode) }

    var to: String { name(step.to, step.toMode) + (step.isMay ? "  MAY" : "") }

    private func name(_ lockClass: String, _ mode: LockMode) -> String {
        switch mode {
        case .read: "\(lockClass.visible) (R)"
        case .recursive: "\(lockClass.visible) (RR)"
        case .write: readClasses.contains(lockClass) ? "\(lockClass.visible) (W)" : lockClass.visible
        }
    }

    /// `comm/pid`, or what of it is known.
    var task: String { Self.task(comm: step.comm, pid: step.pid, task: step.task) }

    static func task(comm: String, pid: UInt32, task: UInt64) -> String {
        let number = pid != 0 ? String(pid) : task != 0 ? String(task) : ""
        if comm.isEmpty { return number.isEmpty ? "" : "task \(number)" }
        return number.isEmpty ? comm.visible : "\(comm.visible)/\(number)"
    }

    /// The functions that took the new lock, innermost first.
    private var functions: [String] { CallSite.functions(site: step.site, stack: step.stack) }

    /// The function that took the new lock.
    var site: String { functions.first?.visible ?? "" }

    /// The function that took the new lock, and who called it.
    var siteAndCaller: String {
        let functions = functions
        guard let site = functions.first else { return "" }
        guard let caller = functions.first(where: { $0 != site }) else { return site.visible }
        return "\(site.visible) < \(caller.visible)"
    }

    var count: String { "x\(step.count)" }

    var novelty: String {
        switch step.isNew {
        case true: "NEW"
        case false: "in baseline"
        case nil: ""
        }
    }

    /// How many functions make it, in words.
    var sites: String {
        switch step.siteCount {
        case 0: "call sites unknown"
        case 1: "one call site"
        default: "\(step.siteCount) call sites"
        }
    }
}

/// Time since the source's clock began, as the kernel log prints it, to the millisecond.
func secondsText(_ nanoseconds: UInt64) -> String {
    let milliseconds = String(nanoseconds / 1_000_000 % 1000)
    let fraction = String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    return "\(nanoseconds / 1_000_000_000).\(fraction)"
}

/// `1 cycle`, `2 cycles`.
func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
}
