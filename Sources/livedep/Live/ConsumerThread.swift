// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A thread of its own for the ring's consumer: it polls and must not hold up the cooperative pool.
enum ConsumerThread {
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Runs `body` on a new thread and waits for its result.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let box = Box<Value>()
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let value = body()
            box.value.withLock { $0 = value }
            done.signal()
        }
        thread.name = "livedep-consumer"
        // Decoding keeps a held list and a stack of addresses on it; the engine's searches are not recursive.
        thread.stackSize = 4 << 20
        thread.start()
        done.wait()
        guard let value = box.value.withLock({ $0 }) else { fatalError("the consumer thread ended without a result") }
        return value
    }
}
