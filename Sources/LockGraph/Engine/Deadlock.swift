// SPDX-License-Identifier: Apache-2.0

import LockEvents

// Circles of waiting tasks (DESIGN 3.2). A waiting task is held up by every task that holds the lock in a way that excludes
// it, and, when it waits as a plain reader, by every writer that queued before it. All of them must go on before it can, so
// one circle suffices for a deadlock. ww mutexes under a context are left out: their waiters are made to back off.
extension LockOrderEngine {
    private struct Wait {
        var slot: TaskLockStacks.Slot
        var event: LockEvent
        /// Places in the list of waits that hold this one up, and the entry by which each does.
        var blockers: [(wait: Int, entry: HeldLock)] = []
    }

    /// Searches once enough time and events have passed to make the search's cost small beside theirs.
    mutating func searchDeadlocksIfDue() {
        guard let persistence = options.deadlockPersistence else { return }
        eventsSinceDeadlockSearch += 1
        guard now >= nextDeadlockSearch, eventsSinceDeadlockSearch >= stacks.waitingCount else { return }
        findDeadlocks(lasting: persistence)
        nextDeadlockSearch = now &+ persistence / 4
        eventsSinceDeadlockSearch = 0
    }

    /// Reports each circle whose waits all began at least so long ago.
    mutating func findDeadlocks(lasting persistence: UInt64) {
        var waits: [Wait] = []
        for slot in stacks.liveSlots {
            guard let event = stacks.wait(slot), event.time <= now, now - event.time >= persistence else { continue }
            waits.append(Wait(slot: slot, event: event))
        }
        guard !waits.isEmpty else { return }
        // Slots are used again; tasks' numbers decide, so that the same events give the same findings.
        waits.sort { $0.event.task.rawValue < $1.event.task.rawValue }
        connect(&waits)
        for circle in Self.circles(in: waits) { reportDeadlock(circle.map { waits[$0] }, next: circle, waits) }
    }

    private func connect(_ waits: inout [Wait]) {
        var waitsFor: [LockID: [Int]] = [:]
        for (index, wait) in waits.enumerated() { waitsFor[wait.event.lock, default: []].append(index) }
        for (holder, wait) in waits.enumerated() {
            for index in stacks.range(wait.slot) {
                let held = stacks.entries[index]
                for waiting in waitsFor[held.lock] ?? [] where excludes(held, waits[waiting].event) {
                    waits[waiting].blockers.append((holder, held))
                }
            }
        }
        for (writer, wait) in waits.enumerated() where wait.event.mode == .write {
            for waiting in waitsFor[wait.event.lock] ?? [] where waiting != writer {
                let event = waits[waiting].event
                guard event.mode == .read, event.time >= wait.event.time else { continue }
                var queued = HeldLock(wait.event)
                queued.mark = NodeTable.none
                waits[waiting].blockers.append((writer, queued))
            }
        }
    }

    private func excludes(_ held: HeldLock, _ waiting: LockEvent) -> Bool {
        if held.isAwaited { return false }
        if held.context != .none, waiting.context != .none { return false }
        if held.isTrylock, held.lock == waiting.context { return false }
        return held.mode == .write || waiting.mode == .write
    }

    /// The circles that a depth-first walk meets: at least one through each set of tasks that hold each other up.
    private static func circles(in waits: [Wait]) -> [[Int]] {
        var state = [UInt8](repeating: 0, count: waits.count)
        var found: [[Int]] = []
        for root in waits.indices where state[root] == 0 {
            var path: [(wait: Int, next: Int)] = [(root, 0)]
            state[root] = 1
            while let (wait, next) = path.last {
                guard next < waits[wait].blockers.count else {
                    state[wait] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let blocker = waits[wait].blockers[next].wait
                if state[blocker] == 0 {
                    state[blocker] = 1
                    path.append((blocker, 0))
                } else if state[blocker] == 1, let start = path.firstIndex(where: { $0.wait == blocker }) {
                    found.append(path[start...].map(\.wait))
                }
            }
        }
        return found
    }

    private mutating func reportDeadlock(_ circle: [Wait], next indices: [Int], _ all: [Wait]) {
        let members = circle.map { plainNode($0.event.lockClass, $0.event.subclass) }
        guard circle.allSatisfy({ $0.event.lockClass != .none }), members.allSatisfy({ nodes[$0].isValidated }) else {
            return
        }
        let signature = Signature(kind: .deadlock, classes: members.map { key($0) })
        guard book.find(signature) == nil else { return }
        var finding = Finding(kind: .deadlock, signature: signature)
        describe(&finding, members)
        for (position, wait) in circle.enumerated() {
            var participant = participant(wait.event, wait.slot)
            participant.waitsFor = printedName(members[position])
            finding.tasks.append(participant)
            // What this task holds is what the one before it in the circle waits for.
            let before = (position + circle.count - 1) % circle.count
            let mine = indices[position]
            guard let blocker = circle[before].blockers.first(where: { $0.wait == mine }) else { continue }
            var step = Finding.Step(
                from: printedName(members[before]),
                to: printedName(members[position]),
                fromMode: blocker.entry.mode,
                toMode: wait.event.mode
            )
            fill(&step, from: Evidence(witness(wait.event, blocker.entry)))
            step.isNew = finding.isNew
            step.writerSeen = nodes[members[position]].wasWritten
            finding.steps.append(step)
        }
        let parties = finding.tasks.map {
            "\($0.comm.isEmpty ? "task" : $0.comm)/\($0.pid == 0 ? $0.task : UInt64($0.pid))"
        }
        let waiting = zip(parties, finding.classes).map { "\($0) waits for \($1)" }.joined(separator: ", ")
        finding.text = PrintableText.of("deadlock: \(waiting)")
        book.add(.init(finding: finding, dependencies: [], nodes: members))
        counts.findings[.deadlock, default: 0] += 1
    }
}
