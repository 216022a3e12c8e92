// SPDX-License-Identifier: Apache-2.0

import LockEvents

// What a blocking acquisition adds (DESIGN 3.1): a dependency from every held lock, whatever lies between. lockdep stops at
// the innermost lock that was not taken by trylock and relies on the older ones being connected already; with recursive
// readers they need not be: W(X) R(Y) W(Z) leaves X and Z unconnected by any strong path.
//
// A dependency is *covered* when a lock between the two, itself acquired under the first and holding up the second, makes the
// same statement in two steps: X -> M -> Z, where M is not a recursive reader, is as strong as X -> Z. A cycle through a
// covered dependency is a cycle through those two, which was or is reported for them; that is how skipping links do not
// multiply findings.
extension LockOrderEngine {
    /// Adds what acquiring the event's lock adds, and gives the lock's node. The lock is not on the stack yet.
    mutating func acquire(_ event: LockEvent, _ slot: TaskLockStacks.Slot, isReal: Bool) -> NodeIndex {
        guard event.lockClass != .none else { return NodeTable.none }
        var node = plainNode(event.lockClass, event.subclass)
        let range = stacks.range(slot)
        if event.nest != .none { checkNest(event, slot, node) }
        guard !range.isEmpty else { return node }
        let family = node
        var hasSameFamily = false
        for index in range {
            let mark = stacks.entries[index].mark
            if mark != NodeTable.none, nodes[mark].family == family { hasSameFamily = true }
        }
        if hasSameFamily { node = nestInFamily(event, slot, family, isReal: isReal) }

        let arrival = Int(nodes[node].arrival)
        var context: UInt32 = 0
        var index = range.upperBound &- 1
        let innermost = index
        while index >= range.lowerBound {
            let held = stacks.entries[index]
            let isExempt =
                held.mark == NodeTable.none || held.mark == node
                || (event.context != .none && held.context == event.context)
                || (hasSameFamily && isUnordered(held, index, event, slot, family))
            if !isExempt {
                let departure = Int(nodes[held.mark].departure)
                let insertion = graph.order.insert(
                    from: departure,
                    to: arrival,
                    held: held.mode,
                    acquired: event.mode,
                    isDirect: index == innermost
                )
                switch insertion {
                case .known(let number):
                    graph.observations[number].count &+= 1
                    let observation = graph.observations[number]
                    if observation.count == 0 { graph.observations[number].count = .max }
                    let adds: DependencyGraph.Flags =
                        index == innermost ? (isReal ? [.direct, .real] : .direct) : (isReal ? .real : [])
                    if observation.flags.isSuperset(of: adds) {
                        if observation.flags.contains(.settled) { break }
                        if observation.flags.contains(.steady) {
                            if event.stack == .none, held.stack == .none {
                                if observation.context != event.site.rawValue { addSite(event.site, to: number) }
                                break
                            }
                            observeAgain(number, event, slot, index, adds: adds, context: 0)
                            break
                        }
                        if context == 0 { context = contextHash(event, slot) }
                        if observation.context == context { break }
                    } else if context == 0 {
                        context = contextHash(event, slot)
                    }
                    observeAgain(number, event, slot, index, adds: adds, context: context)
                case .added(let number), .closesCycle(let number):
                    if context == 0 { context = contextHash(event, slot) }
                    observeFirst(number, event, slot, index, isReal: isReal, arrival: arrival, context: context)
                }
            }
            index &-= 1
        }
        return node
    }

    /// The node of a class and subclass without nesting.
    @inline(__always)
    mutating func plainNode(_ lockClass: LockClassID, _ subclass: UInt8) -> NodeIndex {
        if subclass == 0 {
            let known = nodes.plainNode(of: lockClass)
            if known != NodeTable.none { return known }
        }
        return node(LockNode(lockClass, subclass: subclass))
    }

    /// The node of a key, made if it is new.
    mutating func node(_ key: LockNode) -> NodeIndex {
        let (index, isNew) = nodes.intern(key, in: tables.classes)
        if isNew { introduce(index) }
        return index
    }

    private mutating func introduce(_ index: NodeIndex) {
        let node = nodes[index]
        let name = tables.classes[node.key.lockClass].name
        if displayNumbers[node.key.lockClass.rawValue] == nil {
            namesakes[name, default: 0] += 1
            displayNumbers[node.key.lockClass.rawValue] = namesakes[name]
        }
        let arrival = graph.order.addClass()
        graph.nodeOfClass.append(index)
        var departure = arrival
        let names = node.isValidated ? [name, printedName(index)] : []
        rules.addClass(arrival, of: node.key.lockClass, names: names, in: graph.order)
        if !node.isValidated {
            departure = graph.order.addClass()
            graph.nodeOfClass.append(index)
            rules.addClass(departure, of: node.key.lockClass, names: [], in: graph.order)
        }
        nodes.place(index, arrival: arrival, departure: departure)
    }

