// SPDX-License-Identifier: Apache-2.0

import LockEvents

// From numbers to findings that can be read anywhere.
extension LockOrderEngine {
    // MARK: Findings over dependencies

    /// Adds a finding over dependencies of the graph, or raises the one with its signature.
    mutating func report(
        _ kind: FindingKind,
        _ signature: Signature,
        nodes members: [NodeIndex],
        dependencies: [Int],
        grade: Grade?,
        gate: LockClassID?,
        rule: String? = nil
    ) {
        if let place = book.find(signature) {
            guard let grade, let old = book.entries[place].finding.grade, grade > old else { return }
            raise(place, dependencies, members, (grade, gate))
            return
        }
        var finding = Finding(kind: kind, signature: signature)
        finding.grade = grade
        finding.gate = gate.map { printedName(of: LockNode($0)) }
        finding.rule = rule
        complete(&finding, members, dependencies)
        for number in dependencies { graph.observations[number].flags.insert(.graded) }
        book.add(.init(finding: finding, dependencies: dependencies, nodes: members))
        counts.findings[kind, default: 0] += 1
        if kind == .cycle, let grade { counts.cyclesByGrade[grade, default: 0] += 1 }
    }

    mutating func raise(
        _ place: Int,
        _ dependencies: [Int],
        _ members: [NodeIndex],
        _ verdict: (grade: Grade, gate: LockClassID?)
    ) {
        var finding = book.entries[place].finding
        let old = finding.grade
        finding.grade = verdict.grade
        finding.gate = verdict.gate.map { printedName(of: LockNode($0)) }
        complete(&finding, members, dependencies)
        for number in dependencies { graph.observations[number].flags.insert(.graded) }
        book.raise(place, to: .init(finding: finding, dependencies: dependencies, nodes: members))
        if finding.kind == .cycle, let old {
            counts.cyclesByGrade[old, default: 0] -= 1
            if counts.cyclesByGrade[old] == 0 { counts.cyclesByGrade[old] = nil }
            counts.cyclesByGrade[verdict.grade, default: 0] += 1
        }
    }

    /// Fills in what follows from the dependencies.
    private func complete(_ finding: inout Finding, _ members: [NodeIndex], _ dependencies: [Int]) {
        describe(&finding, members)
        finding.steps = steps(dependencies, isCycle: finding.kind == .cycle)
        if options.baseline != nil { finding.isNew = finding.steps.contains { $0.isNew == true } }
        finding.tasks = participants(finding.steps)
        finding.text = line(for: finding)
    }

    /// Names, how sure they are, and whether the baseline has the finding.
    func describe(_ finding: inout Finding, _ members: [NodeIndex]) {
        finding.isNew = options.baseline.map { !$0.contains(finding.signature) }
        finding.classes = members.map { printedName($0) }
        finding.naming = []
        finding.namesAreExact = true
        var seen: Set<NodeIndex> = []
        for member in members where seen.insert(member).inserted {
            let lockClass = tables.classes[nodes[member].key.lockClass]
            if lockClass.certainty != .exact { finding.namesAreExact = false }
            finding.naming.append(
                .init(lockClass: printedName(member), how: lockClass.naming, certainty: lockClass.certainty)
            )
        }
    }

    func steps(_ dependencies: [Int], isCycle: Bool) -> [Finding.Step] {
        dependencies.enumerated().map { position, number in
            var step = step(number)
            let isLast = position == dependencies.count - 1
            if isCycle || !isLast {
                let next = graph.order[dependencies[isLast ? 0 : position + 1]]
                step.needsQueuedWriter = step.toMode == .read && next.held != .write
                step.writerSeen = nodes[graph.ends(of: number).to].wasWritten
            }
            return step
        }
    }

    private func step(_ number: Int) -> Finding.Step {
        let ends = graph.ends(of: number)
        let dependency = graph.order[number]
        let observation = graph.observations[number]
        var step = Finding.Step(
            from: printedName(ends.from),
            to: printedName(ends.to),
            fromMode: dependency.held,
            toMode: dependency.acquired
        )
        fill(&step, from: graph.evidence[number])
        step.isDirect = dependency.isDirect
        step.isMay = !observation.flags.contains(.real)
        step.isNew = options.baseline == nil ? nil : observation.flags.contains(.new)
        step.count = UInt64(observation.count)
        return step
    }

