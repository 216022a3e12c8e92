// SPDX-License-Identifier: Apache-2.0

import GraphFixtures
import LockEvents
import LockGraph
import Reports
import Testing
import TraceFiles

@Suite struct FindingTextTests {
    static func seed() -> GraphSnapshot {
        GraphSnapshot(Scenario.seed().engine, run: GraphRun(id: "seed"))
    }

    static func old() -> GraphSnapshot {
        var old = Scenario()
        old.oldLinks()
        return GraphSnapshot(old.engine, run: GraphRun(id: "old"))
    }

    @Test func xyz() {
        let findings = Self.seed().reportedFindings(baseline: Self.old().baseline)
        for f in findings { print(f.textWithStacks(ReportStyle(baseline: "base.livedep", graph: "run.livedep"))) }
        for f in Self.seed().reportedFindings() { print(f.text(ReportStyle(isColoured: false, baseline: nil, graph: "run.livedep"))) }
        print(Self.seed().summaries[0]!.text())
    }
}