    /// A hash of all that a dependency's evidence could learn from this acquisition.
    private func contextHash(_ event: LockEvent, _ slot: TaskLockStacks.Slot) -> UInt32 {
        var hash = event.lock.rawValue ^ (event.task.rawValue << 32) ^ UInt64(event.mode.rawValue)
        hash = FlatTable.mix(hash ^ UInt64(event.site.rawValue) << 20 ^ (event.stack == .none ? 0 : 1 << 63))
        for index in stacks.range(slot) {
            let held = stacks.entries[index]
            let bits = held.lock.rawValue ^ UInt64(held.mode.rawValue) << 62 ^ (held.stack == .none ? 0 : 1 << 61)
            hash = (hash ^ bits) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        hash ^= (graph.instances.epoch &+ graph.gates.epoch) &* 0xbf58_476d_1ce4_e5b9
        return UInt32(truncatingIfNeeded: hash ^ hash >> 32) | 1
    }
}

// MARK: - Observations

extension LockOrderEngine {
    private mutating func observeFirst(
        _ number: Int,
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        _ index: Int,
        isReal: Bool,
        arrival: Int,
        context: UInt32
    ) {
        let held = stacks.entries[index]
        var flags: DependencyGraph.Flags = isReal ? .real : []
        let range = stacks.range(slot)
        if index == range.upperBound - 1 { flags.insert(.direct) }
        if isCovered(index, range, event, arrival) { flags.insert(.covered) }
        if let baseline = options.baseline, isMissing(number, from: baseline) { flags.insert(.new) }

        var evidence = Evidence(witness(event, held))
        evidence.add(site: event.site)
        for gate in range where gate != index {
            let lock = stacks.entries[gate]
            // Not in the loop's condition: an autoclosure would copy the engine to ask it.
            guard isGate(lock) else { continue }
            evidence.add(gate: graph.gates.number(lock.lock, of: nodes[lock.mark].key.lockClass).number)
        }
        if let pair = instancePair(event, held, takenClass: nodes[graph.nodeOfClass[arrival]].key.lockClass) {
            _ = evidence.add(pair: pair)
        }
        graph.observations.append(.init(count: 1, context: context, flags: flags))
        graph.evidence.append(evidence)
        judge(number)
    }

    private mutating func observeAgain(
        _ number: Int,
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        _ index: Int,
        adds: DependencyGraph.Flags,
        context: UInt32
    ) {
        let held = stacks.entries[index]
        let before = graph.observations[number].flags
        graph.observations[number].context = context
        graph.observations[number].flags.formUnion(adds)
        var hasChanged = false

        if adds.contains(.real), !before.contains(.real) {
            // An acquisition is the better witness of what so far only might have happened.
            graph.evidence[number].witness = witness(event, held)
        } else {
            improveWitness(number, event, held)
        }
        if !graph.evidence[number].hasSecondTask, graph.evidence[number].witness.task != event.task {
            graph.evidence[number].hasSecondTask = true
            hasChanged = true
        }
        graph.evidence[number].add(site: event.site)
        if graph.evidence[number].gateCount > 0, dropGates(number, slot, index) { hasChanged = true }
        if graph.evidence[number].pairCount < Evidence.pairLimit {
            let taken = nodes[graph.ends(of: number).to].key.lockClass
            if let pair = instancePair(event, held, takenClass: taken), graph.evidence[number].add(pair: pair) {
                hasChanged = true
            }
        }
        if graph.evidence[number].isSteady {
            graph.observations[number].context = event.site.rawValue
            graph.observations[number].flags.insert(graph.evidence[number].isSettled ? .settled : .steady)
        }

        let becameDirect = adds.contains(.direct) && !before.contains(.direct)
        if becameDirect, before.contains(.covered) {
            graph.observations[number].flags.remove(.covered)
            judge(number)
        } else if hasChanged, before.contains(.graded) {
            gradeAgain(dependency: number)
        }
    }

    /// Of a steady dependency an observation without stacks has its call site to add, and nothing else.
    private mutating func addSite(_ site: NameID, to number: Int) {
        graph.evidence[number].add(site: site)
        graph.observations[number].context = site.rawValue
        if graph.evidence[number].isSettled { graph.observations[number].flags.insert(.settled) }
    }

