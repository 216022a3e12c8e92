// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph

/// Draws tasks' episodes, marks and counters into a trace.
struct TimelineDrawing: ~Copyable {
    private var writer: PerfettoWriter
    /// Slices drawn.
    private(set) var slices = 0
    private var names: [UInt64] = []
    private var sites: [UInt64] = []
    private var modes: [UInt64] = []
    private var unified: [LockClassID: LockClassID] = [:]
    private var shownCounts = (at: UInt64(0), held: -1, waiting: -1)
    private var open: [Int] = []

    /// Whether a test's slice is open, and when it began.
    private var test = (isOpen: false, since: UInt64(0))

    private let testTrack: PerfettoWriter.Track
    private let findingTrack: PerfettoWriter.Track
    private let lossTrack: PerfettoWriter.Track
    private let heldCounter: PerfettoWriter.Track
    private let waitingCounter: PerfettoWriter.Track
    private let dropCounter: PerfettoWriter.Track

    init(_ name: String) throws(FileError) {
        var writer = try PerfettoWriter(name)
        testTrack = writer.track("Tests")
        findingTrack = writer.track("Findings")
        lossTrack = writer.track("Losses")
        heldCounter = writer.counter("Locks held")
        waitingCounter = writer.counter("Tasks waiting for locks")
        dropCounter = writer.counter("Records dropped")
        modes = [LockMode.write, .read, .recursive].map { writer.value($0.name) }
        self.writer = writer
    }

    /// Closes the file; gives its bytes.
    mutating func finish() throws(FileError) -> Int {
        try writer.finish()
        return writer.bytesWritten
    }

    // MARK: Episodes

    /// Draws what a task did, and forgets it. What goes on is begun, and kept.
    mutating func draw(_ line: inout TaskTimeline, _ tables: EventTables, isLast: Bool) {
        if !line.tracks.isEmpty, line.comm != line.shownComm {
            writer.rename(line.tracks[0], Self.title(line, tables))
        }
        line.shownComm = line.comm
        if line.nests {
            drawNested(&line, tables)
        } else {
            for step in TimelineLayout.steps(line.items, isLast: isLast) {
                switch step {
                case .begin(let index, let lane):
                    begin(line, index, on: track(lane, &line, tables), tables)
                    if line.items[index].end == TaskTimeline.open { line.items[index].begunOn = lane }
                case .end(_, let lane, let time): writer.end(track(lane, &line, tables), at: time)
                case .instant(let index, let lane): mark(line, index, on: track(lane, &line, tables))
                }
            }
        }
        line.forgetWritten()
    }

    /// What all but few episodes are: everything on one track.
    private mutating func drawNested(_ line: inout TaskTimeline, _ tables: EventTables) {
        let track = track(0, &line, tables)
        open.removeAll(keepingCapacity: true)
        for index in line.items.indices {
            let item = line.items[index]
            while let outer = open.last, line.items[outer].end <= item.begin {
                writer.end(track, at: line.items[outer].end)
                open.removeLast()
            }
            if item.kind == .instant {
                mark(line, index, on: track)
            } else {
                begin(line, index, on: track, tables)
                open.append(index)
            }
        }
        while let outer = open.popLast() { writer.end(track, at: line.items[outer].end) }
    }

    private mutating func begin(
        _ line: borrowing TaskTimeline,
        _ index: Int,
        on track: PerfettoWriter.Track,
        _ tables: EventTables
    ) {
        let item = line.items[index]
        slices += 1
        var others: [PerfettoWriter.Annotation] = []
        var flows: [UInt64] = []
        if let remark = line.remark(index) {
            if !remark.waiters.isEmpty { others.append(.text(.waiters, remark.waiters.joined(separator: ", "))) }
            if !remark.note.isEmpty { others.append(.text(.note, remark.note)) }
            flows = remark.flowsIn
        }
        writer.begin(
            track,
            at: item.begin,
            name: name(of: item, tables),
            category: item.kind == .wait ? .wait : .held,
            lock: item.lock.rawValue,
            mode: modes[Int(item.mode.rawValue)],
            site: item.site == .none ? nil : site(item.site, tables),
            others,
            flowsIn: flows
        )
    }

