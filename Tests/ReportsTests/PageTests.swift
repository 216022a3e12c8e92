// SPDX-License-Identifier: Apache-2.0

import Foundation
import GraphFixtures
import LockEvents
import LockGraph
import Testing
import TraceFiles

@testable import Reports

@Suite struct PageTests {
    private static func page(_ graph: GraphSnapshot, baseline: GraphSnapshot? = nil) -> String {
        let style = ReportStyle(baseline: baseline == nil ? nil : "base.livedep", graph: "run.livedep")
        let findings = graph.reportedFindings(baseline: baseline?.baseline)
        let bytes = HTML.text(findings, of: graph, baseline: baseline?.baseline, style: style)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let seed = page(Seed.new, baseline: Seed.old)

    /// What the page's script reads.
    private static func data(_ page: String) throws -> [String: Any] {
        let begin = try #require(page.range(of: #"<script type="application/json" id="data">"#))
        let end = try #require(page.range(of: "</script>", range: begin.upperBound..<page.endIndex))
        let json = Data(page[begin.upperBound..<end.lowerBound].utf8)
        return try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    @Test func theVerdictNeedsNoScript() {
        #expect(
            Self.seed.contains(
                #"<p id="verdict" class="found">New against base.livedep: 1 cycle (1 bound, 0 guarded, 0 class), 1 new</p>"#
            )
        )
        #expect(Self.seed.contains("host: box\nkernel: 6.1.0-18\n"))
        #expect(Self.page(Seed.old).contains(#"<p id="verdict" class="clean">Nothing found.</p>"#))
        let known = Self.page(Seed.new, baseline: Seed.new)
        #expect(known.contains(#"class="clean">New against base.livedep: 0 cycles"#))
        #expect(known.contains("; in it: 1 cycle (1 bound, 0 guarded, 0 class)</p>"))
    }

    @Test func aCutOffRunIsSaidToBe() throws {
        let text = Seed.new.text.split(separator: "\n").filter { !$0.contains(#""record":"summary""#) }
        let file = FileManager.default.temporaryDirectory.appending(path: "livedep-page-\(UUID().uuidString)")
        try Data((text.joined(separator: "\n") + "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let graph = try GraphSnapshot(reading: file.path(percentEncoded: false))
        #expect(Self.page(graph).contains("1 run did not come to an end; what was seen until then counts."))
    }

    @Test func theDataHasEveryDependencyAndStackOnce() throws {
        let data = try Self.data(Self.seed)
        let strings = try #require(data["strings"] as? [String])
        #expect(Set(strings).count == strings.count)
        let stacks = try #require(data["stacks"] as? [[Int]])
        let dependencies = try #require(data["dependencies"] as? [[Any]])
        #expect(dependencies.count == Seed.new.dependencies.count)
        let classes = try #require(data["classes"] as? [[Any]])
        #expect(classes.count == 6)
        let frames = Set(stacks.flatMap { $0 }.map { strings[$0] })
        for frame in ["do_user_addr_fault", "__might_fault", "cpuhp_invoke_callback", "ret_from_fork"] {
            #expect(frames.contains(frame))
        }
        let components = try #require(data["components"] as? [[String: Any]])
        #expect(components.count == 1)
        #expect((components.first?["classes"] as? [Int])?.count == 6)
        #expect((components.first?["cut"] as? [Any])?.count == 1)
    }

    @Test func findingsCarryTheWordsOfTheText() throws {
        let data = try Self.data(Self.seed)
        let strings = try #require(data["strings"] as? [String])
        let findings = try #require(data["findings"] as? [[String: Any]])
        #expect(findings.map { $0["kind"] as? String } == ["cycle", "new"])
        let cycle = try #require(findings.first)
        #expect(cycle["signature"] as? String == "d2cf1068b51930d0")
        #expect(cycle["new"] as? Bool == true)
        let notes = try #require(cycle["notes"] as? [Int]).map { strings[$0] }
        #expect(notes.first?.hasPrefix("Hangs if, at once: ") == true)
        #expect(notes.last == "Break at 2: the only new one, one call site.")
        #expect(cycle["last"] as? Int == 1)
        #expect((cycle["steps"] as? [Any])?.count == 6)
    }

    @Test func aNameStaysAName() throws {
        let evil = #"</script><script>alert("1")</script><!--'&\#u{202E}"#
        var scenario = Scenario()
        for names in [[evil, "B"], ["B", evil]] {
            scenario.task(evil, 1, test: evil) {
                $0.take(names[0], at: evil, origin: evil, naming: evil)
                $0.take(names[1], at: evil, origin: evil, naming: evil)
            }
        }
        let run = GraphRun(id: evil, host: evil, kernel: evil, source: evil, command: evil)
        let graph = GraphSnapshot(scenario.engine, run: run)
        let style = ReportStyle(baseline: evil, graph: evil)
        let findings = graph.reportedFindings()
        let page = String(decoding: HTML.text(findings, of: graph, style: style), as: UTF8.self)
        #expect(page.ranges(of: "<script").count == 2)
        #expect(page.ranges(of: "</script").count == 2)
        #expect(!page.contains("<!--"))
        #expect(!page.contains("alert(\"1\")"))
        #expect(!page.contains("\u{202E}"))
        let strings = try #require(try Self.data(page)["strings"] as? [String])
        #expect(strings.contains(evil.visible))
    }

    @Test func thePageAsksForNothing() {
        for word in ["http:", "https:", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"] {
            let rest = Self.seed.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!rest.contains(word), "\(word)")
        }
        #expect(Self.seed.contains("default-src 'none'"))
    }

    @Test func equalGraphsGiveEqualPages() { #expect(Self.page(Seed.new, baseline: Seed.old) == Self.seed) }

    /// FIPS 180-4's examples, and lengths around a block's end.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000),
            "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
        ),
    ]) func sha256(_ message: String, digest: String) {
        let hex = SHA256.digest(Array(message.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        #expect(hex.joined() == digest)
    }

    @Test func base64() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar", "\u{FF}\u{FE}ü"] {
            #expect(HTML.base64(Array(text.utf8)) == Data(text.utf8).base64EncodedString())
        }
    }
}
