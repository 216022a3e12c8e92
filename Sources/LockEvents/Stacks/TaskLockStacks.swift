// SPDX-License-Identifier: Apache-2.0

/// Every task's stack of held locks, rebuilt from events.
///
/// A stack is *known* or not (DESIGN 3.3). A task's first event finds it known and empty: what it took before tracing began
/// is not on it, which can lose dependencies and cannot invent any. Loss makes it unknown, and what was on it is dropped;
/// it is known again when a record shows it whole, shows it empty, or the task ends.
///
/// Stored as one flat array of held locks in which each task owns a piece, doubled when it gets too deep, and given back when
/// the task ends. In the steady state nothing is allocated. A counting filter over lock addresses answers "does anybody hold
/// this lock" for the rare questions across tasks.
public struct TaskLockStacks: Sendable {
    /// The depth at which a stack is given up as unknown: far beyond what any kernel allows (lockdep: 48). Every
    /// acquisition costs a look at each lock below it.
    @inlinable public static var maximumDepth: Int { 256 }

    /// Where a task's stack is, valid until the next call that takes a ``TaskID``.
    @usableFromInline package typealias Slot = Int

    @usableFromInline
    struct TaskState: Sendable, BitwiseCopyable {
        @usableFromInline var task: TaskID
        @usableFromInline var offset: Int
        @usableFromInline var capacity: Int
        @usableFromInline var depth: Int
        @usableFromInline var isKnown: Bool
        @usableFromInline var isWaiting: Bool
        @usableFromInline var isLive: Bool
    }

    @usableFromInline var tasks: [TaskState] = []
    @usableFromInline var waits: [LockEvent] = []
    /// All held locks; each task owns the piece its state names.
    @usableFromInline package var entries: [HeldLock] = []
    @usableFromInline var slots = FlatTable()
    private var freeSlots: [Int] = []
    private var freePieces: [[Int]] = Array(repeating: [], count: 12)
    @usableFromInline var lastTask = TaskID(rawValue: 0)
    @usableFromInline var lastSlot = -1
    @usableFromInline var filter = HeldFilter()
    private var newTasksAreKnown = true
    private var sweepAt = 4096

    /// How many tasks have been seen, each counted again after it ended.
    public private(set) var taskCount = 0
    /// How many tasks wait for a lock.
    public private(set) var waitingCount = 0

    /// Creates stacks for no tasks.
    public init() {}
}

// MARK: - Tasks

extension TaskLockStacks {
    /// The slot of a task, made if the task is new.
    @inlinable
    package mutating func slot(of task: TaskID) -> Slot {
        if lastSlot >= 0, lastTask == task { return lastSlot }
        var found = slots.find(task.rawValue)
        if found == FlatTable.absent { found = UInt32(makeSlot(for: task)) }
        lastTask = task
        lastSlot = Int(found)
        return lastSlot
    }

    @usableFromInline
    mutating func makeSlot(for task: TaskID) -> Slot {
        if slots.count >= sweepAt { sweep() }
        let piece = takePiece(sizeClass: 0)
        let state = TaskState(
            task: task,
            offset: piece,
            capacity: Self.pieceSize(0),
            depth: 0,
            isKnown: newTasksAreKnown,
            isWaiting: false,
            isLive: true
        )
        taskCount += 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            tasks[slot] = state
        } else {
            slot = tasks.count
            tasks.append(state)
            waits.append(LockEvent(.attempt, task: task, lock: .none))
        }
        slots.insert(task.rawValue, UInt32(slot))
        return slot
    }

    /// Forgets tasks of which nothing is known that a new task would not start with, so that memory follows the live ones.
    private mutating func sweep() {
        for slot in tasks.indices where tasks[slot].isLive {
            let state = tasks[slot]
            if state.depth == 0, !state.isWaiting, state.isKnown == newTasksAreKnown { free(slot) }
        }
        sweepAt = max(4096, slots.count * 2)
    }

    private mutating func free(_ slot: Slot) {
        slots.remove(tasks[slot].task.rawValue)
        givePiece(tasks[slot].offset, capacity: tasks[slot].capacity)
        tasks[slot].isLive = false
        freeSlots.append(slot)
        lastSlot = -1
    }

    /// Ends a task: its stack is dropped, and its number may come again as another task, which starts with nothing held.
    package mutating func end(_ slot: Slot) {
        clear(slot)
        stopWaiting(slot)
        if newTasksAreKnown {
            free(slot)
        } else {
            // Only this remembers that the number now stands for a task that starts empty.
            tasks[slot].isKnown = true
        }
    }

    /// The slots in use, in no order that means anything.
    package var liveSlots: [Slot] { tasks.indices.filter { tasks[$0].isLive } }

    /// One more than the highest slot.
    package var slotCount: Int { tasks.count }

    /// Whether every task's stack is known, those of tasks not seen yet included.
    package var allAreKnown: Bool { newTasksAreKnown && tasks.allSatisfy { !$0.isLive || $0.isKnown } }

    /// The task of a slot.
    package func task(_ slot: Slot) -> TaskID { tasks[slot].task }
}

