// SPDX-License-Identifier: Apache-2.0

/// Where a live run's events come from. The raw values are what `--source` takes and graph files keep.
public enum EventSource: String, Sendable, Hashable, CaseIterable {
    /// BPF programs on the kernel's lock functions: any kernel with BTF.
    case functions
    /// BPF programs on lockdep's own tracepoints, `lock:lock_acquire` and `lock:lock_release`: a kernel with lockdep.
    case lockdep
    /// The same tracepoints through `perf_event_open`, where BPF tracing is refused.
    case perf

    /// Whether its events say when a lock was obtained and let go: lockdep's tracepoints come before it is obtained.
    public var tellsTimes: Bool { self == .functions }

    /// The source that sees most on a kernel: `lockdep` where the kernel has it, else `functions`; `perf` where BPF is refused
    /// and perf has something to tell.
    public static func best(on kernel: KernelState) -> EventSource {
        if kernel.refusal != nil, PerfSession.tellsOrder == true { return .perf }
        return kernel.lockdep == .absent ? .functions : .lockdep
    }
}
