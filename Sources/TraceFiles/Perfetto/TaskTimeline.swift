// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// What one task did with locks since it last held none, until it holds none again.
///
/// Only then it is known which locks were let go in the order in which they were taken. Those are slices in slices on the
/// task's track; a lock that outlives an outer one goes to a further track, so that on every track slices nest. Memory: a
/// lock's slice is about 100 bytes, and an episode that does not end is written out in parts.
struct TaskTimeline {
    /// One slice or instant, in the order of their beginnings. Plain, as there are many.
    struct Item: BitwiseCopyable {
        enum Kind: BitwiseCopyable { case held, wait, instant }

        var kind: Kind
        var begin: UInt64
        /// ``TaskTimeline/open`` while it lasts.
        var end: UInt64
        var lock: LockID
        var lockClass: LockClassID
        var mode: LockMode
        var site: NameID
        /// The slice that an instant belongs to.
        var parent: Int
        /// The track that it was begun on before the episode ended; -1 if it is not begun.
        var begunOn = -1
        /// Its ``TaskTimeline/remarks``, or -1.
        var remark = -1
    }

    /// What few items have.
    struct Remark {
        /// Something about it for the reader.
        var note = ""
        /// Tasks that waited for the lock while it was held.
        var waiters: [String] = []
        /// Arrows that end here.
        var flowsIn: [UInt64] = []
        /// Arrows that begin here.
        var flowsOut: [UInt64] = []
    }

    static let open = UInt64.max
    /// Items after which an episode is written out though it goes on.
    static let limit = 4096

    var task: TaskID
    var comm: NameID = .none
    var items: [Item] = []
    var remarks: [Remark] = []
    /// The locks held, outermost first, as indices of ``items``.
    var held: [Int] = []
    /// What is waited for, as an index of ``items``.
    var waiting: Int?
    /// The task's tracks that were made so far.
    var tracks: [PerfettoWriter.Track] = []
    /// The name that its first track has.
    var shownComm: NameID = .none
    /// No event of the task may come before this time.
    var now: UInt64 = 0

    /// Whether nothing goes on, so that the episode can be written.
    var isIdle: Bool { held.isEmpty && waiting == nil }

    /// A task of which nothing was seen yet.
    init(_ task: TaskID) { self.task = task }

    /// What is remarked of an item.
    func remark(_ index: Int) -> Remark? { items[index].remark < 0 ? nil : remarks[items[index].remark] }

    /// Remarks something.
    mutating func remark(_ index: Int, _ change: (inout Remark) -> Void) {
        if items[index].remark < 0 {
            items[index].remark = remarks.count
            remarks.append(Remark())
        }
        change(&remarks[items[index].remark])
    }

    /// Begins to hold a lock.
    mutating func hold(_ lock: HeldLock, at time: UInt64, note: String = "") {
        held.append(items.count)
        items.append(
            Item(
                kind: .held,
                begin: time,
                end: Self.open,
                lock: lock.lock,
                lockClass: lock.lockClass,
                mode: lock.mode,
                site: lock.site,
                parent: -1
            )
        )
        if !note.isEmpty { remark(items.count - 1) { $0.note = note } }
    }

    /// Begins to wait for a lock.
    mutating func wait(_ event: LockEvent, at time: UInt64) {
        waiting = items.count
        items.append(
            Item(
                kind: .wait,
                begin: time,
                end: Self.open,
                lock: event.lock,
                lockClass: event.lockClass,
                mode: event.mode,
                site: event.site,
                parent: -1
            )
        )
    }

    /// Ends waiting.
    mutating func stopWaiting(at time: UInt64, note: String = "") {
        guard let index = waiting else { return }
        items[index].end = time
        if !note.isEmpty { remark(index) { $0.note = note } }
        waiting = nil
    }

    /// Notes something within a slice: where arrows begin, or end.
    mutating func mark(
        _ lockClass: LockClassID,
        within parent: Int,
        at time: UInt64,
        note: String,
        flowsOut: [UInt64] = [],
        flowsIn: [UInt64] = []
    ) {
        let item = Item(
            kind: .instant,
            begin: time,
            end: time,
            lock: .none,
            lockClass: lockClass,
            mode: .write,
            site: .none,
            parent: parent
        )
        items.append(item)
        remark(items.count - 1) { $0 = Remark(note: note, flowsIn: flowsIn, flowsOut: flowsOut) }
    }

    /// Ends the hold of a lock, the innermost one of it; false if the task does not hold it.
    @discardableResult
    mutating func letGo(_ lock: LockID, at time: UInt64, note: String = "") -> Bool {
        guard let position = held.lastIndex(where: { items[$0].lock == lock }) else { return false }
        let index = held.remove(at: position)
        items[index].end = time
        if !note.isEmpty { remark(index) { $0.note = note } }
        return true
    }

    /// The slice in which the task holds a lock.
    func slice(of lock: LockID) -> Int? { held.last { items[$0].lock == lock } }

    /// Forgets what was written: all but what goes on.
    mutating func forgetWritten() {
        if isIdle {
            // Few as a rule: one by one is quicker than as a range.
            while items.popLast() != nil {}
            if !remarks.isEmpty { remarks.removeAll(keepingCapacity: true) }
            return
        }
        let kept = items.indices.filter { items[$0].end == Self.open }
        let moved = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        held = held.compactMap { moved[$0] }
        waiting = waiting.flatMap { moved[$0] }
        let old = remarks
        remarks = []
        items = kept.map { index in
            var item = items[index]
            guard item.remark >= 0 else { return item }
            remarks.append(old[item.remark])
            item.remark = remarks.count - 1
            return item
        }
    }

    /// Whether every slice lies within the one that was open when it began, so that one track shows them all.
    var nests: Bool {
        guard tracks.count <= 1 || !items.contains(where: { $0.begunOn >= 0 }) else { return false }
        var ends = (Self.open, Self.open, Self.open, Self.open, Self.open, Self.open, Self.open, Self.open)
        return withUnsafeMutableBytes(of: &ends) { bytes in
            let ends = bytes.assumingMemoryBound(to: UInt64.self)
            var depth = 0
            for item in items where item.kind != .instant {
                if item.end == Self.open || item.begunOn >= 0 { return false }
                while depth > 0, ends[depth - 1] <= item.begin { depth -= 1 }
                if depth > 0, ends[depth - 1] < item.end { return false }
                if depth == ends.count { return false }
                ends[depth] = item.end
                depth += 1
            }
            return true
        }
    }
}
