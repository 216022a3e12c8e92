// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

/// Lock events as a timeline for ui.perfetto.dev: a task's held locks as slices in slices, waits before them, dependencies as
/// arrows where they first arose, findings and losses as instants, tests on a track of their own.
///
///     var export = try PerfettoExport("out.perfetto", options: EngineOptions())
///     while let packet = try replay.next(into: &export) { export.noteDropped(packet.discarded, at: packet.time) }
///     let counts = try export.finish()
///
/// Judges the events by an engine of its own, for the findings. Memory follows the tasks alive and their open episodes
/// (``TaskTimeline``), not the events.
public struct PerfettoExport: LockEventSink, ~Copyable {
    /// What was written.
    public struct Counts: Sendable {
        /// Slices of held locks and of waits.
        public var slices = 0
        /// Arrows.
        public var dependencies = 0
        /// Findings.
        public var findings = 0
        /// Bytes of the file.
        public var bytes = 0
    }

    private var engine: LockOrderEngine
    private var drawing: TimelineDrawing
    /// Task to an index of ``lines``.
    private var lineIndex = FlatTable()
    private var lines: [TaskTimeline] = []
    private var freeLines: [Int] = []
    /// Pairs of classes that have their arrow.
    private var dependencies = FlatTable()
    /// Whether the event at hand does, for classes, modes and subclasses: most events need no look at the table.
    private var addsDependency = false
    private var nextFlow: UInt64 = 1
    private var counts = Counts()
    /// The test that runs.
    private var test = NameID.none
    /// The latest time of any event.
    private var now: UInt64 = 0
    private var heldCount = 0
    private var waitingCount = 0
    private var dropped: UInt64 = 0
    /// Who holds each lock, as an index of ``lines``.
    private var holders = FlatTable()

    /// Creates or replaces a file, once all is written.
    public init(_ name: String, options: EngineOptions) throws(FileError) {
        drawing = try TimelineDrawing(name)
        var options = options
        // Each slice shows its own.
        options.keepsTimes = false
        engine = LockOrderEngine(options: options)
    }

    /// The tables that events refer to: those of the engine that judges them.
    public var tables: EventTables {
        _read { yield engine.tables }
        _modify { yield &engine.tables }
    }

    // MARK: The sink

    /// Takes in an event.
    public mutating func consume(_ event: LockEvent) {
        let known = engine.dependencyCount
        engine.consume(event)
        addsDependency = engine.dependencyCount > known
        draw(event)
        drawFindings()
    }

    /// Takes in an event with the locks its task held.
    public mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {
        let known = engine.dependencyCount
        engine.consume(event, held: held)
        addsDependency = engine.dependencyCount > known
        if event.operation != .lost, event.operation != .initialize { agree(event, held) }
        draw(event)
        drawFindings()
    }

    /// Ends every slice: what tasks hold is unknown.
    public mutating func loseAllStacks() {
        engine.loseAllStacks()
        drawing.loss("Stacks of all tasks unknown", at: now)
        loseAll()
    }

    /// Goes on with the better one of two classes; what was drawn keeps its name.
    public mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {
        engine.unify(kept, gone)
        drawing.unify(kept, gone)
    }

    /// Draws the test that runs from now on.
    public mutating func run(_ test: NameID, from time: UInt64) {
        engine.run(test, from: time)
        // A capture's files each tell it.
        if test == self.test { return }
        self.test = test
        drawing.test(engine.tables.names[test], from: time)
        if time > now { now = time }
    }

    /// Tells the time.
    public mutating func advance(to time: UInt64) {
        engine.advance(to: time)
        if time > now { now = time }
        drawFindings()
    }

    /// Shows that the kernel had dropped so many records by then.
    public mutating func noteDropped(_ total: UInt64, at time: UInt64) {
        guard total != dropped else { return }
        drawing.drops(total - min(total, dropped), total, at: time)
        dropped = total
    }

