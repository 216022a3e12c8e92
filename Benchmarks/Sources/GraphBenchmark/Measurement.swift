// SPDX-License-Identifier: Apache-2.0

import Foundation
import LockEvents
import LockGraph

/// One line of the table.
struct Row {
    var name: String
    var classes: Int
    var dependencies: Int
    var cycles: Int
    var seconds: Double
    var knownNanoseconds: Double
    var percentiles: (median: Double, p999: Double, worst: Double)
    var bytes: Double
    var searchSeconds: Double?
}

func elapsed(_ body: () -> Void) -> Double {
    let took = ContinuousClock().measure(body)
    return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
}

@inline(never)
func insert(_ workload: Workload, into order: inout DependencyOrder) -> Int {
    var cycles = 0
    for step in workload.steps {
        let verdict = order.insert(
            from: Int(step.from),
            to: Int(step.to),
            held: step.held,
            acquired: step.acquired
        )
        if case .closesCycle = verdict { cycles += 1 }
    }
    return cycles
}

func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The time of each insertion, in nanoseconds, sorted; the clock's own cost is in it.
func latencies(_ workload: Workload) -> [UInt64] {
    var order = DependencyOrder()
    for _ in 0..<workload.classes { _ = order.addClass() }
    var result: [UInt64] = []
    result.reserveCapacity(workload.steps.count)
    var before = nanoseconds()
    for step in workload.steps {
        order.insert(from: Int(step.from), to: Int(step.to), held: step.held, acquired: step.acquired)
        let after = nanoseconds()
        result.append(after - before)
        before = after
    }
    return result.sorted()
}

func measure(_ workload: Workload, rounds: Int, comparesWithSearch: Bool) -> Row {
    var seconds = Double.infinity
    var known = Double.infinity
    var cycles = 0
    var bytes = 0
    for _ in 0..<rounds {
        var order = DependencyOrder()
        for _ in 0..<workload.classes { _ = order.addClass() }
        seconds = min(seconds, elapsed { cycles = insert(workload, into: &order) })
        known = min(known, elapsed { _ = insert(workload, into: &order) })
        bytes = order.footprint
    }
    let sorted = latencies(workload)
    let count = workload.steps.count
    var searchSeconds: Double?
    if comparesWithSearch {
        var search = SearchPerDependency(classes: workload.classes)
        var found = 0
        searchSeconds = elapsed {
            for step in workload.steps where search.insert(from: step.from, to: step.to) { found += 1 }
        }
        precondition(found == cycles, "the two methods disagree: \(found) and \(cycles) cycles")
    }
    return Row(
        name: workload.name,
        classes: workload.classes,
        dependencies: count,
        cycles: cycles,
        seconds: seconds,
        knownNanoseconds: known / Double(count) * 1e9,
        percentiles: (
            Double(sorted[count / 2]), Double(sorted[min(count - 1, count * 999 / 1000)]), Double(sorted[count - 1])
        ),
        bytes: Double(bytes) / Double(count),
        searchSeconds: searchSeconds
    )
}
