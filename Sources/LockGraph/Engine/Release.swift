// SPDX-License-Identifier: Apache-2.0

import LockEvents

extension LockOrderEngine {
    /// How many locks may outlive their tasks at one time: there are a few for each frozen file system.
    private static let orphanLimit = 1024

    /// Takes a lock off the stack it is on: in any order, and off another task's if that holds it.
    mutating func release(_ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        if event.flags.contains(.proven) {
            reportForeignRelease(event, slot)
            return
        }
        if removeHeld(event, slot) { return }
        if !stacks.isKnown(slot) {
            // The last of the locks that the source counted: what is left is nothing.
            if event.depth == 1 { stacks.showEmpty(slot) }
            releaseForeign(event)
            return
        }
        if removeElsewhere(event) { return }
        if let orphan = orphans.lastIndex(where: { $0.lock == event.lock }) {
            noteHold(orphans.remove(at: orphan), until: event.time)
            return
        }
        let node = event.lockClass == .none ? NodeTable.none : plainNode(event.lockClass, event.subclass)
        // A context that was named left with its last lock; finishing it afterwards is how it is meant to be.
        if node != NodeTable.none, nodes[node].type == .wwContext { return }
        counts.unknownReleases += 1
        guard !event.flags.contains(.grace), !options.isFiltered else { return }
        if event.flags.contains(.nonOwner), !stacks.allAreKnown { return }
        reportRelease(event, slot, of: node, "is released and nobody holds it")
    }

    /// The lock's owner is not the task: no stack is needed to say so, and none is changed by it.
    private mutating func reportForeignRelease(_ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        counts.unknownReleases += 1
        let node = event.lockClass == .none ? NodeTable.none : plainNode(event.lockClass, event.subclass)
        reportRelease(event, slot, of: node, "is released by a task that does not hold it")
    }

    private mutating func reportRelease(
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        of node: NodeIndex,
        _ said: String
    ) {
        guard node == NodeTable.none || nodes[node].isValidated else { return }
        let name = node == NodeTable.none ? "a lock" : printedName(node)
        reportEvent(.release, event, slot, nodes: node == NodeTable.none ? [] : [node], said: "\(name) \(said)")
    }

    /// A task whose stack is unknown released a lock that may be on another's: it must not stay there and lead on.
    ///
    /// Who releases a lock that another holds exclusively does not hold it. Of readers there may be many, the releasing task
    /// among them, unless the release says that its task is not the holder.
    private mutating func releaseForeign(_ event: LockEvent) {
        guard let other = stacks.holder(of: event.lock) else { return }
        if stacks.entries[other.index].mode == .write || event.flags.contains(.nonOwner) {
            _ = removeElsewhere(event)
        }
    }

    private mutating func removeElsewhere(_ event: LockEvent) -> Bool {
        guard let other = stacks.holder(of: event.lock) else { return false }
        let removed = stacks.remove(at: other.index, other.slot)
        noteHold(removed, until: event.time)
        closeRank(removed, other.index, other.slot)
        if removed.context != .none { leaveContextIfLast(removed.context, other.slot) }
        return true
    }

    private mutating func removeHeld(_ event: LockEvent, _ slot: TaskLockStacks.Slot) -> Bool {
        let range = stacks.range(slot)
        var index = range.upperBound &- 1
        while index >= range.lowerBound, stacks.entries[index].lock != event.lock { index &-= 1 }
        guard index >= range.lowerBound else { return false }
        let removed = stacks.remove(at: index, slot)
        noteHold(removed, until: event.time)
        if index != range.upperBound &- 1 { closeRank(removed, index, slot) }
        if removed.context != .none { leaveContextIfLast(removed.context, slot) }
        if removed.mark != NodeTable.none, nodes[removed.mark].type == .wwContext {
            reportUnfinished(removed, event, slot)
        }
        return true
    }

    /// A context was finished while mutexes are held under it.
    private mutating func reportUnfinished(_ context: HeldLock, _ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        let held = stacks.range(slot).filter { stacks.entries[$0].context == context.lock }
        guard !held.isEmpty else { return }
        let marks = held.map { stacks.entries[$0].mark }.filter { $0 != NodeTable.none }
        let name = printedName(context.mark)
        reportEvent(
            .exit,
            event,
            slot,
            nodes: [context.mark] + marks,
            said: "\(name) is finished with locks held under it"
        )
    }

    /// The task ended: it may hold nothing but what outlives it by permission.
    mutating func exit(_ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        if stacks.isKnown(slot) {
            var left: [NodeIndex] = []
            for index in stacks.range(slot) {
                let held = stacks.entries[index]
                if held.mark == NodeTable.none || held.isNamedContext { continue }
                let name = tables.classes[nodes[held.mark].key.lockClass].name
                if options.mayOutliveTask.contains(where: { $0.fit(name) != nil }) {
                    if orphans.count >= Self.orphanLimit { orphans.removeFirst() }
                    orphans.append(held)
                } else if nodes[held.mark].isValidated {
                    left.append(held.mark)
                }
            }
            if !left.isEmpty {
                let names = left.map { printedName($0) }.joined(separator: ", ")
                reportEvent(.exit, event, slot, nodes: left, said: "a task ends with \(names) held")
            }
        }
        stacks.end(slot)
    }

    /// A lock came into being: whatever was known of its address is over.
    mutating func initialize(_ event: LockEvent) {
        graph.instances.forget(event.lock)
        graph.gates.forget(event.lock)
        if event.flags.contains(.proven), event.lockClass != .none {
            let node = plainNode(event.lockClass, event.subclass)
            if nodes[node].isValidated { reportInitialisation(event, stacks.slot(of: event.task), node) }
            return
        }
        guard stacks.mayBeHeld(event.lock) else { return }
        let slot = stacks.slot(of: event.task)
        let own = stacks.range(slot).last { stacks.entries[$0].lock == event.lock }
        guard let holder = own.map({ (slot: slot, index: $0) }) ?? stacks.holder(of: event.lock) else { return }
        let isOwn = own != nil
        let held = isOwn ? stacks.entries[holder.index] : stacks.remove(at: holder.index, holder.slot)
        guard held.mark != NodeTable.none, nodes[held.mark].isValidated else { return }
        guard isOwn || !event.flags.contains(.grace), !options.isFiltered else { return }
        reportInitialisation(event, slot, held.mark)
    }

    private mutating func reportInitialisation(_ event: LockEvent, _ slot: TaskLockStacks.Slot, _ node: NodeIndex) {
        reportEvent(
            .initialize,
            event,
            slot,
            nodes: [node],
            said: "\(printedName(node)) is initialised while it is held"
        )
    }
}
