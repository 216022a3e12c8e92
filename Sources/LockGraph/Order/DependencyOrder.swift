// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// All dependencies between lock classes, and at any moment the answer to "does this one close a cycle?".
///
///     var order = DependencyOrder()
///     let a = order.addClass(), b = order.addClass()
///     order.insert(from: a, to: b, held: .write, acquired: .write)    // .added(0)
///     order.insert(from: b, to: a, held: .write, acquired: .write)    // .closesCycle(1)
///     order.shortestCycle(through: 1)                                 // [1, 0]
///
/// Classes and dependencies are numbered from 0 as they come; callers keep what they know of them in arrays of their
/// own. A dependency is told apart by both classes and both modes.
///
/// ## Recursive readers: two nodes a class
///
/// lockdep calls a path of dependencies strong, and only strong paths deadlock, when it nowhere has `-(xR)->` followed
/// by `-(Sx)->`: a lock arrived at by a recursive reader and left by a reader of any sort, because a recursive reader
/// waits for nobody who only reads (kernel/locking/lockdep.c, "Deadlock detection for recursive read locks"). Here each
/// class `c` is two nodes by how it was arrived at, `(c,R)` by a recursive reader and `(c,N)` otherwise. A dependency
/// from `f` to `t` is an edge from `(f,N)` to `(t, its second letter)`, and if its first letter is E also one from
/// `(f,R)`. Then the strong paths are exactly the paths of the nodes, and the strong cycles exactly their cycles:
///
/// - Given a strong path d1 d2 ..., let each dependency leave its class by the node at which the one before arrived.
///   If that is `(c,N)`, every dependency of `c` leaves it. If it is `(c,R)`, the dependency before has second letter
///   R, so this one's first letter is E, and it leaves `(c,R)` too. Around a cycle the same holds for the last and the
///   first.
/// - Given a path of nodes, two consecutive edges share a node `(c,x)`: if the first is `(xR)`, that is `(c,R)`, which
///   no dependency with first letter S leaves.
/// - A cycle of nodes may pass `(c,R)` and later `(c,N)`. The stretch between leaves `c` with E and comes back with N,
///   so it is a strong cycle by itself that passes `c` once. Hence there is a cycle of nodes exactly when there is a
///   strong cycle through each of its classes once.
///
/// `(c,R)` exists from the first recursive arrival at `c` on: before that nothing can be on a path through it.
///
/// ## Order
///
/// The strongly connected components of the nodes are kept in topological order (see `connect`). A dependency inside
/// one component closes a cycle, which costs one comparison; the order takes no more notice of it, but it stays in the
/// lists that paths and cycles are searched in, so a cycle through two such dependencies is found like any other.
///
/// ## Cost
///
/// A known dependency: one hash probe, no allocation. A new one: the part of the order between its ends (Pearce and
/// Kelly), amortised growth of the tables. Memory: 8 bytes for the dependency, 11 to 23 for its hash slot, 2 x 4 for its
/// entries in the lists, and about 300 bytes a class.
///
/// A dependency of a class on itself is stored and never part of a path: what nesting of one class means depends on
/// instances, which the caller knows.
public struct DependencyOrder: Sendable {
    /// What became of a dependency that was inserted; the value is its number.
    public enum Insertion: Sendable, Equatable {
        /// It was there already.
        case known(Int)
        /// It is new, and on no cycle.
        case added(Int)
        /// It is new, and a strong path leads from its end back to its beginning.
        case closesCycle(Int)

        /// The dependency's number.
        public var dependency: Int {
            switch self {
            case .known(let number), .added(let number), .closesCycle(let number): number
            }
        }
    }

    /// One dependency, as it was inserted.
    public struct Dependency: Sendable, Hashable, BitwiseCopyable {
        /// The class that was held.
        public var from: Int
        /// The class that was acquired.
        public var to: Int
        /// How the held lock was held.
        public var held: LockMode
        /// How the new lock was to be taken.
        public var acquired: LockMode
        /// Seen at least once from the innermost held lock.
        public var isDirect: Bool
    }

