// SPDX-License-Identifier: Apache-2.0

import LockEvents

// Nesting of one class (DESIGN 3.6). What lockdep's check_deadlock() does, walking the held locks from the outermost:
// both recursive readers are fine; a nest lock held further out makes any order fine; everything else is reported. The
// instance policy reports only what instances prove, and keeps nested instances apart as nodes of their own.
extension LockOrderEngine {
    /// The deepest nesting that has a node of its own; deeper instances share the last one.
    private static let deepestNesting = 63

    /// Judges an acquisition while locks of the same family are held, and gives the node it arrives at.
    mutating func nestInFamily(_ event: LockEvent, _ slot: TaskLockStacks.Slot, _ family: NodeIndex, isReal: Bool)
        -> NodeIndex
    {
        var isUnderNestLock = false
        for index in stacks.range(slot) {
            let held = stacks.entries[index]
            if event.nest != .none, held.lock == event.nest { isUnderNestLock = true }
            if event.context != .none, held.lock == event.context { isUnderNestLock = true }
            guard held.mark != NodeTable.none, nodes[held.mark].family == family else { continue }
            guard nodes[family].isValidated else { continue }
            // The context orders its mutexes, and answers -EALREADY for one that is held.
            if event.context != .none, held.context == event.context { continue }
            if event.mode == .recursive, held.mode != .write { continue }
            if held.lock == event.lock {
                reportRecursion(event, slot, index, family, isReal: isReal)
            } else if isUnderNestLock || isOrdered(family) {
                continue
            } else if !isInstancePolicy || breaksContextRules(event, held, family) {
                reportRecursion(event, slot, index, family, isReal: isReal)
            } else {
                observeInstances(event, slot, index, family, isReal: isReal)
            }
        }
        return nestedNode(family, event.lock, event.nest, event.context, above: stacks.range(slot))
    }

    /// A task may use one ww context of a class at a time, and while it has locks under one, take others under it only:
    /// otherwise nobody can be made to back off (Documentation/locking/ww-mutex-design.rst).
    private func breaksContextRules(_ event: LockEvent, _ held: HeldLock, _ family: NodeIndex) -> Bool {
        switch nodes[family].type {
        case .wwContext: true
        case .wwMutex: (event.context == .none) != (held.context == .none)
        default: false
        }
    }

    private func isOrdered(_ family: NodeIndex) -> Bool { tables.classes[nodes[family].key.lockClass].isOrdered }

    /// Whether no order is meant between a held lock and the one being taken, which are of one family or not.
    func isUnordered(
        _ held: HeldLock,
        _ index: Int,
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        _ family: NodeIndex
    ) -> Bool {
        guard nodes[held.mark].family == family else { return false }
        if !isInstancePolicy || held.lock == event.lock { return true }
        guard event.nest != .none || event.context != .none else { return false }
        for position in stacks.range(slot) where position < index {
            let lock = stacks.entries[position].lock
            if lock == event.nest || lock == event.context { return true }
        }
        return false
    }

    /// The node of a lock that is on a stack or about to be, given the locks below it.
    mutating func node(of held: HeldLock, above range: Range<Int>) -> NodeIndex {
        guard held.lockClass != .none else { return NodeTable.none }
        let family = plainNode(held.lockClass, held.subclass)
        return nestedNode(family, held.lock, held.nest, held.context, above: range)
    }

    private mutating func nestedNode(
        _ family: NodeIndex,
        _ lock: LockID,
        _ nest: LockID,
        _ context: LockID,
        above range: Range<Int>
    ) -> NodeIndex {
        guard isInstancePolicy else { return family }
        var isUnderNestLock = false
        var nesting = 0
        for index in range {
            let held = stacks.entries[index]
            if nest != .none && held.lock == nest || context != .none && held.lock == context { isUnderNestLock = true }
            guard held.mark != NodeTable.none, nodes[held.mark].family == family else { continue }
            if held.lock == lock { return held.mark }
            if !isUnderNestLock { nesting += 1 }
        }
        guard nesting > 0 else { return family }
        var key = nodes[family].key
        key.nesting = UInt8(min(nesting, Self.deepestNesting))
        return node(key)
    }

