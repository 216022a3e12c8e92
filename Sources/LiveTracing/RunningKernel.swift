// SPDX-License-Identifier: Apache-2.0

package import LockNaming
internal import Synchronization

/// The kernel of this machine, as it is before it is traced. What takes long to read is read once, and when it is first asked for.
public final class RunningKernel: Sendable {
    private struct Answers: ~Copyable {
        var types: KernelTypes?
        var state: KernelState?
    }

    private let answers = Mutex(Answers())

    /// Asks nothing yet.
    public init() {}

    /// What the kernel says of itself. Loads, and drops again, one BPF program of two instructions.
    public var state: KernelState {
        answers.withLock { answers in
            if let state = answers.state { return state }
            answers.types = answers.types.take() ?? KernelTypes()
            let state = KernelState(types: answers.types)
            answers.state = state
            return state
        }
    }

    /// Hands over the kernel's types, some ten megabytes that are the caller's then; nil where it has none. Whoever asks after
    /// that has them read again.
    package func takeTypes() -> KernelTypes? {
        answers.withLock { $0.types.take() ?? KernelTypes() }
    }
}
