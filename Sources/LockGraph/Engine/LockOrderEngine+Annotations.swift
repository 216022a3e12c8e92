// SPDX-License-Identifier: Apache-2.0

import LockEvents

// What lockdep's annotations say, learned on one kernel and applied on another (DESIGN 3.9).
extension LockOrderEngine {
    /// What was learned so far; empty without ``EngineOptions/learnsAnnotations``.
    public var learnedAnnotations: LearnedAnnotations {
        learner?.annotations(tables) { nodes.canonical($0) } ?? LearnedAnnotations()
    }

    /// The nestings of one class that annotations explained so far, in an order that runs share.
    var explainedNestings: [ExplainedNesting] {
        guard let binding else { return [] }
        let nestings = binding.explained.map { nesting, count in
            ExplainedNesting(
                lockClass: tables.classes[nesting.lockClass].name,
                function: tables.names[nesting.site],
                subclass: nesting.subclass,
                nest: nesting.nest,
                count: count
            )
        }
        return nestings.sorted {
            ($0.lockClass, $0.function, $0.subclass, $0.nest) < ($1.lockClass, $1.function, $1.subclass, $1.nest)
        }
    }

    /// Learns from an acquisition, or tells it what was learned.
    mutating func annotate(_ event: inout LockEvent, _ slot: TaskLockStacks.Slot) {
        switch event.operation {
        case .attempt, .acquire, .tryAcquire, .may: break
        default: return
        }
        guard stacks.isKnown(slot) else { return }
        // A local reference, not a copy: the span borrows it while other parts of the engine change.
        let entries = stacks.entries
        let held = entries.span.extracting(stacks.range(slot))
        learner?.note(event, held: held)
        binding?.apply(to: &event, held: held, nodes, &tables)
    }

    /// The held locks that a record shows, with what was learned of them, in the room of ``shown``.
    mutating func annotated(_ held: Span<HeldLock>) -> [HeldLock] {
        var annotated: [HeldLock] = []
        swap(&annotated, &shown)
        annotated.removeAll(keepingCapacity: true)
        for index in held.indices {
            var lock = held[index]
            binding?.apply(to: &lock, held: annotated.span, nodes, &tables)
            annotated.append(lock)
        }
        return annotated
    }
}
