// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe

/// Whether and how one kernel function is hooked.
public struct HookState: Sendable {
    /// How a program got to run when the function does.
    public enum Attachment: String, Sendable {
        /// This kernel has no such function.
        case absent
        /// It has, and nothing attached: what it does stays unseen.
        case refused
        /// It has, built without ftrace, and kprobes are not allowed on such functions.
        case untraceable
        case fentry, fexit, kprobe, tracepoint
        /// kprobes on a function's entry, its return, or both, through ftrace's own.
        case kprobeMulti = "kprobe.multi"

        init(_ attachment: kp_attachment) {
            self =
                switch attachment {
                case KP_FENTRY: .fentry
                case KP_FEXIT: .fexit
                case KP_KPROBE_MULTI: .kprobeMulti
                case KP_KPROBE: .kprobe
                case KP_TRACEPOINT: .tracepoint
                case KP_REFUSED: .refused
                case KP_UNTRACEABLE: .untraceable
                default: .absent
                }
        }

        /// Whether events are seen through it.
        public var isAttached: Bool { self != .absent && self != .refused && self != .untraceable }
    }

    /// The kernel function or tracepoint.
    public var function: String
    /// How it is hooked, if it is.
    public var attachment: Attachment
    /// The errno of a refusal, or 0.
    public var error: Int32
}
