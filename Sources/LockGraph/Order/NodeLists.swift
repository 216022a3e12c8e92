// SPDX-License-Identifier: Apache-2.0

/// For each component a linked list of some of its nodes, without order; a node is in one list at most.
///
/// Nodes that have nothing to be listed for any more are dropped by whoever walks the list.
struct NodeLists: Sendable {
    private static let end = UInt32.max
    private static let absent = UInt32.max - 1

    private var next: [UInt32] = []
    private var head: [UInt32] = []

    /// Bytes held, capacity included.
    var footprint: Int { (next.capacity + head.capacity) * 4 }

    mutating func addNodes(_ count: Int) {
        for _ in 0..<count {
            next.append(Self.absent)
            head.append(Self.end)
        }
    }

    func contains(_ node: Int) -> Bool { next[node] != Self.absent }

    /// Puts a node on its component's list; a node without a component is passed over.
    @inline(__always)
    mutating func enlist(_ node: Int, of component: UInt32) {
        guard component != DependencyOrder.nothing, next[node] == Self.absent else { return }
        next[node] = head[Int(component)]
        head[Int(component)] = UInt32(truncatingIfNeeded: node)
    }

    /// Moves a component's whole list to another one. Cost: the length of the list that is moved.
    mutating func move(_ component: UInt32, to other: UInt32) {
        let first = head[Int(component)]
        guard first != Self.end else { return }
        var last = first
        while next[Int(last)] != Self.end { last = next[Int(last)] }
        next[Int(last)] = head[Int(other)]
        head[Int(other)] = first
        head[Int(component)] = Self.end
    }

    /// A walk over one component's list.
    struct Walk {
        private let component: Int
        private var previous = NodeLists.end
        private var current = NodeLists.absent

        @inline(__always)
        init(_ component: UInt32) { self.component = Int(component) }

        /// The next node; the one before is taken off the list unless it is to be kept.
        @inline(__always)
        mutating func next(in lists: inout NodeLists, keepingCurrent: Bool) -> Int? {
            var following: UInt32
            if current == NodeLists.absent {
                following = lists.head[component]
            } else {
                following = lists.next[Int(current)]
                if keepingCurrent {
                    previous = current
                } else {
                    lists.next[Int(current)] = NodeLists.absent
                    if previous == NodeLists.end {
                        lists.head[component] = following
                    } else {
                        lists.next[Int(previous)] = following
                    }
                }
            }
            current = following
            return following == NodeLists.end ? nil : Int(following)
        }
    }
}
