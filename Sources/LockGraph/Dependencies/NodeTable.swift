// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// An index into a ``NodeTable``: what the graph's flat storage calls a node.
typealias NodeIndex = UInt32

/// The graph's nodes, numbered densely in order of appearance.
///
/// The usual case (no subclass, nothing nested) is found by one array access; the others by one hash probe.
struct NodeTable: Sendable {
    static let none = NodeIndex.max

    struct Node: Sendable, BitwiseCopyable {
        var key: LockNode
        /// The node of the same class and subclass without nesting: equal for all locks that the same-class policy is about.
        var family: NodeIndex
        /// What stands for the node in the order where it is acquired, and where it is held. They differ for classes that are
        /// kept out of verdicts: dependencies into and out of them are known, and no path passes through.
        var arrival: UInt32
        var departure: UInt32
        var type: LockType
        var isValidated: Bool
        /// One instance exists by definition.
        var isStatic: Bool
        /// A writer of it was seen.
        var wasWritten: Bool
    }

    private(set) var nodes: [Node] = []
    /// Per class, its node without subclass and nesting.
    private var plain: [NodeIndex] = []
    private var others = FlatTable()
    /// Per class, the class it was unified with, or itself.
    private var aliases: [UInt32] = []

    init() {}

    var count: Int { nodes.count }

    subscript(index: NodeIndex) -> Node { nodes[Int(index)] }

    mutating func noteWriter(_ index: NodeIndex) { nodes[Int(index)].wasWritten = true }

    mutating func place(_ index: NodeIndex, arrival: Int, departure: Int) {
        nodes[Int(index)].arrival = UInt32(arrival)
        nodes[Int(index)].departure = UInt32(departure)
    }

    /// The node of a class that is known already, without nesting and subclass; ``none`` otherwise.
    func plainNode(of lockClass: LockClassID) -> NodeIndex {
        let index = Int(lockClass.rawValue)
        return index < plain.count ? plain[index] : Self.none
    }

    /// The node of a key, or ``none``.
    func find(_ key: LockNode) -> NodeIndex {
        var key = key
        key.lockClass = canonical(key.lockClass)
        if key.subclass == 0, key.nesting == 0 { return plainNode(of: key.lockClass) }
        return others.find(Self.pack(key))
    }

    /// The node of a key, and whether it is new.
    mutating func intern(_ key: LockNode, in classes: LockClassTable) -> (index: NodeIndex, isNew: Bool) {
        let known = find(key)
        if known != Self.none { return (known, false) }
        var key = key
        let asked = key.lockClass
        key.lockClass = canonical(asked)
        let lockClass = classes[key.lockClass]
        let index = NodeIndex(nodes.count)
        var node = Node(
            key: key,
            family: index,
            arrival: 0,
            departure: 0,
            type: lockClass.type,
            isValidated: lockClass.isValidated,
            isStatic: lockClass.isStatic,
            wasWritten: false
        )
        if key.nesting != 0 {
            var base = key
            base.nesting = 0
            let family = find(base)
            // The instance below it was taken first, so the family exists, except in graphs read from files.
            node.family = family == Self.none ? index : family
        }
        nodes.append(node)
        if key.subclass == 0, key.nesting == 0 {
            setPlain(key.lockClass, index)
            setPlain(asked, index)
        } else {
            others.insert(Self.pack(key), index)
        }
        return (index, true)
    }

    private mutating func setPlain(_ lockClass: LockClassID, _ index: NodeIndex) {
        let position = Int(lockClass.rawValue)
        while plain.count <= position { plain.append(Self.none) }
        plain[position] = index
    }

    private static func pack(_ key: LockNode) -> UInt64 {
        UInt64(key.lockClass.rawValue) << 16 | UInt64(key.subclass) << 8 | UInt64(key.nesting)
    }
}

// MARK: - Classes that turn out to be one

extension NodeTable {
    /// The class that stands for a class.
    func canonical(_ lockClass: LockClassID) -> LockClassID {
        var index = lockClass.rawValue
        while Int(index) < aliases.count, aliases[Int(index)] != index { index = aliases[Int(index)] }
        return LockClassID(rawValue: index)
    }

    /// Lets one class stand for another. The nodes are stale then: they are to be made again from empty.
    mutating func alias(_ lockClass: LockClassID, to survivor: LockClassID) {
        let last = max(lockClass.rawValue, survivor.rawValue)
        while aliases.count <= Int(last) { aliases.append(UInt32(aliases.count)) }
        aliases[Int(lockClass.rawValue)] = survivor.rawValue
    }

    /// Gives a node another key; `survivor` is the node that has that key already, if there is one.
    mutating func rename(_ index: NodeIndex, to key: LockNode, survivor: NodeIndex) {
        nodes[Int(index)].key = key
        if survivor != Self.none {
            nodes[Int(index)].family = nodes[Int(survivor)].family
            if nodes[Int(index)].wasWritten { nodes[Int(survivor)].wasWritten = true }
            return
        }
        if key.subclass == 0, key.nesting == 0 {
            setPlain(key.lockClass, index)
        } else {
            others.insert(Self.pack(key), index)
        }
    }

    /// Sets the families anew, after keys changed.
    mutating func refreshFamilies() {
        for index in nodes.indices {
            var base = nodes[index].key
            base.nesting = 0
            let family = find(base)
            nodes[index].family = family == Self.none ? NodeIndex(index) : family
        }
        for (position, alias) in aliases.enumerated() where Int(alias) != position {
            let survivor = canonical(LockClassID(rawValue: alias))
            setPlain(LockClassID(rawValue: UInt32(position)), plainNode(of: survivor))
        }
    }
}
