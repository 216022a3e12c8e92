// SPDX-License-Identifier: Apache-2.0

import CMalloc
import Glibc
import LiveTracing
import Synchronization

/// A thread of its own for the ring's consumer: it polls and must not hold up the cooperative pool.
enum ConsumerThread {
    /// Bytes from which on a block of memory is the kernel's again as soon as it is freed.
    private static let largeBlock: Int32 = 1 << 20

    private final class Call<Value: Sendable>: Sendable {
        let body: @Sendable () -> Value
        let value = Mutex<Value?>(nil)

        init(_ body: @escaping @Sendable () -> Value) { self.body = body }

        func run() {
            let result = body()
            value.withLock { $0 = result }
        }
    }

    /// Erases the call's type for the C entry point.
    private final class Entry: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Lets the calling thread run before those of the load that it watches: it has little to do and must not come late, or
    /// the ring overflows. To be called when everything was started that would inherit it. Without the right to, nothing
    /// changes.
    ///
    /// Not where kernel code is preempted: the thread would break in on programs, and what other tasks do meanwhile on that
    /// processor would be missed.
    static func takePrecedence() {
        if ["rt", "full", "lazy"].contains(KernelState.currentPreemption) { return }
        // On Linux a priority is a thread's own; 0 is the calling one.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -10)
    }

    /// Runs `body` on a new thread and waits for its result. On the caller's own where no thread can be had.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        // What a table outgrew goes back to the kernel. glibc would keep it: each large block that is freed raises the size
        // up to which it does, to 32 MiB (malloc(3), M_MMAP_THRESHOLD).
        mallopt(M_MMAP_THRESHOLD, largeBlock)
        let call = Call(body)
        let entry = Unmanaged.passRetained(Entry { call.run() })
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Entry>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            entry.toOpaque()
        )
        guard result == 0 else {
            entry.release()
            return body()
        }
        pthread_join(thread, nil)
        guard let value = call.value.withLock({ $0 }) else { fatalError("the consumer thread left no result") }
        return value
    }
}
