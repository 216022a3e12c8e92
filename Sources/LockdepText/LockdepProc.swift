// SPDX-License-Identifier: Apache-2.0

/// What `/proc/lockdep` and `/proc/lockdep_chains` of one boot say (kernel/locking/lockdep_proc.c).
///
/// Classes are named by index. Chains are stored flat: four bytes a lock.
public struct LockdepProc: Sendable {
    /// A lock class as the kernel lists it.
    public struct Class: Sendable, Hashable {
        /// The hashed key: the same in both files of one boot, and nowhere else.
        public var key: String
        /// The printed name, with `#version` and `/subclass`.
        public var lockClass: SplatClass
        /// Usage marks; empty for a class that only the chains name.
        public var usage: String
        /// How many classes can be reached from it, itself included (`FD`).
        public var forward: Int?
        /// How many classes can reach it, itself included (`BD`).
        public var backward: Int?
    }

    /// One class taken under another.
    public struct Pair: Sendable, Hashable {
        /// The class held, by index.
        public var from: Int
        /// The class taken, by index.
        public var to: Int

        /// Pairs two classes.
        public init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }
    }

    /// The context a chain was made in (`irq_context`).
    public enum Context: String, Sendable, Hashable, CaseIterable {
        case process = "0"
        case hardirq
        case softirq
        case both = "hardirq-softirq"
    }

    /// In the order of the files.
    public internal(set) var classes: [Class] = []
    /// Only what lockdep calls direct: no class was held between the two. Pseudo-locks between two mutexes hide the pair.
    public internal(set) var adjacent: [Pair] = []
    var contexts: [Context] = []
    var starts: [Int] = []
    var locks: [UInt32] = []

    /// Nothing read yet.
    public init() {}

    /// How many chains there are.
    public var chainCount: Int { contexts.count }

    /// A chain: its context, and the classes held when the last of them was taken, outermost first.
    public func chain(_ index: Int) -> (context: Context, classes: [Int]) {
        let end = index + 1 < starts.count ? starts[index + 1] : locks.count
        return (contexts[index], locks[starts[index]..<end].map(Int.init))
    }

    /// Every pair of a lock held and a lock taken under it, over all chains of a context: what livedep's own graph stores.
    ///
    /// A chain is the whole held stack at an acquisition that lockdep checked, so the pairs are `{Li -> Ln for all i < n}`.
    /// Cost: linear in the chains' length.
    public func heldPairs(in context: Context = .process) -> Set<Pair> {
        var pairs: Set<Pair> = []
        for index in contexts.indices where contexts[index] == context {
            let end = index + 1 < starts.count ? starts[index + 1] : locks.count
            guard end > starts[index] else { continue }
            let taken = Int(locks[end - 1])
            for held in locks[starts[index]..<(end - 1)] { pairs.insert(Pair(from: Int(held), to: taken)) }
        }
        return pairs
    }
}