    /// What one event shows of taking its lock with another held.
    func witness(_ event: LockEvent, _ held: HeldLock) -> Witness {
        Witness(
            heldSite: held.site,
            heldStack: held.stack,
            site: event.site,
            stack: event.stack,
            task: event.task,
            pid: event.pid,
            cpu: event.cpu,
            comm: event.comm,
            test: event.test == .none ? runningTest.name(at: event.time) : event.test,
            time: event.time
        )
    }

    /// Stacks are captured for few acquisitions: a later one at the same site serves the witness as well.
    private mutating func improveWitness(_ number: Int, _ event: LockEvent, _ held: HeldLock) {
        let witness = graph.evidence[number].witness
        if witness.heldStack == .none, held.stack != .none, held.site == witness.heldSite || witness.heldSite == .none {
            graph.evidence[number].witness.heldStack = held.stack
            graph.evidence[number].witness.heldSite = held.site
        }
        if witness.stack == .none, event.stack != .none, event.site == witness.site || witness.site == .none {
            graph.evidence[number].witness.stack = event.stack
            graph.evidence[number].witness.site = event.site
        }
    }

    /// Only an exclusive lock that all must take keeps others out.
    func isGate(_ held: HeldLock) -> Bool {
        guard held.mode == .write, held.mark != NodeTable.none, !held.isReused else { return false }
        let type = nodes[held.mark].type
        return type != .pseudo && type != .wwContext
    }

    private mutating func dropGates(_ number: Int, _ slot: TaskLockStacks.Slot, _ index: Int) -> Bool {
        var evidence = graph.evidence[number]
        let hasDropped = evidence.keepGates { gate in
            graph.gates.lock(gate).map { holdsExclusively($0, slot, besides: index) } ?? false
        }
        if hasDropped { graph.evidence[number] = evidence }
        return hasDropped
    }

    /// Whether a task holds a lock exclusively by another entry than this one.
    func holdsExclusively(_ lock: LockID, _ slot: TaskLockStacks.Slot, besides index: Int) -> Bool {
        for position in stacks.range(slot) where position != index {
            if stacks.entries[position].lock == lock, stacks.entries[position].mode == .write { return true }
        }
        return false
    }

    private mutating func instancePair(_ event: LockEvent, _ held: HeldLock, takenClass: LockClassID)
        -> Evidence.InstancePair?
    {
        guard !held.isReused, !event.flags.contains(.reused) else { return nil }
        // A context is its task's own: that of another at the same address, as stacks have it, is no other's instance.
        guard nodes[held.mark].type != .wwContext, tables.classes[takenClass].type != .wwContext else { return nil }
        let heldClass = nodes[held.mark].key.lockClass
        let first = graph.instances.number(held.lock, of: heldClass)
        let second = graph.instances.number(event.lock, of: takenClass)
        if first.hasForgotten || second.hasForgotten { inversions.removeAll() }
        // The second may have made the table forget the first.
        let heldNumber =
            second.hasForgotten
            ? graph.instances.number(held.lock, of: heldClass).number : first.number
        return Evidence.InstancePair(held: heldNumber, taken: second.number)
    }

    /// Whether a lock between makes the statement in two steps that are as strong. A context is none to wait for: it makes
    /// the statement about classes only.
    private func isCovered(_ index: Int, _ range: Range<Int>, _ event: LockEvent, _ arrival: Int) -> Bool {
        let held = stacks.entries[index]
        let departure = Int(nodes[held.mark].departure)
        for position in range where position > index {
            let between = stacks.entries[position]
            guard between.mark != NodeTable.none, between.mode != .recursive, !between.isTrylock,
                nodes[between.mark].isValidated, nodes[between.mark].type != .wwContext
            else { continue }
            let middle = nodes[between.mark]
            if graph.order.find(from: departure, to: Int(middle.arrival), held: held.mode, acquired: between.mode)
                != nil,
                graph.order.find(from: Int(middle.departure), to: arrival, held: between.mode, acquired: event.mode)
                    != nil
            {
                return true
            }
        }
        return false
    }

    func isMissing(_ number: Int, from baseline: Baseline) -> Bool {
        let ends = graph.ends(of: number)
        let dependency = graph.order[number]
        return !baseline.contains(
            from: key(of: nodes[ends.from].key),
            to: key(of: nodes[ends.to].key),
            fromMode: dependency.held,
            toMode: dependency.acquired
        )
    }
}