// MARK: - What is held

extension TaskLockStacks {
    /// The piece of ``entries`` that a task holds, outermost first.
    @inlinable
    package func range(_ slot: Slot) -> Range<Int> {
        let state = tasks[slot]
        return state.offset..<(state.offset &+ state.depth)
    }

    /// Whether a task's stack is known.
    @inlinable
    package func isKnown(_ slot: Slot) -> Bool { tasks[slot].isKnown }

    /// How many locks a task holds, as far as known.
    @inlinable
    package func depth(_ slot: Slot) -> Int { tasks[slot].depth }

    /// How many locks a task holds as a source would count them: contexts that were only named do not count.
    package func shownDepth(_ slot: Slot) -> Int {
        var depth = 0
        for index in range(slot) where !entries[index].isNamedContext { depth &+= 1 }
        return depth
    }

    /// Makes a writer a reader from this time on, whichever task holds it, and gives what it was.
    package mutating func downgrade(_ lock: LockID, _ slot: Slot, at time: UInt64) -> HeldLock? {
        guard let index = range(slot).last(where: { entries[$0].lock == lock }) ?? holder(of: lock)?.index else {
            return nil
        }
        let writer = entries[index]
        entries[index].mode = .read
        if writer.since != 0 { entries[index].since = time }
        return writer
    }

    /// The locks a task is known to hold, outermost first; nil while its stack is unknown. Copies them.
    public func heldLocks(of task: TaskID) -> [HeldLock]? {
        let found = slots.find(task.rawValue)
        guard found != FlatTable.absent else { return newTasksAreKnown ? [] : nil }
        return isKnown(Int(found)) ? Array(entries[range(Int(found))]) : nil
    }

    /// Puts a lock on top of a task's stack. Too deep a stack becomes unknown, which the answer false tells.
    @discardableResult
    @inlinable
    package mutating func push(_ held: HeldLock, _ slot: Slot) -> Bool {
        if tasks[slot].depth == tasks[slot].capacity {
            guard tasks[slot].depth < Self.maximumDepth else {
                lose(slot)
                return false
            }
            enlarge(slot)
        }
        entries[tasks[slot].offset &+ tasks[slot].depth] = held
        tasks[slot].depth &+= 1
        filter.insert(held.lock)
        return true
    }

    /// Takes a lock off a task's stack, the innermost entry of it, in any order; nil when the task does not hold it.
    package mutating func remove(_ lock: LockID, _ slot: Slot) -> HeldLock? {
        let state = tasks[slot]
        var index = state.offset &+ state.depth &- 1
        while index >= state.offset {
            if entries[index].lock == lock { return remove(at: index, slot) }
            index &-= 1
        }
        return nil
    }

    /// Takes the entry at an index of ``entries`` off a task's stack.
    @inlinable
    package mutating func remove(at index: Int, _ slot: Slot) -> HeldLock {
        let held = entries[index]
        let end = tasks[slot].offset &+ tasks[slot].depth
        var position = index &+ 1
        while position < end {
            entries[position &- 1] = entries[position]
            position &+= 1
        }
        tasks[slot].depth &-= 1
        filter.remove(held.lock)
        return held
    }

    /// Whether any task may hold the lock; false is certain.
    package func mayBeHeld(_ lock: LockID) -> Bool { filter.mayContain(lock) }

    /// A task that holds the lock, with the innermost entry of it. Visits every task.
    package func holder(of lock: LockID) -> (slot: Slot, index: Int)? {
        guard filter.mayContain(lock) else { return nil }
        for slot in tasks.indices where tasks[slot].isLive {
            if let index = range(slot).last(where: { entries[$0].lock == lock }) { return (slot, index) }
        }
        return nil
    }

    private mutating func clear(_ slot: Slot) {
        for index in range(slot) { filter.remove(entries[index].lock) }
        tasks[slot].depth = 0
    }
}

// MARK: - Loss and certainty

extension TaskLockStacks {
    /// Makes a task's stack unknown.
    @usableFromInline
    package mutating func lose(_ slot: Slot) {
        clear(slot)
        stopWaiting(slot)
        tasks[slot].isKnown = false
    }

    /// Makes every task's stack unknown, those of tasks not seen yet included.
    package mutating func loseAll() {
        for slot in tasks.indices where tasks[slot].isLive { lose(slot) }
        newTasksAreKnown = false
    }

    /// A record shows that the task holds nothing.
    package mutating func showEmpty(_ slot: Slot) {
        clear(slot)
        tasks[slot].isKnown = true
    }

