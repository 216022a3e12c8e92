// SPDX-License-Identifier: Apache-2.0

/// Keeps, for each class of the order and each rule, whether the rule's left side leads there and whether it leads to the
/// right side, so that a new dependency tells at once which rules it closes a path of.
///
/// The bits only spread: a new dependency costs work only where they are news, and each bit travels each dependency once.
struct RuleTracker: Sendable {
    private struct Side: Sendable {
        var pattern: LockPattern
        var fit: LockPattern.Fit?
        /// How well each class fits that fits at all.
        var fits: [Int: LockPattern.Fit] = [:]

        /// Whether the pattern names a class: those that fit best.
        func names(_ number: Int) -> Bool { fit != nil && fits[number] == fit }
    }

    let rules: [LockRule]
    private var left: [Side]
    private var right: [Side]
    private let words: Int
    /// Per class and word: rules whose left side leads to it, and rules whose right side it leads to.
    private var reached: [UInt64] = []
    private var leading: [UInt64] = []
    /// The ends of paths that were reported, by rule.
    private var claimed: [Set<Ends>]

    private struct Ends: Hashable, Sendable {
        var source: Int
        var target: Int
    }

    init(_ rules: [LockRule]) {
        self.rules = rules
        left = rules.map { Side(pattern: $0.from) }
        right = rules.map { Side(pattern: $0.to) }
        claimed = rules.map { _ in [] }
        words = (rules.count + 63) / 64
    }

    /// Whether a rule's path between two ends is yet to be reported; it is taken as reported then.
    mutating func claim(_ rule: Int, source: Int, target: Int, limit: Int) -> Bool {
        claimed[rule].count < limit && claimed[rule].insert(Ends(source: source, target: target)).inserted
    }

    func isLeft(_ number: Int, of rule: Int) -> Bool { left[rule].names(number) }

    func isRight(_ number: Int, of rule: Int) -> Bool { right[rule].names(number) }

    /// A class was added to the order. It has no dependencies yet. A class kept out of verdicts has no names here.
    mutating func addClass(_ number: Int, names: [String], in order: DependencyOrder) {
        guard words > 0 else { return }
        reached.append(contentsOf: repeatElement(0, count: words))
        leading.append(contentsOf: repeatElement(0, count: words))
        var mustSpreadAgain = false
        for rule in rules.indices {
            if Self.add(number, names, to: &left[rule]) { mustSpreadAgain = true }
            if Self.add(number, names, to: &right[rule]) { mustSpreadAgain = true }
            setOwnBits(number, rule)
        }
        if mustSpreadAgain { spreadAgain(in: order) }
    }

    private mutating func setOwnBits(_ number: Int, _ rule: Int) {
        if left[rule].names(number) { reached[number * words + rule / 64] |= 1 << UInt64(rule % 64) }
        if right[rule].names(number) { leading[number * words + rule / 64] |= 1 << UInt64(rule % 64) }
    }

    /// Adds a class to what a side's pattern may name; true when it fits better than all before, which then count no more.
    private static func add(_ number: Int, _ names: [String], to side: inout Side) -> Bool {
        guard let fit = names.compactMap({ side.pattern.fit($0) }).max() else { return false }
        side.fits[number] = fit
        guard let old = side.fit else {
            side.fit = fit
            return false
        }
        side.fit = max(old, fit)
        return fit > old
    }

    /// A dependency was added to the order: the rules of which it closes a path.
    mutating func add(from: Int, to: Int, in order: DependencyOrder) -> [Int] {
        guard words > 0 else { return [] }
        spread(from: from, to: to, in: order)
        var closed: [Int] = []
        for word in 0..<words {
            var bits = reached[from * words + word] & leading[to * words + word]
            while bits != 0 {
                closed.append(word * 64 + bits.trailingZeroBitCount)
                bits &= bits - 1
            }
        }
        return closed
    }

    private mutating func spread(from: Int, to: Int, in order: DependencyOrder) {
        var work: [Int] = []
        if Self.merge(&reached, into: to, from: from, words) { work = [to] }
        while let number = work.popLast() {
            order.forEachSuccessor(of: number) { entry in
                if Self.merge(&reached, into: entry.lockClass, from: number, words) { work.append(entry.lockClass) }
                return true
            }
        }
        if Self.merge(&leading, into: from, from: to, words) { work = [from] }
        while let number = work.popLast() {
            order.forEachPredecessor(of: number) { entry in
                if Self.merge(&leading, into: entry.lockClass, from: number, words) { work.append(entry.lockClass) }
                return true
            }
        }
    }

    private static func merge(_ bits: inout [UInt64], into number: Int, from source: Int, _ words: Int) -> Bool {
        var hasChanged = false
        for word in 0..<words {
            let old = bits[number * words + word]
            let new = old | bits[source * words + word]
            if new != old {
                bits[number * words + word] = new
                hasChanged = true
            }
        }
        return hasChanged
    }

    /// Lets classes that were unified count as the one that stands for them, and spreads everything anew.
    mutating func unify(in order: DependencyOrder) {
        for rule in rules.indices {
            left[rule].fits = Self.renamed(left[rule].fits, in: order)
            right[rule].fits = Self.renamed(right[rule].fits, in: order)
        }
        spreadAgain(in: order)
    }

    private static func renamed(_ fits: [Int: LockPattern.Fit], in order: DependencyOrder) -> [Int: LockPattern.Fit] {
        var result: [Int: LockPattern.Fit] = [:]
        for (number, fit) in fits {
            let now = order.representative(of: number)
            result[now] = max(fit, result[now] ?? fit)
        }
        return result
    }

    private mutating func spreadAgain(in order: DependencyOrder) {
        guard words > 0 else { return }
        for index in reached.indices {
            reached[index] = 0
            leading[index] = 0
        }
        for number in 0..<(reached.count / words) {
            for rule in rules.indices { setOwnBits(number, rule) }
        }
        for number in 0..<(reached.count / words) {
            order.forEachSuccessor(of: number) { entry in
                spread(from: number, to: entry.lockClass, in: order)
                return true
            }
        }
    }
}
