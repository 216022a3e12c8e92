// SPDX-License-Identifier: Apache-2.0

import Foundation
import FoundationXML
import GraphFixtures
import JSONLines
import LockEvents
import LockGraph
import Testing
import TraceFiles

@testable import Reports

@Suite struct FormatTests {
    static var findings: [Finding] { Seed.new.reportedFindings(baseline: Seed.old.baseline) }

    @Test func dotShowsModesAndWhatIsNew() {
        let text = DOT.text(Self.findings)
        #expect(text.hasPrefix("digraph livedep {\n"))
        #expect(
            text.contains(
                #""gpu_lock" -> "rcu_state.barrier_mutex" [label="rcu_barrier < gpu_ctl\nkms_front/1290\nNEW", color=red, penwidth=2];"#
            )
        )
        #expect(
            text.contains(
                #""cpuctx_mutex" -> "&mm->mmap_lock" [label="W -> R\nperf_read < vfs_read\nperf/812\nMAY", style=dashed];"#
            )
        )
        #expect(DOT.text(Seed.new).contains("penwidth=0.5"))
    }

    @Test func dotQuotesWhatNamesMayHold() {
        var scenario = Scenario()
        scenario.task("t", 1) {
            $0.take(#"a"b\n"#, at: "f")
            $0.take("x", at: "g")
        }
        let graph = GraphSnapshot(scenario.engine, run: GraphRun(id: "r"))
        #expect(DOT.text(graph).contains(#""a\"b\\n" -> "x""#))
    }

    final class Counter: NSObject, XMLParserDelegate {
        var elements: [String: Int] = [:]
        var attributes: [String: [String: String]] = [:]

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            elements[name, default: 0] += 1
            self.attributes[name] = attributes
        }
    }

    @Test func junitIsXMLWithACaseForEachFindingAndKind() {
        let text = JUnit.text(Self.findings, of: Seed.new, isFailure: FailPolicy.usual.matches)
        let parser = XMLParser(data: Data(text.utf8))
        let counter = Counter()
        parser.delegate = counter
        #expect(parser.parse())
        // A cycle, a new dependency, and nine kinds of which there is none but the cycle's.
        #expect(counter.elements["testcase"] == 2 + FindingKind.allCases.count - 2)
        // The cycle's names are not all exact, so that it does not fail by itself.
        #expect(counter.elements["failure"] == nil)
        #expect(counter.attributes["testsuite"]?["tests"] == "10")
        #expect(counter.attributes["testsuite"]?["hostname"] == "box")
        let strict = JUnit.text(Self.findings, of: Seed.new) { _ in true }
        #expect(strict.contains(#"<failure type="cycle.bound" message="cycle (bound): rcu_state.barrier_mutex -&gt; "#))
    }

    @Test func kcidbNamesIssuesBySignature() throws {
        let text = try KCIDB(origin: "lab_1", build: "lab_1:abc").text(Self.findings, of: Seed.new) {
            $0.kind == .cycle
        }
        let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(report["version"] as? [String: Int] == ["major": 5, "minor": 3])
        let tests = try #require(report["tests"] as? [[String: Any]])
        #expect(tests.map { $0["status"] as? String } == ["FAIL"])
        #expect(tests.map { $0["id"] as? String } == ["lab_1:new"])
        #expect(tests.map { $0["build_id"] as? String } == ["lab_1:abc"])
        let issues = try #require(report["issues"] as? [[String: Any]])
        #expect(issues.map { $0["id"] as? String } == ["lab_1:d2cf1068b51930d0"])
        let incidents = try #require(report["incidents"] as? [[String: Any]])
        #expect(incidents.map { $0["test_id"] as? String } == ["lab_1:new"])
        let passing = try KCIDB().text([], of: Seed.old) { _ in true }
        #expect(passing.contains(#""status":"PASS""#))
        #expect(passing.contains(#""build_id":"livedep:unknown""#))
    }

    @Test(arguments: [("Lab", nil as String?), ("", nil), ("lab", "abc"), ("lab", "Lab:abc"), ("lab", "lab:")])
    func kcidbNamesAreChecked(_ origin: String, build: String?) {
        #expect(throws: KCIDB.NameError.self) { _ = try KCIDB(origin: origin, build: build) }
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_585_576_745, "2020-03-30T13:59:05Z"),
        (4_102_444_799, "2099-12-31T23:59:59Z"),
    ])
    func timestampsAreDates(_ seconds: Int64, text: String) { #expect(KCIDB.timestamp(seconds) == text) }

    /// A finding's JSON, read by a parser that is not ours.
    static func object(_ finding: Finding) throws -> [String: Any] {
        var json = JSONWriter()
        finding.write(to: &json)
        return try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any] ?? [:]
    }

    @Test func jsonHasTheMembersOfTheDesign() throws {
        let finding = try #require(Self.findings.first)
        let object = try Self.object(finding)
        let needed = [
            "kind", "grade", "names", "signature", "classes", "rule", "tasks", "naming", "dependencies", "text",
        ]
        for name in needed { #expect(object[name] != nil, "\(name)") }
        let dependency = try #require((object["dependencies"] as? [[String: Any]])?.first)
        let members = [
            "from", "to", "fromMode", "toMode", "pid", "comm", "cpu", "t", "test", "heldStack", "heldSite", "site",
            "direct",
            "may", "new",
        ]
        for name in members { #expect(dependency[name] != nil, "\(name)") }
        #expect((object["naming"] as? [String: String])?["cpuctx_mutex"] == "per-CPU member")
    }
}
