// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// What one task did with locks since it last held none, until it holds none again.
///
/// Only then it is known which locks were let go in the order in which they were taken. Those are slices in slices on the
/// task's track; a lock that outlives an outer one goes to a further track, so that on every track slices nest. Memory: a
/// lock's slice is about 100 bytes, and an episode that does not end is written out in parts.
struct TaskTimeline {
    /// One slice or instant, in the order of their beginnings.
    struct Item {
        enum Kind { case held, wait, instant }

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
        /// Something about it for the reader; empty as a rule.
        var note = ""
        /// Tasks that waited for the lock while it was held.
        var waiters: [String] = []
        var flowsIn: [UInt64] = []
        var flowsOut: [UInt64] = []
        /// The track that it was begun on before the episode ended; nil if it is not begun.
        var begunOn: Int?
    }

    static let open = UInt64.max
    /// Items after which an episode is written out though it goes on.
    static let limit = 4096

    var comm: NameID = .none
    var items: [Item] = []
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
                parent: -1,
                note: note
            )
        )
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
        if !note.isEmpty { items[index].note = note }
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
        var item = Item(
            kind: .instant,
            begin: time,
            end: time,
            lock: .none,
            lockClass: lockClass,
            mode: .write,
            site: .none,
            parent: parent
        )
        item.note = note
        item.flowsOut = flowsOut
        item.flowsIn = flowsIn
        items.append(item)
    }

    /// Ends the hold of a lock, the innermost one of it; false if the task does not hold it.
    @discardableResult
    mutating func letGo(_ lock: LockID, at time: UInt64, note: String = "") -> Bool {
        guard let position = held.lastIndex(where: { items[$0].lock == lock }) else { return false }
        let index = held.remove(at: position)
        items[index].end = time
        if !note.isEmpty { items[index].note = note }
        return true
    }

    /// The slice in which the task holds a lock.
    func slice(of lock: LockID) -> Int? { held.last { items[$0].lock == lock } }

    /// Forgets what was written: all but what goes on.
    mutating func forgetWritten() {
        let kept = items.indices.filter { items[$0].end == Self.open }
        let moved = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        held = held.compactMap { moved[$0] }
        waiting = waiting.flatMap { moved[$0] }
        items = kept.map { items[$0] }
    }
}
