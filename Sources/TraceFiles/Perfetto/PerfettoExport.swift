// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

/// Lock events as a timeline for ui.perfetto.dev: a task's held locks as slices in slices, waits before them, dependencies as
/// arrows where they first arose, findings and losses as instants.
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
    private var writer: PerfettoWriter
    private var tasks: [TaskID: TaskTimeline] = [:]
    private var names: [UInt64: UInt64] = [:]
    private var sites: [NameID: UInt64] = [:]
    private var dependencies: Set<UInt64> = []
    private var nextFlow: UInt64 = 1
    private var counts = Counts()
    private var unified: [LockClassID: LockClassID] = [:]
    /// The latest time of any event.
    private var now: UInt64 = 0
    private var heldCount = 0
    private var waitingCount = 0
    private var shownCounts = (at: UInt64(0), held: -1, waiting: -1)
    private var dropped: UInt64 = 0
    /// Who holds each lock, for those who wait for it.
    private var holders: [LockID: TaskID] = [:]

    private let findingTrack: PerfettoWriter.Track
    private let lossTrack: PerfettoWriter.Track
    private let heldCounter: PerfettoWriter.Track
    private let waitingCounter: PerfettoWriter.Track
    private let dropCounter: PerfettoWriter.Track

    /// Creates or replaces a file, once all is written.
    public init(_ name: String, options: EngineOptions) throws(FileError) {
        var writer = try PerfettoWriter(name)
        findingTrack = writer.track("Findings")
        lossTrack = writer.track("Losses")
        heldCounter = writer.counter("Locks held")
        waitingCounter = writer.counter("Tasks waiting for locks")
        dropCounter = writer.counter("Records dropped")
        self.writer = writer
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
        engine.consume(event)
        draw(event)
        drawFindings()
    }

    /// Takes in an event with the locks its task held.
    public mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {
        engine.consume(event, held: held)
        if event.operation != .lost, event.operation != .initialize { agree(event, held) }
        draw(event)
        drawFindings()
    }

    /// Ends every slice: what tasks hold is unknown.
    public mutating func loseAllStacks() {
        engine.loseAllStacks()
        loss("Stacks of all tasks unknown", at: now)
        for task in tasks.keys { lose(task, at: now) }
    }

    /// Goes on with the better one of two classes; what was drawn keeps its name.
    public mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {
        engine.unify(kept, gone)
        unified[gone] = kept
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
        loss("\(total - min(total, dropped)) records dropped", at: time)
        writer.count(dropCounter, at: time, total)
        dropped = total
    }

    /// Writes what is left. Locks that are still held get slices without an end.
    public mutating func finish() throws(FileError) -> Counts {
        engine.finish()
        drawFindings()
        // Whatever order the table has, the file's is the tasks'.
        for task in tasks.keys.sorted(by: { $0.rawValue < $1.rawValue }) { write(task, isLast: true) }
        showCounts(force: true)
        try writer.finish()
        counts.bytes = writer.bytesWritten
        return counts
    }

    // MARK: Events

    private mutating func draw(_ event: LockEvent) {
        if event.operation == .lost {
            if event.flags.contains(.allTasks) {
                for task in tasks.keys { lose(task, at: now) }
            } else {
                lose(event.task, at: now)
            }
            return
        }
        let line = tasks[event.task] ?? TaskTimeline()
        // A source without times: one event after the other.
        let time = max(event.time == 0 ? now + 1000 : event.time, line.now)
        if time > now { now = time }
        draw(event, at: time)
        showCounts(force: false)
    }

    private mutating func draw(_ event: LockEvent, at time: UInt64) {
        var line = tasks.removeValue(forKey: event.task) ?? TaskTimeline()
        line.now = time
        if event.comm != .none { line.comm = event.comm }
        var isOver = false
        switch event.operation {
        case .attempt:
            stopWaiting(&line, at: time)
            drawDependencies(&line, event, at: time, note: "waits for")
            line.wait(event, at: time)
            waitingCount += 1
            noteWaiter(event, line)
        case .fail:
            stopWaiting(&line, at: time, note: "not taken")
        case .acquire, .tryAcquire:
            let hasWaited = line.waiting != nil
            stopWaiting(&line, at: time)
            // An arrow's beginning comes before its end, also where both have one time.
            let isBlocking = event.operation == .acquire || event.flags.contains(.blocking)
            let flows = isBlocking && !hasWaited ? markDependencies(&line, event, at: time) : []
            line.hold(HeldLock(event), at: time)
            line.items[line.items.count - 1].flowsIn = flows
            heldCount += 1
            holders[event.lock] = event.task
        case .may:
            drawDependencies(&line, event, at: time, note: "may take")
        case .release:
            if line.letGo(event.lock, at: time) {
                heldCount -= 1
            } else if let holder = holders[event.lock], holder != event.task {
                letGo(event.lock, of: holder, at: time)
            }
            holders[event.lock] = nil
        case .downgrade:
            if let index = line.slice(of: event.lock) {
                var reader = HeldLock(lock: event.lock, lockClass: line.items[index].lockClass, mode: .read)
                reader.site = line.items[index].site
                line.letGo(event.lock, at: time, note: "downgraded")
                line.hold(reader, at: time)
            }
        case .exit: isOver = true
        case .initialize, .lost: break
        }
        tasks[event.task] = line
        if isOver {
            lose(event.task, at: time)
            tasks[event.task] = nil
        } else if line.isIdle || line.items.count >= TaskTimeline.limit {
            write(event.task, isLast: false)
        }
    }

    /// A task released what another one holds.
    private mutating func letGo(_ lock: LockID, of holder: TaskID, at time: UInt64) {
        guard var line = tasks.removeValue(forKey: holder) else { return }
        if line.letGo(lock, at: max(time, line.now), note: "released by another task") { heldCount -= 1 }
        let isIdle = line.isIdle
        tasks[holder] = line
        if isIdle { write(holder, isLast: false) }
    }

    private mutating func stopWaiting(_ line: inout TaskTimeline, at time: UInt64, note: String = "") {
        if line.waiting != nil { waitingCount -= 1 }
        line.stopWaiting(at: time, note: note)
    }

    /// Who holds the lock now holds up the task.
    private mutating func noteWaiter(_ event: LockEvent, _ line: TaskTimeline) {
        guard let holder = holders[event.lock], let index = tasks[holder]?.slice(of: event.lock) else { return }
        guard let count = tasks[holder]?.items[index].waiters.count, count < 8 else { return }
        let waiter = title(event.task, line.comm)
        tasks[holder]?.items[index].waiters.append(waiter)
    }

    /// Begins an arrow in the slice of each held lock whose class no task had held before when it took one of the event's.
    private mutating func markDependencies(
        _ line: inout TaskTimeline,
        _ event: LockEvent,
        at time: UInt64
    ) -> [UInt64] {
        let to = current(event.lockClass)
        guard to != .none else { return [] }
        var flows: [UInt64] = []
        for slice in line.held {
            let from = current(line.items[slice].lockClass)
            guard from != .none, from != to else { continue }
            guard dependencies.insert(UInt64(from.rawValue) << 32 | UInt64(to.rawValue)).inserted else { continue }
            line.mark(to, within: slice, at: time, note: "-> \(engine.tables.classes[to].name)", flowsOut: [nextFlow])
            flows.append(nextFlow)
            nextFlow += 1
            counts.dependencies += 1
        }
        return flows
    }

    /// Draws arrows to a mark where the task has no slice of the lock: it waits, or only might have taken it.
    private mutating func drawDependencies(
        _ line: inout TaskTimeline,
        _ event: LockEvent,
        at time: UInt64,
        note: String
    ) {
        let flows = markDependencies(&line, event, at: time)
        guard !flows.isEmpty, let innermost = line.held.last else { return }
        let name = engine.tables.classes[current(event.lockClass)].name
        line.mark(event.lockClass, within: innermost, at: time, note: "\(note) \(name)", flowsIn: flows)
    }

    /// Makes a task's slices agree with what its record shows.
    private mutating func agree(_ event: LockEvent, _ held: Span<HeldLock>) {
        var line = tasks.removeValue(forKey: event.task) ?? TaskTimeline()
        let time = max(event.time, line.now)
        var agrees = held.count == line.held.count
        for index in held.indices where agrees {
            agrees = line.items[line.held[index]].lock == held[index].lock
        }
        if !agrees {
            var shown: Set<LockID> = []
            for index in held.indices { shown.insert(held[index].lock) }
            for index in line.held where !shown.contains(line.items[index].lock) {
                line.letGo(line.items[index].lock, at: time, note: "its release was not seen")
                heldCount -= 1
            }
            for index in held.indices where line.slice(of: held[index].lock) == nil {
                line.hold(held[index], at: time, note: "taken before, unseen")
                heldCount += 1
                holders[held[index].lock] = event.task
            }
        }
        tasks[event.task] = line
    }

    /// Ends what a task has open: nobody knows how it goes on.
    private mutating func lose(_ task: TaskID, at time: UInt64) {
        guard var line = tasks[task] else { return }
        let time = max(time, line.now)
        for index in line.held {
            line.items[index].end = time
            line.items[index].note = "its end was not seen"
            holders[line.items[index].lock] = nil
        }
        heldCount -= line.held.count
        line.held = []
        stopWaiting(&line, at: time)
        line.now = time
        tasks[task] = line
        write(task, isLast: false)
    }

    // MARK: Drawing

    private mutating func write(_ task: TaskID, isLast: Bool) {
        guard var line = tasks[task], !line.items.isEmpty else { return }
        if !line.tracks.isEmpty, line.comm != line.shownComm { writer.rename(line.tracks[0], title(task, line.comm)) }
        line.shownComm = line.comm
        for step in TimelineLayout.steps(line.items, isLast: isLast) {
            switch step {
            case .begin(let index, let lane):
                let track = self.track(lane, task, &line)
                let item = line.items[index]
                counts.slices += 1
                writer.begin(
                    track,
                    at: item.begin,
                    name: name(of: item),
                    category: item.kind == .wait ? .wait : .held,
                    annotations(item),
                    flowsIn: item.flowsIn
                )
                if item.end == TaskTimeline.open { line.items[index].begunOn = lane }
            case .end(_, let lane, let time):
                writer.end(track(lane, task, &line), at: time)
            case .instant(let index, let lane):
                let item = line.items[index]
                writer.instant(
                    track(lane, task, &line),
                    at: item.begin,
                    name: writer.name(item.note),
                    category: .dependency,
                    flowsOut: item.flowsOut,
                    flowsIn: item.flowsIn
                )
            }
        }
        line.forgetWritten()
        tasks[task] = line
    }

    private mutating func track(_ lane: Int, _ task: TaskID, _ line: inout TaskTimeline) -> PerfettoWriter.Track {
        while line.tracks.count <= lane {
            let isFirst = line.tracks.isEmpty
            let name = title(task, line.comm) + (isFirst ? "" : ", out of order \(line.tracks.count)")
            line.tracks.append(writer.track(name, parent: isFirst ? 0 : line.tracks[0]))
        }
        return line.tracks[lane]
    }

    private func title(_ task: TaskID, _ comm: NameID) -> String {
        let name = engine.tables.names[comm]
        return name.isEmpty ? "task \(task.rawValue)" : "\(name)/\(task.rawValue)"
    }

    private mutating func name(of item: TaskTimeline.Item) -> UInt64 {
        let lockClass = current(item.lockClass)
        let isRead = item.mode != .write
        let key = UInt64(lockClass.rawValue) << 2 | (isRead ? 2 : 0) | (item.kind == .wait ? 1 : 0)
        if let known = names[key] { return known }
        let name = lockClass == .none ? "lock" : engine.tables.classes[lockClass].name
        let text = (item.kind == .wait ? "wait for " : "") + name + (isRead ? " (R)" : "")
        let number = writer.name(text)
        names[key] = number
        return number
    }

    private mutating func annotations(_ item: TaskTimeline.Item) -> [PerfettoWriter.Annotation] {
        var list: [PerfettoWriter.Annotation] = [
            .interned(.mode, writer.value(item.mode.name)), .pointer(.lock, item.lock.rawValue),
        ]
        if item.site != .none { list.append(.interned(.site, site(item.site))) }
        if !item.waiters.isEmpty { list.append(.text(.waitedBy, item.waiters.joined(separator: ", "))) }
        if !item.note.isEmpty { list.append(.text(.note, item.note)) }
        return list
    }

    private mutating func site(_ name: NameID) -> UInt64 {
        if let known = sites[name] { return known }
        let number = writer.value(engine.tables.names[name])
        sites[name] = number
        return number
    }

    private func current(_ lockClass: LockClassID) -> LockClassID {
        var lockClass = lockClass
        while let other = unified[lockClass] { lockClass = other }
        return lockClass
    }

    private mutating func loss(_ what: String, at time: UInt64) {
        writer.instant(lossTrack, at: time, name: writer.name(what), category: .loss)
    }

    private mutating func drawFindings() {
        guard engine.hasNewFindings else { return }
        for finding in engine.takeNewFindings() {
            counts.findings += 1
            var list: [PerfettoWriter.Annotation] = [
                .text(.kind, finding.kind.name), .text(.signature, finding.signature.description),
            ]
            if let grade = finding.grade { list.append(.text(.grade, grade.name)) }
            writer.instant(findingTrack, at: now, name: writer.name(finding.text), category: .finding, list)
        }
    }

    /// Draws the counters, at most once in a millisecond of events' time.
    private mutating func showCounts(force: Bool) {
        guard force || now >= shownCounts.at + 1_000_000 else { return }
        if heldCount != shownCounts.held { writer.count(heldCounter, at: now, UInt64(max(0, heldCount))) }
        if waitingCount != shownCounts.waiting { writer.count(waitingCounter, at: now, UInt64(max(0, waitingCount))) }
        shownCounts = (now, heldCount, waitingCount)
    }
}
