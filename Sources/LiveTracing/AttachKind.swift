// SPDX-License-Identifier: Apache-2.0

/// The kind of hook that is tried first on a lock function; those after it follow where the kernel refuses it.
///
/// fentry and fexit cost least. Return probes have a limited number of places for return addresses, so that returns are missed
/// while many tasks wait (`Documentation/trace/kprobes.rst`, "How Does a Return Probe Work?"): the others are for kernels whose
/// BPF trampolines cannot be used.
public enum AttachKind: String, Sendable, CaseIterable {
    /// fentry and fexit, then the others.
    case auto
    /// kprobe.multi, on kernels with FPROBE, then kprobes.
    case kprobeMulti = "kprobe.multi"
    /// A kprobe and a kretprobe each.
    case kprobe
}
