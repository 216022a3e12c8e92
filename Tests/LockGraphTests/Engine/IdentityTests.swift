// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// What stays the same across reboots (DESIGN 3.5), and what a baseline knows.
@Suite("identity, baseline, unification")
struct IdentityTests {
    private func signatures(_ script: String, base: UInt64 = 0x1000, before: [String] = []) -> Set<String> {
        var run = EventScript(base: base)
        for name in before { _ = run.engine.tables.classes.intern(LockClass(name: name, type: .mutex)) }
        run.play(script)
        return Set(run.engine.findings.map(\.signature.description))
    }

    @Test("a signature does not depend on numbering, addresses, rotation or order")
    func stable() {
        let first = signatures("AB BC CA X1X2 X2X1")
        #expect(first.count == 2)
        #expect(first == signatures("X1X2 X2X1 CA BC AB", base: 0x77_0000, before: ["Q", "C", "A"]))
        #expect(first == signatures("BC CA AB X2X1 X1X2", base: 0x99_0000))
        #expect(first.allSatisfy { $0.count == 16 })
    }

    @Test("other cycles, other kinds, other subclasses, other signatures")
    func distinct() {
        #expect(signatures("AB BC CA") != signatures("AC CB BA"))
        #expect(signatures("AB BA") != signatures("AB/1 B/1A"))
        #expect(signatures("A-A-A") != signatures("A!A"))
    }

