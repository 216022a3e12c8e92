// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LiveTracing
import Reports

/// What `doctor` finds out.
struct Diagnosis: Sendable {
    let kernel: KernelState
    var hooks: [HookState] = []
    /// Why the kernel cannot be watched; nil where it can.
    var obstacle: String?

    private let announcedTests = KernelState.announcedTests

    /// The source that is examined.
    let source: EventSource

    /// Releases that nobody was seen to take, by the function that made them: an acquisition is inlined, or not hooked.
    var unmatched: [String: Int] = [:]

    /// How long the kernel is watched for such releases, in seconds.
    private static let seconds = 2

    /// Attaches everything once, and listens for a moment.
    init(_ source: EventSource, attach: AttachKind, on running: RunningKernel) {
        self.source = source
        kernel = running.state
        if let refusal = kernel.obstacle {
            obstacle = refusal
            return
        }
        do throws(ProbeError) {
            var options = LiveSession.Options()
            options.source = source
            options.attach = attach
            var session = try LiveSession(options, on: running)
            hooks = session.hooks
            unmatched = Self.watch(&session)
        } catch {
            obstacle = error.description
        }
    }

    private static func watch(_ session: inout LiveSession) -> [String: Int] {
        var sink = DiscardingSink()
        session.start()
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end, !StopRequest.isMade { session.pump(into: &sink, waitingAtMost: 50) }
        session.stop()
        while session.pump(into: &sink, waitingAtMost: 0) > 0 {}
        return session.summary.unknownReleases
    }

    var canWatch: Bool { obstacle == nil }

    var blindness: [Blindness] {
        if !canWatch { return [] }
        return source == .lockdep ? Blindness.ofLockdep(hooks: hooks) : Blindness.ofFunctions(hooks: hooks, on: kernel)
    }

    /// What is left through perf, in one line.
    var perf: String {
        switch PerfSession.tellsOrder {
        case true?: "lock_acquire and lock_release: lock order without subclasses, nest locks and kinds of readers"
        case false?:
            "lock:contention_begin only: that a task waits, not what it holds; no lock order can be told from it"
        case nil: "no lock tracepoints"
        }
    }

    /// Who tells which test runs, in one line.
    private var tests: String {
        switch announcedTests {
        case .exact: "told by the kernel's log"
        case .late: "told by the kernel's log, from when it is read on: perf is refused, and with it the log's clock"
        case .none: "not told: /dev/kmsg cannot be read; name the test that runs with --test"
        }
    }

    /// The report for a person.
    var text: String {
        var lines = [
            "Kernel      \(kernel.release) \(kernel.machine)",
            "            \(kernel.version)",
            "Preemption  \(kernel.preemption.isEmpty ? "not told" : kernel.preemption)",
            "BTF         \(kernel.hasTypes ? "yes" : "no")",
            "Lockdown    \(kernel.lockdown.isEmpty ? "none" : kernel.lockdown)",
            "lockdep     \(kernel.lockdep.rawValue)",
            "Tracing     \(kernel.refusal.map { "refused: \($0.description)" } ?? "allowed")",
            "perf        \(perf)",
            "Tests       \(tests)",
            "Source      \(source.rawValue)",
        ]
        if let obstacle {
            lines += ["", "This kernel cannot be watched: \(obstacle)", remains]
        } else {
            lines.append("")
            lines += hooks.map { Self.line(of: $0) }
            lines += ["", "Unseen on this kernel:"]
            lines += blindness.map { "  \($0.what):\n      \($0.why)" }
            lines += ["", inlining]
            lines += ["", "This kernel can be watched: \(hooks.filter(\.attachment.isAttached).count) hooks attached."]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var inlining: String {
        let list = unmatched.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) times" }
        let found = list.isEmpty ? "none" : list.joined(separator: ", ")
        return "Releases nobody was seen to take, in \(Self.seconds) s: \(found)"
            + (list.isEmpty ? "" : "\n    Something takes these locks that is inlined or not hooked; file it as a bug.")
    }

    /// What livedep can do where tracing is refused.
    private var remains: String {
        let order = PerfSession.tellsOrder == true ? "With less: livedep watch --source perf.\n" : ""
        return order
            + "Without it: livedep replay, import, report, diff, path, cut and merge work on files from other machines."
    }

    private static func line(of hook: HookState) -> String {
        let name = hook.function.padding(to: 34)
        switch hook.attachment {
        case .absent: return "  \(name) - (not in this kernel)"
        case .untraceable: return "  \(name) - (built without ftrace, and kprobes are not allowed there)"
        case .refused: return "  \(name) refused (errno \(hook.error))"
        default: return "  \(name) \(hook.attachment.rawValue)"
        }
    }

    /// The report for a program: one object.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("record", "doctor")
        json.field("kernel", kernel.release)
        json.field("version", kernel.version)
        json.field("machine", kernel.machine)
        json.field("preemption", kernel.preemption)
        json.field("btf", kernel.hasTypes)
        json.field("lockdown", kernel.lockdown)
        json.field("lockdep", kernel.lockdep.rawValue)
        json.field("root", kernel.isRoot)
        json.field("tracing", kernel.refusal?.description ?? "allowed")
        json.field("perf", perf)
        json.field("tests", announcedTests.rawValue)
        json.field("source", source.rawValue)
        json.field("watch", canWatch)
        if let obstacle { json.field("obstacle", obstacle) }
        json.key("hooks")
        json.beginArray()
        for hook in hooks {
            json.beginObject()
            json.field("function", hook.function)
            json.field("attachment", hook.attachment.rawValue)
            if hook.error != 0 { json.field("errno", Int(hook.error)) }
            json.endObject()
        }
        json.endArray()
        json.key("unmatchedReleases")
        json.beginObject()
        for (function, count) in unmatched.sorted(by: { $0.key < $1.key }) { json.field(function, count) }
        json.endObject()
        json.key("unseen")
        json.beginArray()
        for gap in blindness {
            json.beginObject()
            json.field("what", gap.what)
            json.field("why", gap.why)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        json.endLine()
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
