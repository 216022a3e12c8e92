// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

@Suite("rules, patterns, paths")
struct RuleTests {
    private func options(_ rules: String...) throws -> EngineOptions {
        EngineOptions(rules: try rules.map { try LockRule(parsing: $0) })
    }

    @Test("a rule's path is reported when it closes, whichever dependency comes last")
    func closingOrders() throws {
        let pairs = ["AB", "BC", "CD"]
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var script = EventScript(try options("A -> D"))
            for (position, index) in order.enumerated() {
                #expect(script.engine.findings.isEmpty)
                script.play(pairs[index])
                #expect(script.engine.findings.count == (position == 2 ? 1 : 0))
            }
            let finding = script.engine.findings[0]
            #expect(finding.kind == .rule)
            #expect(finding.rule == "A -> D")
            #expect(finding.classes == ["A", "B", "C", "D"])
            #expect(finding.grade == .bound)
        }
    }

    @Test("once for a rule and two ends, though more paths appear")
    func once() throws {
        #expect(EventScript.run("AB BD AC CD AD", try options("A -> D")).kinds == [.rule])
        #expect(EventScript.run("AB BD AC CD", try options("A -> D", "A -> C")).kinds == [.rule, .rule])
        #expect(EventScript.run("DA", try options("A -> D")).isEmpty)
    }

    @Test("a rule looks at paths, not at strong ones")
    func anyPath() throws {
        #expect(EventScript.run("wXRY RYwZ", try options("X -> Z"), type: .rwlock).kinds == [.rule])
    }

    @Test("rule paths are graded by instances")
    func grades() throws {
        #expect(EventScript.run("A1B1 B2C1", try options("A -> C")).map(\.grade) == [.classOnly])
        #expect(EventScript.run("GA1B1 GB1C1", try options("A -> C")).map(\.grade) == [.guarded])
        #expect(EventScript.run("1:AB 1:BC", try options("A -> C")).map(\.grade) == [.bound])
    }

    @Test("more rules than bits in a word")
    func many() throws {
        let rules = (0..<100).map { LockRule(from: LockPattern("A"), to: LockPattern("x\($0)")) }
        let all = rules + [try LockRule(parsing: "A -> C")]
        #expect(EventScript.run("AB BC", EngineOptions(rules: all)).kinds == [.rule])
    }

    @Test(
        "patterns: the exact name, else the last member, else a glob",
        arguments: [
            ("mmap_lock", "&mm->mmap_lock", LockPattern.Fit.lastMember), ("mmap_sem", "&mm->mmap_lock", .lastMember),
            ("mmap_lock", "&mm->mmap_sem", .lastMember), ("&mm->mmap_sem", "&mm->mmap_lock", .exact),
            ("barrier_mutex", "rcu_state.barrier_mutex", .lastMember), ("pmus_lock", "pmus_lock", .exact),
            ("rw_sem", "&sb->s_writers.rw_sem[i]", .lastMember), ("rw_sem[i]", "&sb->s_writers.rw_sem[i]", .lastMember),
            ("&sb->*", "&sb->s_umount", .glob), ("*_lock", "&mm->mmap_lock", .glob), ("?pu", "cpu", .glob),
            ("*[i]", "&hash->locks[i]", .glob), ("(wq_completion)events", "(wq_completion)events", .exact),
            ("name with space", "name with space", .exact), ("rq_lock", "&rq_lock", .lastMember),
        ]
    )
    func fits(pattern: String, name: String, fit: LockPattern.Fit) {
        #expect(LockPattern(pattern).fit(name) == fit)
    }

    @Test(
        "what does not fit",
        arguments: [("mmap", "&mm->mmap_lock"), ("lock", "mmap_lock"), ("a*b", "ac"), ("[abc]", "a")]
    )
    func misfits(pattern: String, name: String) {
        #expect(LockPattern(pattern).fit(name) == nil)
    }

    @Test("a better fit makes the worse ones count no more")
    func betterFit() throws {
        var engine = LockOrderEngine(options: try options("lock -> b"))
        func node(_ name: String) -> LockNode {
            LockNode(engine.tables.classes.intern(LockClass(name: name, type: .mutex)))
        }
        let (member, exact, target) = (node("&x->lock"), node("lock"), node("b"))
        engine.add(Dependency(from: member, to: node("a")))
        engine.add(Dependency(from: exact, to: node("c")))
        engine.add(Dependency(from: node("a"), to: target))
        #expect(engine.findings.isEmpty)
        engine.add(Dependency(from: node("c"), to: target))
        #expect(engine.findings.map(\.classes) == [["lock", "c", "b"]])
    }

    @Test("a rule is two patterns and an arrow", arguments: ["", "A", "A->B", "A -> ", " -> B", "A -> B -> C"])
    func syntax(text: String) {
        #expect(throws: LockRule.SyntaxError.self) { try LockRule(parsing: text) }
    }

    @Test("names contain arrows without spaces")
    func arrows() throws {
        let rule = try LockRule(parsing: "&mm->mmap_lock -> &ctx->mutex")
        #expect(rule.from.text == "&mm->mmap_lock")
        #expect(rule.to.text == "&ctx->mutex")
    }

    @Test("path: all locks between, and the shortest way with witnesses")
    func path() {
        var script = EventScript()
        script.play("AB BD AC CE ED DF XA")
        let answer = script.engine.path(from: LockPattern("A"), to: LockPattern("D"))
        #expect(answer?.between.map { script.engine.printedName(of: $0) }.sorted() == ["B", "C", "E"])
        #expect(answer?.shortest.map { script.engine.printedName(of: $0.to) } == ["B", "D"])
        #expect(answer?.shortest.first?.witness.task == TaskID(rawValue: 100))
        #expect(script.engine.path(from: LockPattern("D"), to: LockPattern("A")) == nil)
        #expect(script.engine.path(from: LockPattern("nothing"), to: LockPattern("A")) == nil)
    }
}