    @Test("a signature is what its description computes")
    func value() {
        let keys = ["b", "a"].map { Baseline.ClassKey(name: $0, type: .mutex) }
        let signature = Signature(kind: .cycle, classes: keys)
        #expect(signature == Signature(kind: .cycle, classes: keys.reversed()))
        #expect(signature == Signature(kind: .cycle, classes: ["b#2", "a#17"].map { .init(name: $0, type: .mutex) }))
        #expect(Signature(signature.description) == signature)
        #expect(Signature("xyz") == nil)
        #expect(Signature("") == nil)
        #expect(Signature("+1") == nil)
        #expect(Signature("00000000000000000") == nil)
        func hash(_ text: [UInt8]) -> UInt64 {
            text.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
        let expected = Array("recursion\u{0}mutex\u{1}a\u{1}init_a\u{1}0".utf8)
        let key = Baseline.ClassKey(name: "a", type: .mutex, origin: "init_a")
        #expect(Signature(kind: .recursion, classes: [key]).rawValue == hash(expected))
    }

    private func baseline(_ pairs: [(String, String)], origin: String = "") -> Baseline {
        var baseline = Baseline()
        for (from, to) in pairs {
            baseline.insert(
                from: .init(name: from, type: .mutex, origin: origin),
                to: .init(name: to, type: .mutex, origin: origin),
                fromMode: .write,
                toMode: .write
            )
        }
        return baseline
    }

    @Test("new: what the baseline lacks")
    func new() {
        let options = EngineOptions(baseline: baseline([("A", "B"), ("B", "C")]))
        #expect(EventScript.run("AB BC", options).isEmpty)
        let findings = EventScript.run("AB BC CA", options)
        #expect(findings.kinds == [.new, .cycle])
        #expect(findings[0].classes == ["C", "A"])
        #expect(findings[1].steps.map(\.isNew) == [false, false, true])
        #expect(findings[1].isNew == true)
        #expect(EventScript.run("AB BA").first?.isNew == nil)
    }

    @Test("matching by name, type, modes, and origin where both have one")
    func matching() {
        let known = baseline([("a#3", "b")], origin: "init")
        func contains(
            _ from: String,
            type: LockType = .mutex,
            origin: String = "",
            mode: LockMode = .write,
            subclass: Int = 0
        ) -> Bool {
            known.contains(
                from: .init(name: from, type: type, origin: origin, subclass: subclass),
                to: .init(name: "b#2", type: .mutex),
                fromMode: mode,
                toMode: .write
            )
        }
        #expect(contains("a"))
        #expect(contains("a", origin: "init"))
        #expect(!contains("a", origin: "other"))
        #expect(!contains("a", type: .rwsem))
        #expect(!contains("a", mode: .read))
        #expect(!contains("a", subclass: 1))
        #expect(!contains("c"))
    }

    private struct Pair {
        var engine: LockOrderEngine
        var early: LockClassID
        var late: LockClassID
        var other: LockClassID
    }

    /// One lock class under two names: guessed, and said by its initialiser.
    private func twoNames(_ options: EngineOptions = EngineOptions()) -> Pair {
        var engine = LockOrderEngine(options: options)
        let early = engine.tables.classes.intern(LockClass(name: "kmalloc-64+8", type: .mutex, certainty: .inferred))
        let late = engine.tables.classes.intern(LockClass(name: "&dev->lock", type: .mutex))
        let other = engine.tables.classes.intern(LockClass(name: "other", type: .mutex))
        return Pair(engine: engine, early: early, late: late, other: other)
    }

    @Test("two classes become one: dependencies fold, and the cycle that only both have is found")
    func unify() {
        var pair = twoNames()
        pair.engine.add(Dependency(from: LockNode(pair.early), to: LockNode(pair.other), count: 3))
        pair.engine.add(Dependency(from: LockNode(pair.other), to: LockNode(pair.late), count: 2))
        #expect(pair.engine.findings.isEmpty)
        pair.engine.unify(pair.early, pair.late)
        #expect(pair.engine.findings.kinds == [.cycle])
        #expect(pair.engine.findings[0].classes.sorted() == ["&dev->lock", "other"])
        #expect(pair.engine.printedName(of: LockNode(pair.early)) == "&dev->lock")
        #expect(pair.engine.summary.classes == 2)
        pair.engine.add(Dependency(from: LockNode(pair.late), to: LockNode(pair.other), count: 9))
        #expect(pair.engine.dependencies.map(\.count) == [9, 2])
    }

    @Test("a name that turns out to be of one class loses its number")
    func unifyNamesakes() {
        var pair = twoNames()
        let origins = ["current->mm", "mm_init"]
        let mmapLocks = origins.map { origin in
            pair.engine.tables.classes.intern(LockClass(name: "&mm->mmap_lock", type: .rwsem, origin: origin))
        }
        for lock in mmapLocks { pair.engine.add(Dependency(from: LockNode(lock), to: LockNode(pair.other))) }
        #expect(mmapLocks.map { pair.engine.printedName(of: LockNode($0)) } == ["&mm->mmap_lock", "&mm->mmap_lock#2"])
        pair.engine.unify(mmapLocks[1], mmapLocks[0])
        #expect(pair.engine.lockNodes.map { pair.engine.printedName(of: $0) }.sorted() == ["&mm->mmap_lock", "other"])
    }

    @Test("what was found under the old name is not reported again under the new one")
    func unifyKnown() {
        var pair = twoNames()
        pair.engine.add(Dependency(from: LockNode(pair.early), to: LockNode(pair.other)))
        pair.engine.add(Dependency(from: LockNode(pair.other), to: LockNode(pair.early)))
        #expect(pair.engine.takeNewFindings().count == 1)
        pair.engine.unify(pair.late, pair.early)
        pair.engine.add(Dependency(from: LockNode(pair.late), to: LockNode(pair.other), fromMode: .read))
        pair.engine.add(Dependency(from: LockNode(pair.other), to: LockNode(pair.late), toMode: .read))
        #expect(pair.engine.takeNewFindings().isEmpty)
    }

    @Test("dependencies fold when both names had them, with counts and tasks")
    func fold() {
        var pair = twoNames()
        for (index, lockClass) in [pair.early, pair.late].enumerated() {
            let witness = Witness(task: TaskID(rawValue: UInt64(index)))
            pair.engine.add(Dependency(from: LockNode(lockClass), to: LockNode(pair.other), count: 2, witness: witness))
        }
        #expect(pair.engine.dependencies.count == 2)
        pair.engine.unify(pair.early, pair.late)
        #expect(pair.engine.dependencies.map(\.count) == [4])
        #expect(pair.engine.dependencies.map(\.taskCount) == [2])
    }

    @Test("a rule's path that only the union has")
    func unifyRule() throws {
        var pair = twoNames(EngineOptions(rules: [try LockRule(parsing: "x -> other")]))
        let start = pair.engine.tables.classes.intern(LockClass(name: "x", type: .mutex))
        pair.engine.add(Dependency(from: LockNode(start), to: LockNode(pair.early)))
        pair.engine.add(Dependency(from: LockNode(pair.late), to: LockNode(pair.other)))
        #expect(pair.engine.findings.isEmpty)
        pair.engine.unify(pair.early, pair.late)
        #expect(pair.engine.findings.kinds == [.rule])
    }

    @Test("locks held while their class is unified go on under the other name")
    func unifyHeld() {
        var pair = twoNames()
        let task = TaskID(rawValue: 1)
        pair.engine.consume(LockEvent(.acquire, task: task, lock: LockID(rawValue: 1), lockClass: pair.early))
        pair.engine.unify(pair.early, pair.late)
        pair.engine.consume(LockEvent(.acquire, task: task, lock: LockID(rawValue: 2), lockClass: pair.other))
        pair.engine.consume(LockEvent(.acquire, task: task, lock: LockID(rawValue: 1), lockClass: pair.late))
        #expect(pair.engine.dependencies.map { pair.engine.printedName(of: $0.from) } == ["&dev->lock", "other"])
        #expect(pair.engine.findings.kinds.contains(.recursion))
    }

    @Test("a class kept out of verdicts goes into the one that is not")
    func unifyUnvalidated() {
        var engine = LockOrderEngine()
        let hidden = engine.tables.classes.intern(LockClass(name: "hidden", type: .mutex, isValidated: false))
        let shown = engine.tables.classes.intern(LockClass(name: "shown", type: .mutex, certainty: .inferred))
        let other = engine.tables.classes.intern(LockClass(name: "other", type: .mutex))
        engine.add(Dependency(from: LockNode(hidden), to: LockNode(other)))
        engine.add(Dependency(from: LockNode(other), to: LockNode(hidden)))
        engine.add(Dependency(from: LockNode(shown), to: LockNode(other), fromMode: .read))
        #expect(engine.findings.isEmpty)
        engine.unify(hidden, shown)
        #expect(engine.findings.kinds == [.cycle])
        #expect(engine.findings[0].classes.sorted() == ["other", "shown"])
    }

    @Test("names that would write over a terminal are escaped in a finding's line")
    func printable() {
        var engine = LockOrderEngine()
        let nodes = ["a\u{1b}[2J", "b\n"].map {
            LockNode(engine.tables.classes.intern(LockClass(name: $0, type: .mutex)))
        }
        engine.add(Dependency(from: nodes[0], to: nodes[1]))
        engine.add(Dependency(from: nodes[1], to: nodes[0]))
        #expect(engine.findings[0].text.contains("a\\u{1b}[2J"))
        #expect(!engine.findings[0].text.contains("\n"))
    }

    @Test("dependencies read from elsewhere find cycles; implied ones do not multiply them")
    func imported() {
        var engine = LockOrderEngine()
        let nodes = ["a", "b", "c"].map { LockNode(engine.tables.classes.intern(LockClass(name: $0, type: .mutex))) }
        engine.add(Dependency(from: nodes[0], to: nodes[1]))
        engine.add(Dependency(from: nodes[1], to: nodes[2]))
        engine.add(Dependency(from: nodes[0], to: nodes[2], isDirect: false))
        engine.add(Dependency(from: nodes[2], to: nodes[0]))
        #expect(engine.findings.kinds == [.cycle])
        #expect(engine.findings[0].classes.count == 3)
        #expect(engine.strongComponents().map(\.count) == [3])
    }
}
