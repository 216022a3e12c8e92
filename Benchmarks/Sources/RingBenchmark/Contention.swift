// SPDX-License-Identifier: Apache-2.0

import CBenchPrograms
import Foundation
import Synchronization

/// What it costs processors to share a ring: records that two put into one, and into one each.
struct Contention {
    struct Case: Sendable {
        var name: String
        var rings: Int32
        var processors: Int32
    }

    static let cases = [
        Case(name: "1 processor, 1 ring", rings: 1, processors: 1),
        Case(name: "2 processors, 1 ring", rings: 1, processors: 2),
        Case(name: "2 processors, 2 rings", rings: 2, processors: 2),
    ]

    /// Records that each processor puts into a ring in one go: those of both fit into one.
    private static let records: UInt64 = 30_000
    private let programs: [bench_programs]

    /// Loads the programs once for each number of rings.
    init(object: String) throws(Producer.Refusal) {
        var programs: [bench_programs] = []
        for rings: Int32 in 1...2 {
            var one = bench_programs()
            var options = bench_options(unfiltered: true, ring_count: rings, ring_bytes: 8 << 20)
            let result = bench_load(object, &options, &one)
            guard result == 0 else {
                throw Producer.Refusal(text: "\(object): \(String(cString: strerror(-result)))")
            }
            programs.append(one)
        }
        self.programs = programs
    }

    /// Millions of records a second that a processor gets rid of, its own time.
    func measure(_ one: Case, fills: Int) throws(Producer.Refusal) -> Double {
        nonisolated(unsafe) let programs = programs[Int(one.rings) - 1]
        let seconds = Mutex(0.0)
        let failed = Atomic(false)
        for _ in 0..<fills {
            let ready = Atomic<Int32>(0)
            DispatchQueue.concurrentPerform(iterations: Int(one.processors)) { processor in
                // All begin at one time.
                ready.add(1, ordering: .acquiringAndReleasing)
                while ready.load(ordering: .acquiring) < one.processors {}
                var arguments: [UInt64] = [Self.records, 0, 0, 0]
                let start = processorTime()
                let result = withUnsafePointer(to: programs) {
                    bench_run_on(Int32(processor), $0, "ring_put", &arguments)
                }
                let time = processorTime() - start
                if result != 0 { failed.store(true, ordering: .releasing) }
                seconds.withLock { $0 += time }
            }
            withUnsafePointer(to: programs) { bench_empty_rings($0) }
        }
        if failed.load(ordering: .acquiring) { throw Producer.Refusal(text: "\(one.name): ring_put failed") }
        return Double(Self.records) * Double(one.processors) * Double(fills) / seconds.withLock { $0 } / 1e6
    }
}
