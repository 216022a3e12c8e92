// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import Testing

/// What lockdep's own tests (lib/locking-selftest.c) demand, under lockdep's policy.
@Suite("lockdep's table")
struct LockdepTableTests {
    /// One column: a lock type, and how its locks are taken.
    struct Column: Sendable, CustomStringConvertible {
        var name: String
        var type: LockType
        var mode: LockMode
        var description: String { name }

        static let all = [
            Column(name: "mutex", type: .mutex, mode: .write),
            Column(name: "rwsem writer", type: .rwsem, mode: .write),
            Column(name: "rwsem reader", type: .rwsem, mode: .read),
            Column(name: "percpu_rwsem writer", type: .percpuRwsem, mode: .write),
            Column(name: "percpu_rwsem reader", type: .percpuRwsem, mode: .read),
            Column(name: "spin", type: .spin, mode: .write),
            Column(name: "rtmutex", type: .rtMutex, mode: .write),
            Column(name: "rwlock writer", type: .rwlock, mode: .write),
            Column(name: "recursive reader", type: .rwlock, mode: .recursive),
        ]
    }

    struct Row: Sendable, CustomStringConvertible {
        var name: String
        var script: String
        var kind: FindingKind
        var recursive: Bool
        var description: String { "\(name): \(script)" }

        static let all = [
            Row(name: "A-A", script: "X1X2", kind: .recursion, recursive: false),
            Row(name: "A-A, one instance", script: "X1X1", kind: .recursion, recursive: false),
            Row(name: "A-B-B-A", script: "AB BA", kind: .cycle, recursive: false),
            Row(name: "ABBCCA", script: "AB BC CA", kind: .cycle, recursive: false),
            Row(name: "ABCABC", script: "AB CA BC", kind: .cycle, recursive: false),
            Row(name: "ABBCCDDA", script: "AB BC CD DA", kind: .cycle, recursive: false),
            Row(name: "ABCDBDDA", script: "AB CD BD DA", kind: .cycle, recursive: false),
            Row(name: "ABCDBCDA", script: "AB CD BC DA", kind: .cycle, recursive: false),
            Row(name: "double unlock", script: "A-A-A", kind: .release, recursive: true),
            Row(name: "init held", script: "A!A", kind: .initialize, recursive: true),
        ]
    }

    @Test("rows by columns", arguments: Column.all, SameClassPolicy.allCases)
    func column(_ column: Column, policy: SameClassPolicy) {
        for row in Row.all {
            // Two instances of one class are what the policies differ about.
            let isRequired = column.mode == .recursive ? row.recursive : policy == .strict || row.name != "A-A"
            let options = EngineOptions(sameClass: policy)
            let findings = EventScript.run(row.script, options, type: column.type, mode: column.mode)
            #expect(findings.kinds == (isRequired ? [row.kind] : []), "\(row) as \(column), \(policy)")
        }
    }

    @Test("the count of rows")
    func count() {
        let rows = Row.all.count * Column.all.count
        let others = Self.rwsemRows.count + Self.recursiveRows.count + 6 * Self.threeLocks.count + Self.wwRows.count
        print(
            "lockdep's table: \(rows + others) rows, \(Row.all.count) in \(Column.all.count) columns, \(others) others"
        )
        #expect(rows + others > 140)
    }

    static let rwsemRows: [(String, FindingKind)] = [
        ("rX1rX1", FindingKind.recursion), ("rX1rX2", .recursion), ("rX1wX2", .recursion), ("wX1rX2", .recursion),
        ("rXwY rYwX", .cycle), ("rXrY wYrX", .cycle), ("rXrY rYrX", .cycle), ("wXwY rYrX", .cycle),
        ("rXY YwX", .cycle), ("rXY YrX", .cycle), ("wXY YwX", .cycle),
    ]

    @Test("rwsem", arguments: rwsemRows)
    func rwsem(script: String, kind: FindingKind) {
        #expect(EventScript.strict(script, type: .rwsem).kinds == [kind])
    }

    static let recursiveRows: [(String, FindingKind?)] = [
        ("RX1RX1", nil), ("RX1RX2", nil), ("RX1wX2", FindingKind.recursion), ("wX1RX2", .recursion),
        ("RXwY wYRX", nil), ("RXwY wYRX wYwX", .cycle), ("wX1RX1", .recursion),
    ]

