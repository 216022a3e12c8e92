// SPDX-License-Identifier: Apache-2.0

import LockEvents

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

        /// The lock classes that fit best; several classes of the order may be subclasses of one.
        var best: Set<LockClassID> = []

        /// Whether the pattern names a class: those that fit best.
        func names(_ number: Int) -> Bool { fit != nil && fits[number] == fit }

        /// Lets unified classes count as the one that stands for them.
        mutating func rename(in order: DependencyOrder, _ current: (LockClassID) -> LockClassID) {
            var renamed: [Int: LockPattern.Fit] = [:]
            for (number, fit) in fits {
                let now = order.representative(of: number)
                renamed[now] = max(fit, renamed[now] ?? fit)
            }
            fits = renamed
            best = Set(best.map(current))
        }
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
    private static let pairsPerRule = 4096

    private struct Ends: Hashable, Sendable {
        var source: LockClassID
        var target: LockClassID
    }

    init(_ rules: [LockRule]) {
        self.rules = rules
        left = rules.map { Side(pattern: $0.from) }
        right = rules.map { Side(pattern: $0.to) }
        claimed = rules.map { _ in [] }
        words = (rules.count + 63) / 64
    }

    /// Whether a rule's path between two classes is yet to be reported; it is taken as reported then.
    mutating func claim(_ rule: Int, source: LockClassID, target: LockClassID) -> Bool {
        !isExhausted(rule) && claimed[rule].insert(Ends(source: source, target: target)).inserted
    }

    /// Whether nothing more is to be reported of a rule: all that it names, or all that one rule may report.
    private func isExhausted(_ rule: Int) -> Bool {
        let pairs = left[rule].best.count.multipliedReportingOverflow(by: right[rule].best.count)
        return claimed[rule].count >= (pairs.overflow ? Self.pairsPerRule : min(pairs.partialValue, Self.pairsPerRule))
    }

    func isLeft(_ number: Int, of rule: Int) -> Bool { left[rule].names(number) }

    func isRight(_ number: Int, of rule: Int) -> Bool { right[rule].names(number) }

    /// A class was added to the order. It has no dependencies yet. A class kept out of verdicts has no names here.
    mutating func addClass(_ number: Int, of lockClass: LockClassID, names: [String], in order: DependencyOrder) {
        guard words > 0 else { return }
        reached.append(contentsOf: repeatElement(0, count: words))
        leading.append(contentsOf: repeatElement(0, count: words))
        var mustSpreadAgain = false
        for rule in rules.indices {
            if Self.add(number, lockClass, names, to: &left[rule]) { mustSpreadAgain = true }
            if Self.add(number, lockClass, names, to: &right[rule]) { mustSpreadAgain = true }
            setOwnBits(number, rule)
        }
        if mustSpreadAgain { spreadAgain(in: order) }
    }

    private mutating func setOwnBits(_ number: Int, _ rule: Int) {
        if left[rule].names(number) { reached[number * words + rule / 64] |= 1 << UInt64(rule % 64) }
        if right[rule].names(number) { leading[number * words + rule / 64] |= 1 << UInt64(rule % 64) }
    }

    /// Adds a class to what a side's pattern may name; true when it fits better than all before, which then count no more.
    private static func add(_ number: Int, _ lockClass: LockClassID, _ names: [String], to side: inout Side) -> Bool {
        guard let fit = names.compactMap({ side.pattern.fit($0) }).max() else { return false }
        side.fits[number] = fit
        let old = side.fit
        if let old, fit < old { return false }
        side.fit = fit
        if old != fit { side.best.removeAll() }
        side.best.insert(lockClass)
        return old.map { $0 < fit } ?? false
    }

    /// A dependency was added to the order: the rules of which it closes a path.
    mutating func add(from: Int, to: Int, in order: DependencyOrder) -> [Int] {
        guard words > 0 else { return [] }
        spread(from: from, to: to, in: order)
        var closed: [Int] = []
        for word in 0..<words {
            var bits = reached[from * words + word] & leading[to * words + word]
            while bits != 0 {
                let rule = word * 64 + bits.trailingZeroBitCount
                if !isExhausted(rule) { closed.append(rule) }
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
    mutating func unify(in order: DependencyOrder, _ current: (LockClassID) -> LockClassID) {
        for rule in rules.indices {
            left[rule].rename(in: order, current)
            right[rule].rename(in: order, current)
            claimed[rule] = Set(claimed[rule].map { Ends(source: current($0.source), target: current($0.target)) })
        }
        spreadAgain(in: order)
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