    /// A record shows the whole stack; gives whether it differs from a stack that was thought known.
    ///
    /// Where both agree on lock, mode and subclass the entry rebuilt from events stays: it may know the site and the stack.
    package mutating func show(_ held: Span<HeldLock>, _ slot: Slot) -> Bool {
        let wasKnown = tasks[slot].isKnown
        var agreed = 0
        let base = tasks[slot].offset
        let depth = tasks[slot].depth
        // Named contexts are not in every source's list; they stand in ours.
        var position = 0
        while position < depth, agreed < held.count {
            let mine = entries[base &+ position]
            if mine.isNamedContext, held[agreed].lock != mine.lock {
                position &+= 1
                continue
            }
            guard mine.agrees(with: held[agreed]) else { break }
            if mine.lockClass != held[agreed].lockClass, held[agreed].lockClass != .none {
                // Known by another name by now: its node is to be looked up again.
                entries[base &+ position].lockClass = held[agreed].lockClass
                entries[base &+ position].mark = .max
            }
            if mine.stack == .none { entries[base &+ position].stack = held[agreed].stack }
            if mine.site == .none { entries[base &+ position].site = held[agreed].site }
            position &+= 1
            agreed &+= 1
        }
        tasks[slot].isKnown = true
        if agreed == held.count, (position..<depth).allSatisfy({ entries[base &+ $0].isNamedContext }) { return false }
        while tasks[slot].depth > position {
            _ = remove(at: tasks[slot].offset &+ tasks[slot].depth &- 1, slot)
        }
        while agreed < held.count {
            let shown = held[agreed]
            if shown.context != .none, !holds(shown.context, slot) {
                guard push(.context(of: shown), slot) else { return true }
            }
            guard push(shown, slot) else { return true }
            agreed &+= 1
        }
        return wasKnown
    }

    /// Whether a task is known to hold a lock.
    package func holds(_ lock: LockID, _ slot: Slot) -> Bool {
        for index in range(slot) where entries[index].lock == lock { return true }
        return false
    }
}

// MARK: - Waiting

extension TaskLockStacks {
    /// The task began to wait for the event's lock.
    package mutating func wait(_ event: LockEvent, _ slot: Slot) {
        if !tasks[slot].isWaiting { waitingCount &+= 1 }
        tasks[slot].isWaiting = true
        waits[slot] = event
    }

    /// What the task waits for, or nil.
    package func wait(_ slot: Slot) -> LockEvent? { tasks[slot].isWaiting ? waits[slot] : nil }

    /// Whether the task waits for this lock.
    @inlinable
    package func isWaiting(for lock: LockID, _ slot: Slot) -> Bool {
        tasks[slot].isWaiting && waits[slot].lock == lock
    }

    /// Whether the task waits for any lock.
    @inlinable
    package func isWaiting(_ slot: Slot) -> Bool { tasks[slot].isWaiting }

    /// The wait is over, one way or the other.
    package mutating func stopWaiting(_ slot: Slot) {
        guard tasks[slot].isWaiting else { return }
        tasks[slot].isWaiting = false
        waitingCount &-= 1
    }
}

// MARK: - Pieces

extension TaskLockStacks {
    private static func pieceSize(_ sizeClass: Int) -> Int { 8 << sizeClass }

    private mutating func takePiece(sizeClass: Int) -> Int {
        if let piece = freePieces[sizeClass].popLast() { return piece }
        let offset = entries.count
        let blank = HeldLock(lock: .none, lockClass: .none)
        entries.append(contentsOf: repeatElement(blank, count: Self.pieceSize(sizeClass)))
        return offset
    }

    private mutating func givePiece(_ offset: Int, capacity: Int) {
        freePieces[(capacity / 8).trailingZeroBitCount].append(offset)
    }

    @usableFromInline
    mutating func enlarge(_ slot: Slot) {
        let old = tasks[slot]
        let piece = takePiece(sizeClass: (old.capacity / 4).trailingZeroBitCount)
        for index in 0..<old.depth { entries[piece + index] = entries[old.offset + index] }
        givePiece(old.offset, capacity: old.capacity)
        tasks[slot].offset = piece
        tasks[slot].capacity = old.capacity * 2
    }
}

extension HeldLock {
    /// The ww context that a lock names, acquired where the lock was taken.
    package static func context(of lock: HeldLock) -> HeldLock {
        var context = HeldLock(lock: lock.context, lockClass: .none)
        context.isNamedContext = true
        context.site = lock.site
        context.stack = lock.stack
        return context
    }

    /// Whether two descriptions are of the same entry.
    fileprivate func agrees(with other: HeldLock) -> Bool {
        lock == other.lock && mode == other.mode && subclass == other.subclass
    }
}
