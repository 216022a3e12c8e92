// SPDX-License-Identifier: Apache-2.0

import GraphFixtures
import JSONLines
import LockEvents
import LockGraph
import Testing
import TraceFiles

@testable import Reports

@Suite struct GraphDiffTests {
    @Test func onlyTheDriversDependencyAppeared() {
        let diff = GraphDiff(base: Seed.old, new: Seed.new)
        #expect(
            diff.text() == """
                + cycle d2cf1068b51930d0  rcu_state.barrier_mutex -> cpu_hotplug_lock -> pmus_lock -> cpuctx_mutex -> \
                &mm->mmap_lock -> gpu_lock -> rcu_state.barrier_mutex  bound
                + dependency  gpu_lock  -> rcu_state.barrier_mutex  kms_front/1290  rcu_barrier < gpu_ctl  x1
                Cycles +1 -0, dependencies +1 -0, classes +0 -0

                """
        )
        #expect(diff.warnings.isEmpty)
        let back = GraphDiff(base: Seed.new, new: Seed.old)
        #expect(back.text().hasSuffix("Cycles +0 -1, dependencies +0 -1, classes +0 -0\n"))
        #expect(GraphDiff(base: Seed.new, new: Seed.new).isEmpty)
    }

    @Test func renumberedNamesAndOtherAddressesAreNoDifference() {
        /// Two classes of one name, seen in either order: what is `lock` in one run is `lock#2` in the other.
        func graph(_ origins: [String]) -> GraphSnapshot {
            var scenario = Scenario()
            for origin in origins {
                scenario.task("t", 1) {
                    $0.take("outer", at: "f")
                    $0.take("lock", at: "g", origin: origin)
                }
            }
            return GraphSnapshot(scenario.engine, run: GraphRun(id: origins.joined()))
        }
        let diff = GraphDiff(base: graph(["a_init", "b_init"]), new: graph(["b_init", "a_init"]))
        #expect(diff.isEmpty)
        #expect(graph(["a_init", "b_init"]).engine().dependencies.count == 2)
        let third = GraphDiff(base: graph(["a_init", "b_init"]), new: graph(["a_init", "c_init"]))
        #expect(third.appeared.classes.map(\.origin) == ["c_init"])
        #expect(third.gone.classes.map(\.origin) == ["b_init"])
        #expect(third.appeared.dependencies.count == 1)
    }

    @Test func whatMakesAComparisonDoubtfulIsSaid() {
        let other = GraphSnapshot(Scenario.seed().engine, run: GraphRun(id: "x", source: "lockdep"))
        #expect(
            GraphDiff(base: Seed.new, new: other).warnings == [
                "the graphs come from different sources (events; lockdep), which see different locks"
            ]
        )
        var cut = Seed.new
        cut.damagedLines = 2
        #expect(
            GraphDiff(base: Seed.new, new: cut).warnings == [
                "the new graph is not complete; 2 damaged lines passed over"
            ]
        )
    }

    @Test func asJSONEveryChangeIsALine() throws {
        var json = JSONWriter()
        GraphDiff(base: Seed.old, new: Seed.new).write(to: &json)
        let lines = json.text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix(#"{"change":"appeared","what":"cycle","kind":"cycle","#))
        #expect(lines[1].hasPrefix(#"{"change":"appeared","what":"dependency","from":"gpu_lock","#))
        #expect(lines[2].hasPrefix(#"{"record":"summary","appeared":{"cycles":1,"dependencies":1,"classes":0}"#))
    }
}

@Suite struct LockPathTests {
    @Test func theSeedsQuestionIsAnswered() throws {
        let path = try LockPath(in: Seed.new, from: "mmap_sem", to: "barrier_mutex")
        #expect(path.steps.map(\.from) == ["&mm->mmap_lock", "gpu_lock"])
        #expect(path.steps.map(\.comm) == ["kms_front", "kms_front"])
        #expect(path.between.first == "gpu_lock")
        #expect(path.between.sorted() == ["cpu_hotplug_lock", "cpuctx_mutex", "gpu_lock", "pmus_lock"])
        #expect(
            path.text().hasPrefix(
                """
                &mm->mmap_lock leads to rcu_state.barrier_mutex by:
                  1  &mm->mmap_lock (R)  -> gpu_lock                 kms_front/1290  gpu_fault < __do_fault  x4
                  2  gpu_lock            -> rcu_state.barrier_mutex  kms_front/1290  rcu_barrier < gpu_ctl   x1
                4 locks between, the nearest first:
                  gpu_lock

                """
            )
        )
    }

    @Test func withoutTheDriverThereIsNoPath() throws {
        let path = try LockPath(in: Seed.old, from: "mmap_lock", to: "barrier_mutex")
        #expect(path.steps.isEmpty)
        #expect(path.text() == "No path leads from mmap_lock to barrier_mutex.\n")
        var json = JSONWriter()
        path.write(to: &json)
        #expect(json.text == #"{"record":"summary","from":[],"to":[],"length":0,"between":0}"# + "\n")
    }

    @Test func anUnknownLockIsAnError() {
        let error = #expect(throws: LockPath.UnknownLock.self) {
            _ = try LockPath(in: Seed.new, from: "hotplug", to: "barrier_mutex")
        }
        #expect(error?.description == "no lock of the graph is named 'hotplug'; similar: cpu_hotplug_lock")
    }
}