    private mutating func mark(_ line: borrowing TaskTimeline, _ index: Int, on track: PerfettoWriter.Track) {
        let remark = line.remark(index) ?? TaskTimeline.Remark()
        writer.instant(
            track,
            at: line.items[index].begin,
            name: writer.name(remark.note),
            category: .dependency,
            flowsOut: remark.flowsOut,
            flowsIn: remark.flowsIn
        )
    }

    private mutating func track(_ lane: Int, _ line: inout TaskTimeline, _ tables: EventTables) -> PerfettoWriter.Track
    {
        while line.tracks.count <= lane {
            let isFirst = line.tracks.isEmpty
            let name = Self.title(line, tables) + (isFirst ? "" : ", out of order \(line.tracks.count)")
            line.tracks.append(writer.track(name, parent: isFirst ? 0 : line.tracks[0]))
        }
        return line.tracks[lane]
    }

    // MARK: Names

    /// A task as its track is called.
    static func title(_ line: borrowing TaskTimeline, _ tables: EventTables) -> String {
        let name = tables.names[line.comm]
        return name.isEmpty ? "task \(line.task.rawValue)" : "\(name)/\(line.task.rawValue)"
    }

    /// Two classes turned out to be one.
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) { unified[gone] = kept }

    /// The class that stands for a class now.
    func current(_ lockClass: LockClassID) -> LockClassID {
        if unified.isEmpty { return lockClass }
        var lockClass = lockClass
        while let other = unified[lockClass] { lockClass = other }
        return lockClass
    }

    private mutating func name(of item: TaskTimeline.Item, _ tables: EventTables) -> UInt64 {
        let lockClass = current(item.lockClass)
        guard lockClass != .none else { return writer.name(item.kind == .wait ? "wait for a lock" : "lock") }
        let isRead = item.mode != .write
        let key = Int(lockClass.rawValue) << 2 | (isRead ? 2 : 0) | (item.kind == .wait ? 1 : 0)
        while names.count <= key { names.append(0) }
        if names[key] == 0 {
            let name = tables.classes[lockClass].name
            names[key] = writer.name((item.kind == .wait ? "wait for " : "") + name + (isRead ? " (R)" : ""))
        }
        return names[key]
    }

    private mutating func site(_ name: NameID, _ tables: EventTables) -> UInt64 {
        let key = Int(name.rawValue)
        while sites.count <= key { sites.append(0) }
        if sites[key] == 0 { sites[key] = writer.value(tables.names[name]) }
        return sites[key]
    }

    // MARK: Marks and counters

    /// Ends the test that runs, and begins another one if it has a name.
    mutating func test(_ name: String, from time: UInt64) {
        let time = max(time, test.since)
        if test.isOpen { writer.end(testTrack, at: time) }
        if !name.isEmpty { writer.begin(testTrack, at: time, name: writer.name(name), category: .test) }
        test = (!name.isEmpty, time)
    }

    /// Marks a loss.
    mutating func loss(_ what: String, at time: UInt64) {
        writer.instant(lossTrack, at: time, name: writer.name(what), category: .loss)
    }

    /// Marks dropped records, and counts them.
    mutating func drops(_ count: UInt64, _ total: UInt64, at time: UInt64) {
        loss("\(count) records dropped", at: time)
        writer.count(dropCounter, at: time, total)
    }

    /// Marks a finding.
    mutating func finding(_ finding: Finding, at time: UInt64) {
        var list: [PerfettoWriter.Annotation] = [
            .text(.kind, finding.kind.name), .text(.signature, finding.signature.description),
        ]
        if let grade = finding.grade { list.append(.text(.grade, grade.name)) }
        writer.instant(findingTrack, at: time, name: writer.name(finding.text), category: .finding, list)
    }

    /// Draws the counters, at most once in a millisecond of events' time.
    mutating func counters(held: Int, waiting: Int, at time: UInt64, isLast: Bool) {
        guard isLast || time >= shownCounts.at + 1_000_000 else { return }
        if held != shownCounts.held { writer.count(heldCounter, at: time, UInt64(max(0, held))) }
        if waiting != shownCounts.waiting { writer.count(waitingCounter, at: time, UInt64(max(0, waiting))) }
        shownCounts = (time, held, waiting)
    }
}