    /// Which of a class's four lists: entries that the order must still look at, and entries inside one component.
    enum ListKind: Int {
        case openOut, settledOut, openIn, settledIn
    }

    /// What is known of a component, together because a search asks for it together.
    struct Place: Sendable, BitwiseCopyable {
        /// The place in the topological order. Places are distinct and have gaps.
        var position: UInt32
        /// How many nodes it has.
        var size: UInt32
        /// The last search that reached it, or found that it reaches.
        var reachedMark: UInt32 = 0
        var reachingMark: UInt32 = 0
    }

    /// A node that does not exist, no component, the end of a list of nodes.
    static let nothing = UInt32.max

    var table = DependencyTable()
    var lists = EntryLists()

    /// Node to component, which is named by one of its nodes. Node `2c` is `(c,N)`, node `2c + 1` is `(c,R)`.
    var component: [UInt32] = []
    /// Component to its place in the topological order and what goes with it.
    var places: [Place] = []
    /// The nodes of each component, linked in a ring.
    var nextMember: [UInt32] = []
    var lastPosition: UInt32 = 0
    /// The nodes of each component that have open entries, which alone a search must visit.
    var openOutgoing = NodeLists()
    var openIncoming = NodeLists()

    /// Class to the class it was unified into, itself for all others.
    var canonical: [UInt32] = []
    var hasUnified = false
    /// Dependency that unification folded into another, and the other.
    var folded: [Int: Int] = [:]

    // Searches: the stamp says which of them marked a component last.
    var stamp: UInt32 = 0
    var reached: [UInt32] = []
    var reaching: [UInt32] = []
    var ahead: [UInt64] = []
    var behind: [UInt64] = []
    var pool: [UInt32] = []

    /// Creates an order without classes.
    public init() {}

    /// How many classes there are, unified ones included.
    public var classCount: Int { canonical.count }

    /// How many dependencies were numbered, including those that unification folded into others.
    public var dependencyCount: Int { table.count }

    /// Bytes that the dependencies and classes take, capacity included.
    public var footprint: Int {
        table.footprint + lists.footprint + openOutgoing.footprint + openIncoming.footprint
            + places.capacity * MemoryLayout<Place>.stride + (ahead.capacity + behind.capacity) * 8
            + (component.capacity + nextMember.capacity + canonical.capacity) * 4
            + (reached.capacity + reaching.capacity + pool.capacity) * 4
    }

    /// Adds a class without dependencies and returns its number.
    ///
    /// - Precondition: there are fewer than 2^27 classes.
    public mutating func addClass() -> Int {
        let number = canonical.count
        precondition(number < DependencyEntry.classLimit, "more classes than 27 bits can number")
        canonical.append(UInt32(number))
        addNodes(of: number)
        return number
    }

    private mutating func addNodes(of number: Int) {
        lists.addLists(4)
        lastPosition += 1
        let plain = UInt32(number << 1)
        component.append(plain)
        component.append(Self.nothing)
        places.append(Place(position: lastPosition, size: 1))
        places.append(Place(position: 0, size: 0))
        nextMember.append(plain)
        nextMember.append(Self.nothing)
        openOutgoing.addNodes(2)
        openIncoming.addNodes(2)
    }

    /// Makes lists and order anew from the table.
    mutating func rebuild() {
        lists = EntryLists()
        component.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        nextMember.removeAll(keepingCapacity: true)
        openOutgoing = NodeLists()
        openIncoming = NodeLists()
        lastPosition = 0
        stamp = 0
        for number in canonical.indices {
            addNodes(of: number)
            if canonical[number] != UInt32(number) { component[number << 1] = Self.nothing }
        }
        for word in table.words where word != DependencyTable.gone {
            let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
            let from = Int(word >> 32)
            if from != entry.lockClass { _ = link(from: from, entry: entry) }
        }
    }

    /// The class that now stands for `number`: another one if the two were unified.
    public func representative(of number: Int) -> Int { Int(canonical[number]) }

