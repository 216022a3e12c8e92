// SPDX-License-Identifier: Apache-2.0

package import LockNaming
internal import Synchronization

/// The kernel of this machine, as it is before it is traced. What takes long to read is read once, and when it is first asked for.
public final class RunningKernel: Sendable {
    private struct Answers: ~Copyable {
        /// Whether the types were read since they were last taken.
        var wereTypesRead = false
        var types: KernelTypes?
        var state: KernelState?

        mutating func readTypes() {
            if !wereTypesRead { types = KernelTypes() }
            wereTypesRead = true
        }
    }

    private let answers = Mutex(Answers())

    /// Asks nothing yet.
    public init() {}

    /// What the kernel says of itself. Loads, and drops again, one BPF program of two instructions.
    public var state: KernelState {
        answers.withLock { answers in
            if let state = answers.state { return state }
            answers.readTypes()
            let state = KernelState(types: answers.types)
            answers.state = state
            return state
        }
    }

    /// Hands over the kernel's types, some ten megabytes that are the caller's then; nil where it has none. Whoever asks after
    /// that has them read again.
    package func takeTypes() -> KernelTypes? {
        answers.withLock { answers in
            answers.readTypes()
            answers.wereTypesRead = false
            return answers.types.take()
        }
    }
}