    @Test("recursive readers", arguments: recursiveRows)
    func recursive(script: String, kind: FindingKind?) {
        #expect(EventScript.strict(script, type: .rwlock).kinds == (kind.map { [$0] } ?? []))
    }

    static let threeLocks: [([String], Bool)] = [
        (["wXRY", "wYRZ", "wZRX"], true),
        (["wXwY", "RYRZ", "wZRX"], true),
        (["wXwY", "RYRZ", "RZwX"], false),
        (["wXRY", "RYRZ", "wZwX"], false),
    ]

    @Test("three locks in all six orders", arguments: threeLocks)
    func orders(pairs: [String], isReported: Bool) {
        for (first, second, third) in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)] {
            let script = "\(pairs[first]) \(pairs[second]) \(pairs[third])"
            #expect(EventScript.strict(script, type: .rwlock).kinds == (isReported ? [.cycle] : []), "\(script)")
        }
    }

    static let wwRows: [(String, String, FindingKind?)] = [
        ("two contexts", "tu", .recursion),
        ("context, then without", "to(t)p", .recursion),
        ("context, then trylock", "to(t)p?", nil),
        ("two under one context", "to(t)p(t)", nil),
        ("the same under one context", "to(t)^o(t)~o", nil),
        ("two without", "op", .recursion),
        ("without, then under a context", "oup(u)", .recursion),
        ("trylock, then without", "o?p", .recursion),
        ("trylock, then under a context", "o?tp(t)", .recursion),
        ("two trylocks", "o?p?", nil),
        ("spin, both orders, without", "Ao oA", .cycle),
        ("spin, both orders, trylock", "Ao? oA", nil),
        ("spin, both orders, context", "Ato(t) to(t)A", .cycle),
        ("context finished early", "to(t)-t-o", .exit),
        ("context finished", "to(t)-o-t", nil),
        ("context named only", "o(t)p(t)-p-o-t", nil),
        ("unlocked twice", "o-o-o", .release),
    ]

    @Test("ww mutexes", arguments: wwRows.indices)
    func ww(row: Int) {
        let (name, script, kind) = Self.wwRows[row]
        // The context between two mutexes of one class is one more way round, of the class on its own context.
        let strict = EventScript.strict(script, type: .spin).kinds.filter { $0 != .cycle || kind == .cycle }
        #expect(strict == (kind.map { [$0] } ?? []), "\(name)")
        // What a context forbids is no matter of instances: the instance policy says the same, but for plain nesting.
        let isPlainNesting = ["op", "o?p"].contains(script)
        let byInstance = EventScript.run(script, type: .spin).kinds
        #expect(byInstance == (isPlainNesting ? [] : kind.map { [$0] } ?? []), "\(name), by instance")
    }

    @Test("fs_reclaim inside itself, and both sides of a lock", arguments: SameClassPolicy.allCases)
    func reclaim(policy: SameClassPolicy) {
        let options = EngineOptions(sameClass: policy)
        #expect(EventScript.run("FF", options, type: .pseudo).kinds == [.recursion])
        #expect(EventScript.run("F F", options, type: .pseudo).isEmpty)
        #expect(EventScript.run("FA AF", options, type: .pseudo).kinds == [.cycle])
    }

    @Test("nest locks")
    func nest() {
        #expect(EventScript.strict("NX1[N]X2[N]").isEmpty)
        #expect(EventScript.strict("NX1X2[N]").isEmpty)
        #expect(EventScript.strict("X1NX2[N]").kinds == [.recursion, .cycle])
        #expect(EventScript.run("X1NX2[N]").isEmpty)
        #expect(EventScript.strict("X1[N]").kinds == [.nest])
        #expect(EventScript.run("NX1[N]X2[N] NX2[N]X1[N]").isEmpty)
        #expect(EventScript.run("X1[N]").kinds == [.nest])
    }

    @Test("subclasses are nodes of their own")
    func subclasses() {
        #expect(EventScript.strict("X1X2/1").isEmpty)
        #expect(EventScript.strict("X1X2/1 X2/1X1").kinds == [.cycle])
        #expect(EventScript.strict("X1X2/1 X2/1X1").first?.classes.sorted() == ["X", "X/1"])
    }

    @Test("the first report ends nothing: every further cycle is reported")
    func goesOn() {
        let findings = EventScript.strict("AB BA CD DC X1X2 EF FE")
        #expect(findings.kinds == [.cycle, .cycle, .recursion, .cycle])
    }
}
