// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// Lock events in, findings out: the engine that every front-end shares.
///
///     var engine = LockOrderEngine(options: EngineOptions(rules: [try LockRule(parsing: "mmap_lock -> barrier_mutex")]))
///     engine.consume(event)
///     for finding in engine.takeNewFindings() { print(finding.text) }
///
/// Deterministic: the same events give the same findings in the same order. It knows no clock but the events' time, no files
/// and no kernel. To be used by one thread at a time.
///
/// A known dependency costs one hash probe; an event allocates nothing unless it brings something new. Memory follows the
/// classes, the dependencies and the tasks alive, never the number of events.
public struct LockOrderEngine: Sendable {
    /// The names, stacks and classes that events refer to. Whoever decodes events fills them.
    public var tables = EventTables()
    /// What the run wants.
    public let options: EngineOptions

    var stacks = TaskLockStacks()
    var nodes = NodeTable()
    var graph = DependencyGraph()
    var rules: RuleTracker
    @usableFromInline var book = FindingBook()
    var inversions = InversionTable()
    /// How long locks were held and waited for, as far as the run keeps times (``EngineOptions/keepsTimes``).
    public internal(set) var times = LockTimes()
    /// Locks that stay held after their task, by permission.
    var orphans: [HeldLock] = []
    /// How many classes bear a name, and which of them a class is.
    var namesakes: [String: Int] = [:]
    var displayNumbers: [UInt32: Int] = [:]
    /// What events that do not tell their test belong to.
    var runningTest = RunningTest()
    var counts = EngineSummary()
    /// Acquisitions consumed, by class as the events name it.
    var acquisitions: [UInt64] = []
    /// The latest time that an event or the caller told.
    var now: UInt64 = 0
    var nextDeadlockSearch: UInt64 = 0
    var eventsSinceDeadlockSearch = 0
    let isInstancePolicy: Bool
    var learner: AnnotationLearner?
    var binding: AnnotationBinding?
    /// Room for held locks that a record shows. Kept for its capacity.
    var shown: [HeldLock] = []

    /// Creates an engine that has seen nothing.
    public init(options: EngineOptions = EngineOptions()) {
        self.options = options
        rules = RuleTracker(options.rules)
        isInstancePolicy = options.sameClass == .instance
        learner = options.learnsAnnotations ? AnnotationLearner() : nil
        binding = options.annotations.map { AnnotationBinding($0) }
        if options.isFiltered { stacks.loseAll() }
    }

    /// Takes in one event. The task's stack is rebuilt from the events before it.
    public mutating func consume(_ event: LockEvent) {
        note(event)
        if event.operation == .lost || event.operation == .initialize {
            handleWithoutStack(event)
            return
        }
        let slot = stacks.slot(of: event.task)
        if options.isFiltered { forgetUnshown(event, slot) }
        if event.depth != LockEvent.unknownDepth { compareDepth(event, slot) }
        handle(event, slot)
        if options.isFiltered { forgetUnshown(nil, slot) }
    }

    /// Takes in one event whose record carries all locks its task held before it, outermost first.
    ///
    /// The stack is known then, whatever was lost. A difference to the rebuilt one counts as a resync.
    public mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {
        note(event)
        if event.operation == .lost || event.operation == .initialize {
            handleWithoutStack(event)
            return
        }
        let slot = stacks.slot(of: event.task)
        let differs: Bool
        if binding == nil {
            differs = stacks.show(held, slot)
        } else {
            let annotated = annotated(held)
            differs = stacks.show(annotated.span, slot)
            shown = annotated
        }
        if differs, !options.isFiltered { counts.resyncs += 1 }
        markHeld(slot)
        handle(event, slot)
        if options.isFiltered { forgetUnshown(nil, slot) }
    }

    /// Makes every task's stack unknown, until it is shown whole or empty: records were lost that nobody can attribute.
    public mutating func loseAllStacks() {
        counts.losses += 1
        stacks.loseAll()
        orphans.removeAll()
    }

    /// From this time on another test runs, or none (`.none`). An event that tells its own test keeps it.
    public mutating func run(_ test: NameID, from time: UInt64) { runningTest.change(to: test, at: time) }

    /// Tells the time where no event does, so that a circle of waiting tasks is reported on a quiet system.
    public mutating func advance(to time: UInt64) {
        if time > now { now = time }
        if let persistence = options.deadlockPersistence, stacks.waitingCount > 0 {
            findDeadlocks(lasting: persistence)
        }
    }

    /// Ends the run: circles of waiting tasks that are left are reported however short they lasted.
    public mutating func finish() {
        if options.deadlockPersistence != nil, stacks.waitingCount > 0 { findDeadlocks(lasting: 0) }
    }
}

// MARK: - One event