    /// The dependency that now stands for the one with this number.
    public func representative(ofDependency number: Int) -> Int {
        var number = number
        while let next = folded[number] { number = next }
        return number
    }

    /// The dependency with this number (of the one it was folded into).
    public subscript(number: Int) -> Dependency {
        let word = table.words[representative(ofDependency: number)]
        let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
        return Dependency(
            from: Int(word >> 32),
            to: entry.lockClass,
            held: entry.held,
            acquired: entry.acquired,
            isDirect: entry.isDirect
        )
    }

    /// The number of a dependency, or nil if it was never inserted. One hash probe.
    public func find(from: Int, to: Int, held: LockMode, acquired: LockMode) -> Int? {
        let entry = DependencyEntry(class: Int(canonical[to]), held: held, acquired: acquired, isDirect: false)
        return table.find(entry.word(from: Int(canonical[from])))
    }

    /// Records that a task holding `from` set out to take `to`.
    ///
    /// A known dependency costs one hash probe; it becomes direct if this observation is.
    ///
    /// - Parameters:
    ///   - from: The held class.
    ///   - to: The class to be acquired.
    ///   - held: How `from` is held.
    ///   - acquired: How `to` is to be taken.
    ///   - isDirect: Whether `from` is the innermost held lock.
    @discardableResult
    public mutating func insert(
        from: Int,
        to: Int,
        held: LockMode,
        acquired: LockMode,
        isDirect: Bool = true
    ) -> Insertion {
        var from = from
        var to = to
        if hasUnified {
            from = Int(canonical[from])
            to = Int(canonical[to])
        }
        precondition(from < canonical.count, "no such class")
        let entry = DependencyEntry(class: to, held: held, acquired: acquired, isDirect: isDirect)
        let (number, isNew) = table.intern(entry.word(from: from))
        if !isNew {
            if isDirect && table.words[number] & 1 == 0 { becomeDirect(number, from: from, entry: entry) }
            return .known(number)
        }
        if from == to { return .added(number) }
        return link(from: from, entry: entry) ? .closesCycle(number) : .added(number)
    }

    /// Puts a new dependency into lists and order; true if it closes a cycle.
    mutating func link(from: Int, entry: DependencyEntry) -> Bool {
        let to = entry.lockClass
        let arrival = entry.arrival
        if component[arrival] == Self.nothing { activate(to) }
        let leavesRecursive = !entry.fromIsReader && component[from << 1 | 1] != Self.nothing
        var isSettled = component[from << 1] == component[arrival]
        if leavesRecursive && component[from << 1 | 1] != component[arrival] { isSettled = false }
        let back = entry.naming(from)
        if isSettled {
            append(entry, of: from, to: .settledOut)
            append(back, of: to, to: .settledIn)
            return true
        }
        // Listed only once the order is right for it: the second search must not meet an edge that goes backwards.
        var closes = connect(from << 1, arrival)
        if leavesRecursive && connect(from << 1 | 1, arrival) { closes = true }
        append(entry, of: from, to: .openOut)
        append(back, of: to, to: .openIn)
        return closes
    }

    @inline(__always)
    mutating func append(_ entry: DependencyEntry, of number: Int, to kind: ListKind) {
        lists.append(entry, to: number << 2 | kind.rawValue)
        switch kind {
        case .openOut:
            openOutgoing.enlist(number << 1, of: component[number << 1])
            if !entry.fromIsReader { openOutgoing.enlist(number << 1 | 1, of: component[number << 1 | 1]) }
        case .openIn:
            let node = number << 1 | (entry.toIsRecursive ? 1 : 0)
            openIncoming.enlist(node, of: component[node])
        case .settledOut, .settledIn:
            break
        }
    }

    /// Marks a known dependency as direct, in the table and in the outgoing lists.
    mutating func becomeDirect(_ number: Int, from: Int, entry: DependencyEntry) {
        table.markDirect(number)
        for kind in [ListKind.openOut, .settledOut] {
            if let place = lists.place(of: entry, in: from << 2 | kind.rawValue) { lists.words[place] |= 1 }
        }
    }
}
