// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import FoundationEssentials
internal import Glibc
internal import LockNaming

/// What the running kernel says of itself, as far as it decides what livedep can see.
public struct KernelState: Sendable {
    /// `uname -r`.
    public var release: String
    /// `uname -v`: names the preemption model.
    public var version: String
    /// `uname -m`.
    public var machine: String
    /// How tasks are preempted: `none`, `voluntary`, `full`, `lazy`, `rt`, or empty where it is not told.
    public var preemption: String
    /// `none`, `integrity` or `confidentiality`; empty where the kernel has no lockdown.
    public var lockdown: String
    /// Whether the kernel describes its types (BTF).
    public var hasTypes: Bool
    /// Whether this process runs as root.
    public var isRoot: Bool
    /// What lockdep is doing.
    public var lockdep: Lockdep
    /// Why BPF tracing programs are refused; nil where they are allowed.
    public var refusal: ProbeError?

    /// lockdep's own state.
    public enum Lockdep: String, Sendable {
        /// The kernel was built without it.
        case absent
        /// It is on.
        case active
        /// It found something, or ran out of room, and turned itself off.
        case off
    }

    /// How page faults lock a single mapping; nil where they do not.
    let mappingLock: MappingLock?

    /// What page faults lock of a single mapping (mm/memory.c, lock_vma_under_rcu()).
    enum MappingLock {
        case semaphore, count
    }

    /// Asks the running kernel.
    init(types: borrowing KernelTypes?) {
        release = KernelFile.text(at: "/proc/sys/kernel/osrelease") ?? "unknown"
        version = KernelFile.text(at: "/proc/sys/kernel/version") ?? ""
        machine = KernelFile.text(at: "/proc/sys/kernel/arch") ?? Self.builtFor
        preemption = Self.currentPreemption
        lockdown = Self.chosen(KernelFile.text(at: "/sys/kernel/security/lockdown") ?? "", open: "[", close: "]")
        hasTypes = FileManager.default.fileExists(atPath: "/sys/kernel/btf/vmlinux")
        isRoot = geteuid() == 0
        lockdep = Self.lockdep(statistics: KernelFile.text(at: "/proc/lockdep_stats"))
        switch types {
        case .some(let types):
            do throws(ProbeError) {
                try checked { kp_tracing_allowed(types.handle, &$0) }
                refusal = nil
            } catch {
                refusal = error
            }
            mappingLock = Self.mappingLock(types)
        case .none:
            refusal = .withoutTypes
            mappingLock = nil
        }
    }

    private static func mappingLock(_ types: borrowing KernelTypes) -> MappingLock? {
        if types.offset(of: "vm_refcnt", in: "vm_area_struct") != nil { return .count }
        return types.offset(of: "vm_lock", in: "vm_area_struct") == nil ? nil : .semaphore
    }

    /// Why this kernel cannot be traced by this process and what to do, in one line; nil where nothing is in the way.
    public var obstacle: String? {
        if !isRoot { return "not root: run as root (CAP_BPF, CAP_PERFMON and CAP_SYSLOG are needed)" }
        if !hasTypes {
            return ProbeError.withoutTypes.description
        }
        guard let refusal else { return nil }
        let lockdown = lockdown.isEmpty || lockdown == "none" ? "" : " (lockdown is '\(lockdown)')"
        return "the kernel refuses BPF tracing programs: \(refusal.description)\(lockdown); "
            + "watch on the machine itself rather than in a sandbox, or boot a kernel in a guest with scripts/vm"
    }

    private static var builtFor: String {
        #if arch(x86_64)
        "x86_64"
        #else
        "other"
        #endif
    }

    /// ``preemption``, for somebody who wants to know no more. Reads two files.
    public static var currentPreemption: String {
        let version = KernelFile.text(at: "/proc/sys/kernel/version") ?? ""
        if version.contains("PREEMPT_RT") { return "rt" }
        // Where the model can be chosen at run time, debugfs brackets the one in force.
        let chosen = chosen(KernelFile.text(at: "/sys/kernel/debug/sched/preempt") ?? "", open: "(", close: ")")
        if !chosen.isEmpty { return chosen }
        if version.contains("PREEMPT_DYNAMIC") { return "" }
        return version.contains("PREEMPT") ? "full" : ""
    }

    private static func chosen(_ text: String, open: Character, close: Character) -> String {
        guard let start = text.firstIndex(of: open), let end = text[start...].firstIndex(of: close) else { return "" }
        return String(text[text.index(after: start)..<end])
    }

    private static func lockdep(statistics: String?) -> Lockdep {
        guard let line = statistics?.split(separator: "\n").first(where: { $0.contains("debug_locks:") }) else {
            return .absent
        }
        return line.hasSuffix("1") ? .active : .off
    }
}
