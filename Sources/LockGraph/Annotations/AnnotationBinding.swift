// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Applies learned annotations to the locks of a source that has none.
///
/// An annotation holds where the function and the class's name and kind are its own. A lock whose class is known by its
/// call site only is of the class that this function takes on the kernel with lockdep, if it takes one of that kind only.
/// What the function says in one situation is believed only if it always said so: a function that takes one class with
/// several subclasses while holding the same says nothing.
///
/// A function and class met before cost one hash probe.
struct AnnotationBinding: Sendable {
    private struct Answer {
        var under: [UInt8]
        var subclass: UInt8
        var nest: String
    }

    private struct Case {
        var lockClass: LockClassID
        var answers: [Answer]
        /// The one answer where the situation makes no difference.
        var always: Answer?
    }

    /// Which annotation explained a nesting.
    struct Explained: Hashable {
        var lockClass: LockClassID
        var site: NameID
        var subclass: UInt8
        var nest: String
    }

    private let functions: [String: [LearnedAnnotations.Entry]]
    private var bound: [UInt64: Int] = [:]
    private var cases: [Case] = []
    /// Nestings of one class that an annotation explained, and how often.
    private(set) var explained: [Explained: Int] = [:]

    private static let nothing = -1

    init(_ annotations: LearnedAnnotations) {
        functions = Dictionary(grouping: annotations.entries.keys, by: \.function)
    }

    /// Applies what the function that takes the event's lock says.
    mutating func apply(
        to event: inout LockEvent,
        held: Span<HeldLock>,
        _ nodes: NodeTable,
        _ tables: inout EventTables
    ) {
        guard event.subclass == 0, event.nest == .none, event.lockClass != .none, event.site != .none else { return }
        var lock = HeldLock(event)
        apply(to: &lock, held: held, nodes, &tables, isTaken: true)
        event.lockClass = lock.lockClass
        event.subclass = lock.subclass
        event.nest = lock.nest
    }

    /// Applies what the function that took a held lock says, given the locks held before it.
    mutating func apply(
        to lock: inout HeldLock,
        held: Span<HeldLock>,
        _ nodes: NodeTable,
        _ tables: inout EventTables,
        isTaken: Bool = false
    ) {
        guard lock.subclass == 0, lock.nest == .none, lock.lockClass != .none, lock.site != .none else { return }
        let key = UInt64(lock.site.rawValue) << 32 | UInt64(lock.lockClass.rawValue)
        let number: Int
        if let known = bound[key] {
            number = known
        } else {
            number = bind(lock, &tables)
            bound[key] = number
        }
        guard number != Self.nothing else { return }
        lock.lockClass = cases[number].lockClass
        guard let answer = answer(of: number, held: held, of: nodes.canonical(lock.lockClass), nodes) else { return }
        lock.subclass = answer.subclass
        if !answer.nest.isEmpty { lock.nest = nestLock(answer.nest, held, tables) }
        guard isTaken, lock.subclass != 0 || lock.nest != .none else { return }
        let family = nodes.canonical(lock.lockClass)
        for index in held.indices
        where nodes.canonical(held[index].lockClass) == family && held[index].lock != lock.lock {
            let nesting = Explained(
                lockClass: family,
                site: lock.site,
                subclass: lock.subclass,
                nest: lock.nest == .none ? "" : answer.nest
            )
            explained[nesting, default: 0] += 1
            return
        }
    }

    private func nestLock(_ name: String, _ held: Span<HeldLock>, _ tables: EventTables) -> LockID {
        for index in held.indices
        where held[index].lockClass != .none && tables.classes[held[index].lockClass].name == name {
            return held[index].lock
        }
        return .none
    }

    private func answer(
        of number: Int,
        held: Span<HeldLock>,
        of family: LockClassID,
        _ nodes: NodeTable
    ) -> Answer? {
        if let always = cases[number].always { return always }
        search: for answer in cases[number].answers {
            var depth = 0
            for index in held.indices {
                guard held[index].lockClass != .none, nodes.canonical(held[index].lockClass) == family else { continue }
                guard depth < answer.under.count, answer.under[depth] == held[index].subclass else { continue search }
                depth += 1
            }
            if depth == answer.under.count { return answer }
        }
        return nil
    }

    /// Looks up what is said of a class at a function; the number of the case, or ``nothing``.
    private mutating func bind(_ lock: HeldLock, _ tables: inout EventTables) -> Int {
        let lockClass = tables.classes[lock.lockClass]
        guard let entries = functions[tables.names[lock.site]] else { return Self.nothing }
        let ofKind = entries.filter { $0.lockClass.type == lockClass.type }
        var fitting = ofKind.filter { $0.lockClass.name == lockClass.name }
        var id = lock.lockClass
        if fitting.isEmpty, let member = Self.member(lockClass.name) {
            // The member of a structure is called by its type here and by the initialiser's expression there.
            fitting = ofKind.filter { Self.member($0.lockClass.name) == member }
            if let first = fitting.first, fitting.allSatisfy({ $0.lockClass == first.lockClass }) {
                id = tables.classes.intern(Self.learned(first.lockClass, certainty: lockClass.certainty))
            } else {
                fitting = []
            }
        }
        if fitting.isEmpty {
            guard lockClass.certainty == .inferred, lockClass.naming.contains("call site"),
                let only = ofKind.first?.lockClass, ofKind.allSatisfy({ $0.lockClass == only })
            else { return Self.nothing }
            fitting = ofKind
            id = tables.classes.intern(Self.learned(only, certainty: .inferred))
        } else if lockClass.isValidated, fitting.allSatisfy({ !$0.lockClass.isValidated }), let first = fitting.first {
            id = tables.classes.intern(Self.learned(first.lockClass, certainty: lockClass.certainty))
        }
        let answers = Self.answers(fitting)
        let always = answers.first.flatMap { first in
            let isAlways =
                Set(fitting.map(\.under)).count == answers.count
                && answers.allSatisfy { $0.subclass == first.subclass && $0.nest == first.nest }
            return isAlways ? first : nil
        }
        cases.append(Case(lockClass: id, answers: answers, always: always))
        return cases.count - 1
    }

    /// `mutex` of `&obj->mutex` and of `object.inner.mutex`; nil where no member is named.
    private static func member(_ name: String) -> Substring? {
        guard let mark = name.lastIndex(where: { $0 == "." || $0 == ">" }) else { return nil }
        let member = name[name.index(after: mark)...]
        return member.isEmpty ? nil : member
    }

    private static func learned(_ lockClass: LockClass, certainty: LockClass.Certainty) -> LockClass {
        var learned = lockClass
        learned.naming = "annotation"
        learned.certainty = certainty
        return learned
    }

    /// What is said in each situation, where it is always the same. Sorted, so that runs do not differ.
    private static func answers(_ entries: [LearnedAnnotations.Entry]) -> [Answer] {
        let situations = Dictionary(grouping: entries, by: \.under)
        return situations.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { under in
            guard let said = situations[under], let first = said.first,
                said.allSatisfy({ $0.subclass == first.subclass && $0.nest == first.nest })
            else { return nil }
            return Answer(under: under, subclass: first.subclass, nest: first.nest)
        }
    }
}
