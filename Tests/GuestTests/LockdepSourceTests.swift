// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The lockdep source on a kernel with lockdep, beside lockdep itself; and what perf tells.
@Suite("In a guest: lockdep's own tracepoints", .serialized)
struct LockdepSourceTests {
    static let kernels = GuestSession.kernels.filter { $0.hasPrefix("lockdep") }
    static let others = GuestSession.kernels.filter { !$0.hasPrefix("lockdep") }

    private func classes(_ finding: [String: Any]) -> Set<String> { Set(finding["classes"] as? [String] ?? []) }

    @Test("it is what auto takes, and each graph says so", arguments: kernels)
    func automatic(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let doctor = try session.text("doctor.out")
        #expect(doctor.contains("\"source\":\"lockdep\""))
        #expect(try session.text("lockdep.livedep").split(separator: "\n")[0].contains("\"source\":\"lockdep\""))
    }

    @Test("the seed's cycle has lockdep's own names", arguments: kernels)
    func names(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("lockdep")
        let seed: Set = [
            "legacy_barrier_mutex", "cpu_hotplug_lock", "pmus_lock", "&cpuctx_mutex", "&mm->mmap_lock", "gpu_lock",
        ]
        let cycle = try #require(story.findings("cycle").first { classes($0) == seed })
        #expect(cycle["names"] as? String == "exact")
        let steps = try #require(cycle["dependencies"] as? [[String: Any]])
        #expect(steps.filter { $0["may"] as? Bool == true }.map { $0["to"] as? String } == ["&mm->mmap_lock"])
        #expect(story.counter("drops") == 0)
        #expect(story.counter("unknown releases") == 0)
    }

    @Test("it goes on when lockdep has turned itself off", arguments: kernels)
    func afterLockdep(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("lockdep.before").hasSuffix("1"))
        #expect(try session.text("lockdep.after").hasSuffix("0"))
        let second = try #require(try session.story("lockdep").findings("cycle").last)
        #expect(classes(second) == ["second_a", "second_b"])
        // lockdep reported the first cycle only.
        let log = try session.text("dmesg")
        #expect(log.contains("possible circular locking dependency"))
        #expect(!log.contains("second_a"))
    }

    @Test(
        "perf tells lock order too, finds what is there and no more, and reads count as recursive",
        arguments: kernels
    )
    func perf(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("perf")
        #expect(story.findings("cycle").map(classes) == [["second_a", "second_b"]])
        let text = try await GuestSession.of(kernel).text("perf.livedep")
        let graph = text.split(separator: "\n")
        let fault = try #require(
            graph.first { $0.contains("\"from\":\"&mm->mmap_lock\"") && $0.contains("\"to\":\"gpu_lock\"") }
        )
        #expect(fault.contains("\"fromMode\":\"recursive\""))
        #expect(fault.contains("gpu_fault"))
    }

    @Test("without lockdep perf tells no order, and livedep says so", arguments: others)
    func perfAlone(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("perf")
        #expect(story.status == 0)
        #expect(story.errors.contains("the graph stays empty"))
        #expect(story.findings.isEmpty)
    }
}