    /// Gives nodes to entries of a stack that a record has shown.
    mutating func markHeld(_ slot: TaskLockStacks.Slot) {
        let range = stacks.range(slot)
        for index in range where stacks.entries[index].mark == NodeTable.none {
            if stacks.entries[index].isNamedContext, stacks.entries[index].lockClass == .none {
                let context = stacks.entries[index].lock
                if let member = range.first(where: { stacks.entries[$0].context == context }) {
                    let mutex = stacks.entries[member].lockClass
                    if mutex != .none { stacks.entries[index].lockClass = contextClass(of: mutex) }
                }
            }
            let held = stacks.entries[index]
            let mark = node(of: held, above: range.lowerBound..<index)
            stacks.entries[index].mark = mark
            if held.mode == .write, mark != NodeTable.none { nodes.noteWriter(mark) }
        }
    }

    /// Lets the instances above a released one count one less.
    mutating func closeRank(_ removed: HeldLock, _ index: Int, _ slot: TaskLockStacks.Slot) {
        guard isInstancePolicy, removed.mark != NodeTable.none else { return }
        let family = nodes[removed.mark].family
        let nesting = nodes[removed.mark].key.nesting
        for position in stacks.range(slot) where position >= index {
            let mark = stacks.entries[position].mark
            guard mark != NodeTable.none, nodes[mark].family == family, nodes[mark].key.nesting > nesting else {
                continue
            }
            var key = nodes[mark].key
            key.nesting -= 1
            stacks.entries[position].mark = node(key)
        }
    }
}

// MARK: - Nest locks and contexts

extension LockOrderEngine {
    mutating func checkNest(_ event: LockEvent, _ slot: TaskLockStacks.Slot, _ node: NodeIndex) {
        guard !stacks.holds(event.nest, slot), nodes[node].isValidated else { return }
        reportEvent(.nest, event, slot, nodes: [node], said: "nest lock of \(printedName(node)) is not held")
    }

    /// Naming a context acquires it (DESIGN 5).
    mutating func enterContext(_ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        guard event.context != .none, !stacks.holds(event.context, slot), event.lockClass != .none else { return }
        var entry = event
        entry.operation = .acquire
        entry.lock = event.context
        entry.lockClass = contextClass(of: event.lockClass)
        entry.mode = .write
        entry.subclass = 0
        entry.nest = .none
        entry.context = .none
        var held = HeldLock(entry)
        held.isNamedContext = true
        held.mark = acquire(entry, slot, isReal: true)
        stacks.push(held, slot)
    }

    /// The class of the contexts under which a class of ww mutexes is taken. The kernel names the two
    /// `NAME_ww_class_acquire` and `NAME_ww_class_mutex` (include/linux/ww_mutex.h).
    mutating func contextClass(of mutex: LockClassID) -> LockClassID {
        let lockClass = tables.classes[nodes.canonical(mutex)]
        let suffix = "_mutex"
        let stem = lockClass.name.hasSuffix(suffix) ? String(lockClass.name.dropLast(suffix.count)) : lockClass.name
        return tables.classes.intern(
            LockClass(
                name: stem + "_acquire",
                type: .wwContext,
                origin: lockClass.origin,
                naming: lockClass.naming,
                certainty: lockClass.certainty,
                isValidated: lockClass.isValidated
            )
        )
    }

    /// A context that was acquired by being named goes with its last lock.
    mutating func leaveContextIfLast(_ context: LockID, _ slot: TaskLockStacks.Slot) {
        var found: Int?
        for index in stacks.range(slot) {
            if stacks.entries[index].context == context { return }
            if stacks.entries[index].lock == context, stacks.entries[index].isNamedContext { found = index }
        }
        if let found {
            let removed = stacks.remove(at: found, slot)
            closeRank(removed, found, slot)
        }
    }
}
