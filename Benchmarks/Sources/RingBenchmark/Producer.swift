// SPDX-License-Identifier: Apache-2.0

import CBenchPrograms
import Foundation
import LiveTracing
import Synchronization

/// A BPF ring, and a thread that has the kernel fill it with the records of the full stream.
final class Producer: Sendable {
    /// Turns of four records that fit into the ring, whatever stacks they carry.
    static let turnsPerFill = 1 << 13
    static let sites = 1 << 10

    struct Refusal: Error {
        var text: String
    }

    // Written once, before the thread starts; the kernel synchronises the rest.
    private nonisolated(unsafe) let programs: bench_programs
    private let order = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private let turnsPerStacks = Mutex<Int?>(nil)
    private let failure = Mutex<Refusal?>(nil)

    init(object: String) throws(Refusal) {
        var programs = bench_programs()
        var options = bench_options(unfiltered: true, ring_count: 1, ring_bytes: 8 << 20)
        let result = bench_load(object, &options, &programs)
        guard result == 0 else {
            throw Refusal(text: "\(object): the kernel refuses the programs (\(String(cString: strerror(-result))))")
        }
        self.programs = programs
        Thread { [self] in
            while true {
                order.wait()
                do throws(Refusal) { try fill() } catch { failure.withLock { $0 = error } }
                done.signal()
            }
        }.start()
        try run("ring_name", 0, 0)
    }

    var ring: MappedRing {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        return MappedRing(
            consumerPosition: programs.rings.0.consumer,
            producerPosition: programs.rings.0.producer,
            data: UnsafeRawPointer(programs.rings.0.producer) + page,
            size: UInt64(programs.ring_bytes),
            descriptor: programs.rings.0.descriptor
        )
    }

    /// How many records the ring had no room for.
    var dropped: UInt32 { withUnsafePointer(to: programs) { bench_counter($0, BENCH_DROPPED) } }

    /// Has the ring filled, and waits for it: after so many turns every chain is new again and has a stack, or never.
    func fill(turnsPerStacks turns: Int?) throws(Refusal) {
        turnsPerStacks.withLock { $0 = turns }
        order.signal()
        done.wait()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private func fill() throws(Refusal) {
        let period = turnsPerStacks.withLock { $0 }
        var turns = Self.turnsPerFill
        while turns > 0 {
            let part = min(turns, period ?? turns)
            if period != nil { try run("ring_forget", 0, 0) }
            try run("ring_fill", UInt64(part), UInt64(Self.sites))
            turns -= part
        }
    }

    private func run(_ program: String, _ first: UInt64, _ second: UInt64) throws(Refusal) {
        var arguments: [UInt64] = [first, second, 0, 0]
        var value: UInt32 = 0
        let result = withUnsafePointer(to: programs) { bench_run($0, program, &arguments, &value) }
        guard result == 0, value == 0 else { throw Refusal(text: "\(program) failed (\(result), \(value))") }
    }
}
