// SPDX-License-Identifier: Apache-2.0

import LockEvents

// When holds and waits end. Lengths follow from the events' own times, so that a replay has the same ones.
extension LockOrderEngine {
    /// A lock was let go. One whose taking was not seen has no time.
    @inline(__always)
    mutating func noteHold(_ held: HeldLock, until time: UInt64) {
        guard options.keepsTimes, held.since != 0, time >= held.since, held.mark != NodeTable.none else { return }
        times.note(.hold, nodes[held.mark].key.lockClass, held.mode, time &- held.since)
    }

    /// The task's wait is over.
    mutating func endWait(_ slot: TaskLockStacks.Slot, at time: UInt64) {
        if options.keepsTimes, let wait = stacks.wait(slot), wait.lockClass != .none, wait.time != 0, time >= wait.time
        {
            times.note(.wait, nodes.canonical(wait.lockClass), wait.mode, time - wait.time)
        }
        stacks.stopWaiting(slot)
    }
}