@Suite struct CycleCutsTests {
    @Test func theNewDependencyRanksAboveWhatHasBeenTrueForALongTime() {
        let cuts = CycleCuts(Seed.new, baseline: Seed.old.baseline)
        let component = cuts.components.first
        #expect(cuts.components.count == 1)
        #expect(component?.isExact == true)
        #expect(component?.cut.map(\.step.from) == ["gpu_lock"])
        #expect(component?.candidates.map { $0.step.isNew } == [true, false, false, false, false, false])
        #expect(
            cuts.text().hasPrefix(
                "1 cycle over 6 classes: break 1 dependency; no lighter set breaks them all\n"
                    + "  BREAK  1  gpu_lock                 -> rcu_state.barrier_mutex  "
                    + "breaks the one cycle, NEW, one call site: rcu_barrier < gpu_ctl, seen x1\n"
            )
        )
    }

    @Test func aDependencySharedByCyclesIsPreferred() {
        var scenario = Scenario()
        for (index, pair) in [["A", "B"], ["B", "C"], ["C", "A"], ["B", "D"], ["D", "A"]].enumerated() {
            scenario.task("t\(index)", UInt32(index + 1)) {
                $0.take(pair[0], at: "f\(index)")
                $0.take(pair[1], at: "g\(index)")
            }
        }
        let component = CycleCuts(GraphSnapshot(scenario.engine, run: GraphRun(id: "r"))).components.first
        #expect(component?.cycles == 2)
        #expect(component?.cut.map { [$0.step.from, $0.step.to] } == [["A", "B"]])
        #expect(component?.candidates.map(\.cyclesBroken) == [2, 1, 1, 1, 1])
    }

    @Test func manyCallSitesAreNotTheFirstToChange() {
        var scenario = Scenario()
        for site in ["f1", "f2", "f3"] {
            scenario.task("a", 1) {
                $0.take("A", at: "outer")
                $0.take("B", at: site)
            }
        }
        scenario.task("b", 2, times: 40) {
            $0.take("B", at: "outer")
            $0.take("A", at: "g")
        }
        let cut = CycleCuts(GraphSnapshot(scenario.engine, run: GraphRun(id: "r"))).components.first?.cut
        #expect(cut?.map(\.step.from) == ["B"])
    }

    @Test func skippedLinksAreNoCyclesOfTheirOwn() {
        var scenario = Scenario()
        scenario.task("a", 1) {
            $0.take("A", at: "f")
            $0.take("B", at: "g")
            $0.take("C", at: "h")
        }
        scenario.task("b", 2) {
            $0.take("C", at: "f")
            $0.take("A", at: "g")
        }
        let component = CycleCuts(GraphSnapshot(scenario.engine, run: GraphRun(id: "r"))).components.first
        #expect(component?.cycles == 1)
        #expect(component?.candidates.count == 3)
    }

    @Test func theAnswerDoesNotDependOnTheOrderOfRuns() {
        var graph = Seed.old
        graph.formUnion(Seed.new)
        var other = Seed.new
        other.formUnion(Seed.old)
        #expect(CycleCuts(graph).text() == CycleCuts(other).text())
        #expect(CycleCuts(GraphSnapshot()).text() == "No cycles: nothing to break.\n")
    }
}

@Suite struct FailPolicyTests {
    static func finding(_ kind: FindingKind, _ grade: Grade?, exact: Bool = true) -> Finding {
        var finding = Finding(kind: kind, signature: Signature(rawValue: 1))
        finding.grade = grade
        finding.namesAreExact = exact
        return finding
    }

    @Test(arguments: [
        ("cycle", FindingKind.cycle, Grade.bound as Grade?, true, true), ("cycle", .cycle, .bound, false, false),
        ("cycle", .cycle, .guarded, true, false), ("cycle:guarded", .cycle, .guarded, true, true),
        ("cycle:guarded", .cycle, .classOnly, true, false), ("cycle:class", .cycle, .classOnly, false, true),
        ("cycle:class,cycle", .cycle, .classOnly, false, true), ("rule", .rule, .classOnly, false, true),
        ("rule:bound", .rule, .classOnly, true, false), ("new,rule", .new, nil, true, true),
        ("new", .cycle, .bound, true, false), ("deadlock", .deadlock, nil, true, true),
    ])
    func names(_ text: String, kind: FindingKind, grade: Grade?, exact: Bool, isNamed: Bool) throws {
        let policy = try FailPolicy(parsing: text)
        #expect(policy.matches(Self.finding(kind, grade, exact: exact)) == isNamed)
    }

    @Test(arguments: ["", "cycles", "cycle:all", "new:bound", "cycle,,rule"])
    func whatCannotBeReadIsAnError(_ text: String) {
        #expect(throws: FailPolicy.SyntaxError.self) { _ = try FailPolicy(parsing: text) }
    }
}
