// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Four watches followed the same work at the same time: the seed's story, every lock function once, and files, mounts,
/// processes, pipes and sockets. With the filter and without, each with a ring that is large and one that is not.
@Suite("In a guest: the filter loses nothing", .serialized)
struct FilterTests {
    /// Where the session has this story.
    private static let kernels = GuestSession.kernels.prefix(1)

    /// One watch's graph.
    private struct Graph {
        struct Witness {
            var time: Double
            var comm: String
        }

        /// By from, to, and their modes.
        var dependencies: [String: Witness] = [:]
        /// Kind and grade, as it ended, by signature.
        var findings: [String: String] = [:]
        var counters: [String: Int] = [:]

        init(_ session: GuestSession, _ kind: String) throws {
            for line in try session.text("same-\(kind).livedep").split(separator: "\n") {
                let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
                let word = { (key: String) in record[key] as? String ?? "" }
                switch word("record") {
                case "dependency":
                    let key = ["from", "fromMode", "to", "toMode"].map { Self.withoutSite(word($0)) }
                        .joined(separator: " ")
                    dependencies[key] = Witness(time: (record["t"] as? Double ?? 0) / 1e9, comm: word("comm"))
                case "finding":
                    findings[word("signature")] = word("kind") + " " + word("grade")
                case "summary":
                    counters = record["counters"] as? [String: Int] ?? [:]
                default:
                    break
                }
            }
        }

        /// A class that only its call sites tell is called after the first of them, which is chance.
        private static func withoutSite(_ name: String) -> String {
            name.replacing(/@\w+/, with: "@site")
        }

        /// Whether there is such a dependency. A lock whose initialisation was dropped is called after who takes it: then its
        /// other end, and the modes, are what there is to compare.
        func shows(_ key: String) -> Bool {
            let parts = key.split(separator: /\w+@site/, omittingEmptySubsequences: false)
            guard parts.count > 1, let first = parts.first, let last = parts.last else {
                return dependencies[key] != nil
            }
            return dependencies.keys.contains { $0.hasPrefix(first) && $0.hasSuffix(last) }
        }

        /// Those first made while the work was done, and not by the watches: no watch sees itself.
        func dependencies(between began: Double, and ended: Double) -> Set<String> {
            Set(
                dependencies.filter { key, witness in
                    (began...ended).contains(witness.time) && witness.comm != "livedep"
                        // A super block that is being made: whether it has its type yet depends on the moment.
                        && !key.hasPrefix("&s->s_umount ")
                }.keys
            )
        }
    }

    private func time(_ session: GuestSession, _ name: String) throws -> Double {
        try #require(Double(try session.text(name)))
    }

    @Test("the filtered graph is the whole graph, with the same findings and grades", arguments: kernels)
    func same(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let (began, ended) = (try time(session, "same.began"), try time(session, "same.ended"))
        let filtered = try Graph(session, "filtered")
        let full = try Graph(session, "full")
        #expect(filtered.counters["drops"] == 0)
        #expect(full.counters["drops"] == 0)
        let missing = full.dependencies(between: began, and: ended).subtracting(filtered.dependencies.keys)
        #expect(missing.isEmpty, "not in the filtered graph: \(missing.sorted())")
        let more = filtered.dependencies(between: began, and: ended).subtracting(full.dependencies.keys)
        #expect(more.isEmpty, "in the filtered graph alone: \(more.sorted())")
        #expect(filtered.findings == full.findings)
        #expect(full.dependencies(between: began, and: ended).count > 100)
        #expect(full.findings.count >= 2)
        let (few, many) = (try #require(filtered.counters["records"]), try #require(full.counters["records"]))
        print("\(kernel): \(full.dependencies.count) dependencies from \(few) records of \(many)")
        #expect(few * 5 < many)
    }

    @Test("a ring that is too small: drops are counted and invent nothing", arguments: kernels)
    func smallRing(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let full = try Graph(session, "full")
        let small = try Graph(session, "full-small")
        #expect(try #require(small.counters["drops"]) > 0)
        #expect(try #require(small.counters["gaps"]) > 0)
        let (began, ended) = (try time(session, "same.began"), try time(session, "same.ended"))
        let invented = small.dependencies(between: began, and: ended).filter { !full.shows($0) }
        #expect(invented.isEmpty, "\(invented.sorted())")
        #expect(Set(small.findings.keys).isSubset(of: full.findings.keys))
    }

    @Test("with the filter a small ring is enough", arguments: kernels)
    func smallRingFiltered(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let filtered = try Graph(session, "filtered")
        let small = try Graph(session, "filtered-small")
        let (began, ended) = (try time(session, "same.began"), try time(session, "same.ended"))
        let missing = filtered.dependencies(between: began, and: ended).subtracting(small.dependencies.keys)
        print("\(kernel): \(small.counters["drops"] ?? -1) drops from 64 KiB, \(missing.count) dependencies missing")
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    @Test("a watch stays small", arguments: kernels)
    func footprint(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        for kind in ["filtered-small", "full-small"] {
            let counters = try Graph(session, kind).counters
            #expect(try #require(counters["map bytes"]) <= 32 << 20)
            #expect(try #require(counters["resident bytes"]) <= 64 << 20, "of \(kind)")
        }
    }
}