    /// Writes what is left. Locks that are still held get slices without an end.
    public mutating func finish() throws(FileError) -> Counts {
        engine.finish()
        drawFindings()
        drawing.test("", from: now)
        for line in lines.indices { write(line, isLast: true) }
        drawing.counters(held: heldCount, waiting: waitingCount, at: now, isLast: true)
        counts.slices = drawing.slices
        counts.bytes = try drawing.finish()
        return counts
    }

    private mutating func drawFindings() {
        guard engine.hasNewFindings else { return }
        for finding in engine.takeNewFindings() {
            counts.findings += 1
            drawing.finding(finding, at: now)
        }
    }

    // MARK: Tasks

    private mutating func line(of task: TaskID) -> Int {
        let found = lineIndex.find(task.rawValue)
        if found != FlatTable.absent { return Int(found) }
        let line: Int
        if let free = freeLines.popLast() {
            line = free
            lines[free] = TaskTimeline(task)
        } else {
            line = lines.count
            lines.append(TaskTimeline(task))
        }
        lineIndex.insert(task.rawValue, UInt32(line))
        return line
    }

    private mutating func write(_ line: Int, isLast: Bool = false) {
        guard !lines[line].items.isEmpty else { return }
        drawing.draw(&lines[line], engine.tables, isLast: isLast)
    }

    // MARK: Events

    private mutating func draw(_ event: LockEvent) {
        if event.operation == .initialize { return }
        if event.operation == .lost {
            if event.flags.contains(.allTasks) { loseAll() } else { lose(line(of: event.task), at: now) }
            return
        }
        let line = line(of: event.task)
        // A source without times: one event after the other.
        let time = max(event.time == 0 ? now + 1000 : event.time, lines[line].now)
        if time > now { now = time }
        lines[line].now = time
        if event.comm != .none { lines[line].comm = event.comm }
        if event.test != .none, event.test != test {
            test = event.test
            drawing.test(engine.tables.names[test], from: time)
        }
        switch event.operation {
        case .attempt:
            // Said twice (by the function's entry and by contention) it is one wait.
            if let waiting = lines[line].waiting, lines[line].items[waiting].lock == event.lock { break }
            stopWaiting(line, at: time, note: "its end was not seen")
            drawDependencies(line, event, at: time, note: "waits for")
            lines[line].wait(event, at: time)
            waitingCount += 1
            noteWaiter(event, line)
        case .fail: stopWaiting(line, at: time, note: "not taken")
        case .acquire, .tryAcquire: take(line, event, at: time)
        case .may: drawDependencies(line, event, at: time, note: "may take")
        case .release: release(line, event.lock, at: time)
        case .downgrade:
            if let index = lines[line].slice(of: event.lock) {
                var reader = HeldLock(lock: event.lock, lockClass: lines[line].items[index].lockClass, mode: .read)
                reader.site = lines[line].items[index].site
                lines[line].letGo(event.lock, at: time, note: "downgraded")
                lines[line].hold(reader, at: time)
            }
        case .exit:
            lose(line, at: time)
            lineIndex.remove(event.task.rawValue)
            freeLines.append(line)
        case .initialize, .lost: break
        }
        if lines[line].isIdle || lines[line].items.count >= TaskTimeline.limit { write(line) }
        drawing.counters(held: heldCount, waiting: waitingCount, at: now, isLast: false)
    }

    private mutating func take(_ line: Int, _ event: LockEvent, at time: UInt64) {
        let hasWaited = lines[line].waiting != nil
        stopWaiting(line, at: time)
        // An arrow's beginning comes before its end, also where both have one time.
        let isBlocking = event.operation == .acquire || event.flags.contains(.blocking)
        let flows = isBlocking && !hasWaited ? markDependencies(line, event, at: time) : []
        lines[line].hold(HeldLock(event), at: time)
        if !flows.isEmpty { lines[line].remark(lines[line].items.count - 1) { $0.flowsIn = flows } }
        heldCount += 1
        holders.insert(event.lock.rawValue, UInt32(line))
    }