    func fill(_ step: inout Finding.Step, from evidence: Evidence) {
        let witness = evidence.witness
        step.task = witness.task.rawValue
        step.pid = witness.pid
        step.comm = tables.names[witness.comm]
        step.cpu = witness.cpu
        step.time = witness.time
        step.test = tables.names[witness.test]
        step.heldSite = tables.names[witness.heldSite]
        step.heldStack = tables.frames(of: witness.heldStack)
        step.site = tables.names[witness.site]
        step.stack = tables.frames(of: witness.stack)
        step.siteCount = Int(evidence.siteCount)
    }

    private func participants(_ steps: [Finding.Step]) -> [Finding.Participant] {
        var seen: Set<UInt64> = []
        return steps.filter { seen.insert($0.task).inserted }.map { step in
            var participant = Finding.Participant(task: step.task, pid: step.pid, comm: step.comm)
            participant.site = step.site
            participant.stack = step.stack
            return participant
        }
    }

    // MARK: Findings of one event

    /// Reports what one event of one task shows.
    mutating func reportEvent(
        _ kind: FindingKind,
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        nodes members: [NodeIndex],
        said: String
    ) {
        let signature = Signature(kind: kind, classes: members.map { key($0) })
        guard book.find(signature) == nil else { return }
        var finding = Finding(kind: kind, signature: signature)
        describe(&finding, members)
        finding.tasks = [participant(event, slot)]
        finding.text = PrintableText.of("\(kind.name): \(said)\(whereabouts(event))")
        book.add(.init(finding: finding, dependencies: [], nodes: members))
        counts.findings[kind, default: 0] += 1
    }

    func participant(_ event: LockEvent, _ slot: TaskLockStacks.Slot) -> Finding.Participant {
        var participant = Finding.Participant(
            task: event.task.rawValue,
            pid: event.pid,
            comm: tables.names[event.comm]
        )
        participant.site = tables.names[event.site]
        participant.stack = tables.frames(of: event.stack)
        participant.holds = stacks.range(slot).map { stacks.entries[$0].mark }
            .filter { $0 != NodeTable.none }
            .map { printedName($0) }
        return participant
    }

    private func whereabouts(_ event: LockEvent) -> String {
        var text = event.comm == .none && event.pid == 0 ? "" : ", \(tables.names[event.comm])/\(event.pid)"
        if event.site != .none { text += " in \(tables.names[event.site])" }
        return text
    }

    // MARK: Findings of one class

    mutating func reportRecursion(
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        _ index: Int,
        _ family: NodeIndex,
        isReal: Bool
    ) {
        let signature = Signature(kind: .recursion, classes: [key(family)])
        guard book.find(signature) == nil else { return }
        let held = stacks.entries[index]
        var finding = Finding(kind: .recursion, signature: signature)
        describe(&finding, [family])
        let name = printedName(family)
        var step = Finding.Step(from: name, to: name, fromMode: held.mode, toMode: event.mode)
        fill(&step, from: Evidence(witness(event, held)))
        step.siteCount = event.site == .none ? 0 : 1
        step.isDirect = index == stacks.range(slot).upperBound - 1
        step.isMay = !isReal
        step.isNew = finding.isNew
        step.needsQueuedWriter = held.mode != .write && event.mode == .read
        step.writerSeen = nodes[family].wasWritten
        finding.steps = [step]
        finding.tasks = [participant(event, slot)]
        let what = held.lock == event.lock ? "the same instance" : "another lock of its class"
        finding.text = PrintableText.of("recursion: \(name) is taken with \(what) held\(whereabouts(event))")
        book.add(.init(finding: finding, dependencies: [], nodes: [family]))
        counts.findings[.recursion, default: 0] += 1
    }

    /// Notes in which order two instances of one family were taken, and reports if both were seen.
    mutating func observeInstances(
        _ event: LockEvent,
        _ slot: TaskLockStacks.Slot,
        _ index: Int,
        _ family: NodeIndex,
        isReal: Bool
    ) {
        guard !stacks.entries[index].isReused, !event.flags.contains(.reused) else { return }
        let held = stacks.entries[index]
        let lockClass = nodes[family].key.lockClass
        let first = graph.instances.number(held.lock, of: lockClass)
        let second = graph.instances.number(event.lock, of: lockClass)
        if first.hasForgotten || second.hasForgotten { return inversions.removeAll() }
        let (place, isForward) = inversions.place(first.number, second.number)
        var pair = inversions.pairs[place]
        var mine = isForward ? pair.forward : pair.backward
        let kind = InversionTable.kind(held: held.mode, taken: event.mode)
        if mine.kinds == 0 {
            mine.evidence = Evidence(witness(event, held))
            guard addGates(to: &mine.evidence, slot, besides: index) else { return inversions.removeAll() }
            mine.heldMode = held.mode
            mine.takenMode = event.mode
            mine.isMay = !isReal
        } else {
            _ = mine.evidence.keepGates { gate in
                graph.instances.lock(gate).map { holdsExclusively($0, slot, besides: index) } ?? false
            }
            if mine.evidence.witness.task != event.task { mine.evidence.hasSecondTask = true }
            if isReal { mine.isMay = false }
        }
        mine.evidence.add(site: event.site)
        mine.kinds |= kind
        mine.count &+= 1
        if isForward { pair.forward = mine } else { pair.backward = mine }
        inversions.pairs[place] = pair
        guard InversionTable.block(pair.forward.kinds, pair.backward.kinds) else { return }
        reportInversion(isForward ? pair.backward : pair.forward, mine, family)
    }

