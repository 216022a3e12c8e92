// SPDX-License-Identifier: Apache-2.0

import Foundation
import LiveTracing
import LockEvents
import LockNaming

/// Takes in events and does nothing with them but what keeps them from being optimised away.
struct Tally: LockEventSink {
    var tables = EventTables()
    var events = 0
    var held = 0
    var stacks = 0
    var classes: UInt32 = 0

    mutating func consume(_ event: LockEvent) {
        events += 1
        classes ^= event.lockClass.rawValue
    }

    mutating func consume(_ event: LockEvent, held locks: Span<HeldLock>) {
        events += 1
        classes ^= event.lockClass.rawValue
        held += locks.count
        if event.stack != .none { stacks += 1 }
    }

    mutating func loseAllStacks() {}
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {}
    mutating func advance(to time: UInt64) {}
}

/// The kernel's memory where none may be read: every lock of the benchmark is named by its initialisation.
struct NoMemory: KernelMemory {
    func read(at address: UInt64, count: Int) -> [UInt8]? { nil }
}

typealias Decoder = RecordDecoder<LiveNaming<NoMemory>>

func makeDecoder(_ symbols: SymbolTable) -> Decoder {
    RecordDecoder(
        naming: LiveNaming(
            namer: LockNamer(symbols: symbols, types: nil, memory: NoMemory(), slabLinks: [:], processors: 1),
            symbolizer: Symbolizer(symbols: symbols),
            copies: UserCopySites(symbols: symbols, memory: NoMemory())
        )
    )
}

/// Processor time of the calling thread in seconds: what others take of a shared machine is not in it.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