    private mutating func release(_ line: Int, _ lock: LockID, at time: UInt64) {
        let holder = holders.remove(lock.rawValue)
        if lines[line].letGo(lock, at: time) {
            heldCount -= 1
        } else if holder != FlatTable.absent, Int(holder) != line {
            let holder = Int(holder)
            if lines[holder].letGo(lock, at: max(time, lines[holder].now), note: "released by another task") {
                heldCount -= 1
            }
            if lines[holder].isIdle { write(holder) }
        }
    }

    private mutating func stopWaiting(_ line: Int, at time: UInt64, note: String = "") {
        guard lines[line].waiting != nil else { return }
        waitingCount -= 1
        lines[line].stopWaiting(at: time, note: note)
    }

    /// Who holds the lock now holds up the task.
    private mutating func noteWaiter(_ event: LockEvent, _ line: Int) {
        let holder = holders.find(event.lock.rawValue)
        guard holder != FlatTable.absent, let index = lines[Int(holder)].slice(of: event.lock) else { return }
        let waiter = TimelineDrawing.title(lines[line], engine.tables)
        lines[Int(holder)].remark(index) { if $0.waiters.count < 8 { $0.waiters.append(waiter) } }
    }

    /// Begins an arrow in the slice of each held lock whose class no task had held before when it took one of the event's.
    private mutating func markDependencies(_ line: Int, _ event: LockEvent, at time: UInt64) -> [UInt64] {
        let to = drawing.current(event.lockClass)
        guard addsDependency, to != .none else { return [] }
        var flows: [UInt64] = []
        for slice in lines[line].held {
            let from = drawing.current(lines[line].items[slice].lockClass)
            guard from != .none, from != to else { continue }
            let key = UInt64(from.rawValue) << 32 | UInt64(to.rawValue)
            guard dependencies.find(key) == FlatTable.absent else { continue }
            dependencies.insert(key, 1)
            let note = "-> \(engine.tables.classes[to].name)"
            lines[line].mark(to, within: slice, at: time, note: note, flowsOut: [nextFlow])
            flows.append(nextFlow)
            nextFlow += 1
            counts.dependencies += 1
        }
        return flows
    }

    /// Draws arrows to a mark where the task has no slice of the lock: it waits, or only might have taken it.
    private mutating func drawDependencies(_ line: Int, _ event: LockEvent, at time: UInt64, note: String) {
        let flows = markDependencies(line, event, at: time)
        guard !flows.isEmpty, let innermost = lines[line].held.last else { return }
        let name = engine.tables.classes[drawing.current(event.lockClass)].name
        lines[line].mark(event.lockClass, within: innermost, at: time, note: "\(note) \(name)", flowsIn: flows)
    }

    /// Makes a task's slices agree with what its record shows.
    private mutating func agree(_ event: LockEvent, _ held: Span<HeldLock>) {
        let line = line(of: event.task)
        var agrees = held.count == lines[line].held.count
        for index in held.indices where agrees {
            agrees = lines[line].items[lines[line].held[index]].lock == held[index].lock
        }
        if agrees { return }
        let time = max(event.time, lines[line].now)
        var shown: Set<LockID> = []
        for index in held.indices { shown.insert(held[index].lock) }
        for index in lines[line].held where !shown.contains(lines[line].items[index].lock) {
            lines[line].letGo(lines[line].items[index].lock, at: time, note: "its release was not seen")
            heldCount -= 1
        }
        for index in held.indices where lines[line].slice(of: held[index].lock) == nil {
            lines[line].hold(held[index], at: time, note: "taken before, unseen")
            heldCount += 1
            holders.insert(held[index].lock.rawValue, UInt32(line))
        }
    }

    private mutating func loseAll() { for line in lines.indices { lose(line, at: now) } }

    /// Ends what a task has open: nobody knows how it goes on.
    private mutating func lose(_ line: Int, at time: UInt64) {
        let time = max(time, lines[line].now)
        for index in lines[line].held {
            lines[line].items[index].end = time
            lines[line].remark(index) { $0.note = "its end was not seen" }
            holders.remove(lines[line].items[index].lock.rawValue)
        }
        heldCount -= lines[line].held.count
        lines[line].held = []
        stopWaiting(line, at: time)
        lines[line].now = time
        write(line)
    }
}