    /// Adds the locks held around; false when older numbers were forgotten for them.
    private mutating func addGates(to evidence: inout Evidence, _ slot: TaskLockStacks.Slot, besides index: Int) -> Bool
    {
        for position in stacks.range(slot) where position != index && isGate(stacks.entries[position]) {
            guard evidence.gateCount < Evidence.gateLimit else { return true }
            let lock = stacks.entries[position]
            let gate = graph.instances.number(lock.lock, of: nodes[lock.mark].key.lockClass)
            if gate.hasForgotten { return false }
            evidence.add(gate: gate.number)
        }
        return true
    }

    private mutating func reportInversion(
        _ earlier: InversionTable.Direction,
        _ later: InversionTable.Direction,
        _ family: NodeIndex
    ) {
        let gate = (0..<Int(earlier.evidence.gateCount)).map { earlier.evidence.gates[$0] }.first { gate in
            (0..<Int(later.evidence.gateCount)).contains { later.evidence.gates[$0] == gate }
        }
        let haveTwoTasks =
            earlier.evidence.hasSecondTask || later.evidence.hasSecondTask
            || earlier.evidence.witness.task != later.evidence.witness.task
        let grade: Grade = gate != nil ? .guarded : haveTwoTasks ? .bound : .classOnly
        let signature = Signature(kind: .inversion, classes: [key(family)])
        let known = book.find(signature)
        if let known, let old = book.entries[known].finding.grade, old >= grade { return }

        var finding = Finding(kind: .inversion, signature: signature)
        finding.grade = grade
        finding.gate = gate.flatMap { graph.instances.lockClass($0) }.map { printedName(of: LockNode($0)) }
        describe(&finding, [family])
        let name = printedName(family)
        finding.steps = [earlier, later].map { direction in
            var step = Finding.Step(
                from: name,
                to: name,
                fromMode: direction.heldMode,
                toMode: direction.takenMode
            )
            fill(&step, from: direction.evidence)
            step.isMay = direction.isMay
            step.count = direction.count
            step.isNew = finding.isNew
            step.writerSeen = nodes[family].wasWritten
            return step
        }
        finding.steps[0].needsQueuedWriter = earlier.takenMode == .read && later.heldMode != .write
        finding.steps[1].needsQueuedWriter = later.takenMode == .read && earlier.heldMode != .write
        finding.tasks = participants(finding.steps)
        finding.text = line(for: finding)
        let entry = FindingBook.Entry(finding: finding, dependencies: [], nodes: [family])
        if let known {
            book.raise(known, to: entry)
        } else {
            book.add(entry)
            counts.findings[.inversion, default: 0] += 1
        }
    }

    // MARK: One line

    /// A graded finding in one line.
    private func line(for finding: Finding) -> String {
        var text = finding.kind.name
        if let grade = finding.grade { text += " (\(grade.name))" }
        switch finding.kind {
        case .cycle:
            text += ": " + (finding.classes + finding.classes.prefix(1)).joined(separator: " -> ")
        case .inversion:
            text += ": two instances of \(finding.classes.joined()) are taken in both orders"
        case .rule:
            text += ": \(finding.rule ?? "") by " + finding.classes.joined(separator: " -> ")
        default:
            text += ": " + finding.classes.joined(separator: " -> ")
        }
        if finding.steps.contains(where: \.isMay) { text += ", MAY" }
        if let gate = finding.gate { text += ", all under \(gate)" }
        if let last = finding.steps.last, last.pid != 0 || !last.comm.isEmpty {
            text += ", \(last.comm)/\(last.pid)"
            if !last.site.isEmpty { text += " in \(last.site)" }
        }
        return PrintableText.of(text)
    }
}