extension LockOrderEngine {
    private mutating func note(_ event: LockEvent) {
        counts.events &+= 1
        if event.operation == .acquire || event.operation == .tryAcquire { countAcquisition(event.lockClass) }
        if event.time > now { now = event.time }
        if stacks.waitingCount > 0 { searchDeadlocksIfDue() }
    }

    private mutating func handleWithoutStack(_ event: LockEvent) {
        if event.operation == .initialize {
            initialize(event)
        } else if event.flags.contains(.allTasks) {
            loseAllStacks()
        } else {
            counts.losses += 1
            stacks.lose(stacks.slot(of: event.task))
            // Among what was lost may be that a lock was initialised: two locks of one address need not be the same.
            inversions.removeAll()
        }
    }

    /// In a filtered stream a stack is good for the record that shows it, and for as long as its task waits.
    private mutating func forgetUnshown(_ event: LockEvent?, _ slot: TaskLockStacks.Slot) {
        guard slot < stacks.slotCount, stacks.isKnown(slot) else { return }
        if let event {
            let endsWait = event.operation == .acquire || event.operation == .tryAcquire || event.operation == .fail
            if endsWait, stacks.isWaiting(for: event.lock, slot) { return }
        } else if stacks.isWaiting(slot) {
            return
        }
        stacks.lose(slot)
    }

    /// Holds the source's count of held locks against the rebuilt stack.
    private mutating func compareDepth(_ event: LockEvent, _ slot: TaskLockStacks.Slot) {
        let depth = stacks.shownDepth(slot)
        if event.depth == 0 {
            if depth != 0 { counts.resyncs += 1 }
            if depth != 0 || !stacks.isKnown(slot) { stacks.showEmpty(slot) }
        } else if stacks.isKnown(slot), depth != Int(event.depth) {
            counts.losses += 1
            stacks.lose(slot)
        }
    }

    private mutating func handle(_ told: LockEvent, _ slot: TaskLockStacks.Slot) {
        var event = told
        if learner != nil || binding != nil { annotate(&event, slot) }
        switch event.operation {
        case .acquire:
            guard stacks.isKnown(slot) else { return skip() }
            let isRecorded = stacks.isWaiting(for: event.lock, slot)
            if isRecorded { endWait(slot, at: event.time) }
            take(event, slot, record: !isRecorded)
        case .tryAcquire:
            guard stacks.isKnown(slot) else { return skip() }
            if stacks.isWaiting(for: event.lock, slot) { endWait(slot, at: event.time) }
            take(event, slot, record: event.flags.contains(.blocking))
        case .attempt:
            guard stacks.isKnown(slot) else { return skip() }
            // Said twice (by the function's entry and by contention) it is one attempt, as old as the first.
            if stacks.isWaiting(for: event.lock, slot) { return }
            enterContext(event, slot)
            let node = acquire(event, slot, isReal: true)
            if event.mode == .write, node != NodeTable.none { nodes.noteWriter(node) }
            if !stacks.isWaiting(slot) || !isSpinning(node) {
                var event = event
                // A deadlock is found long after.
                if event.test == .none { event.test = runningTest.name(at: event.time) }
                stacks.wait(event, slot)
            }
        case .may:
            guard stacks.isKnown(slot) else { return skip() }
            _ = acquire(event, slot, isReal: false)
        case .fail:
            if stacks.isWaiting(for: event.lock, slot) { endWait(slot, at: event.time) }
            if stacks.isKnown(slot), event.context != .none { leaveContextIfLast(event.context, slot) }
        case .release:
            release(event, slot)
        case .downgrade:
            if let writer = stacks.downgrade(event.lock, slot, at: event.time) { noteHold(writer, until: event.time) }
        case .exit:
            exit(event, slot)
        case .initialize, .lost:
            break
        }
    }

    private mutating func skip() { counts.skippedAcquisitions &+= 1 }

    private mutating func take(_ event: LockEvent, _ slot: TaskLockStacks.Slot, record: Bool) {
        enterContext(event, slot)
        var held = HeldLock(event)
        held.mark = record ? acquire(event, slot, isReal: true) : node(of: held, above: stacks.range(slot))
        if event.mode == .write, held.mark != NodeTable.none { nodes.noteWriter(held.mark) }
        if event.nest != .none, held.isTrylock, held.mark != NodeTable.none { checkNest(event, slot, held.mark) }
        if !stacks.push(held, slot) { counts.losses += 1 }
        let depth = stacks.depth(slot)
        if depth > counts.maximumDepth { counts.maximumDepth = depth }
    }

    /// Takers of these wait with preemption off; such a wait may lie inside the wait for a sleeping lock.
    private func isSpinning(_ node: NodeIndex) -> Bool {
        guard node != NodeTable.none else { return false }
        return nodes[node].type == .spin || nodes[node].type == .rwlock
    }
}
