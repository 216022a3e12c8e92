// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// How a watch behaves on a machine that must be able to trust it.
@Suite("In a guest: how a watch behaves", .serialized)
struct WatchConductTests {
    @Test("Ctrl-C ends a watch cleanly, with its summary", arguments: GuestSession.kernels)
    func interrupt(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("interrupt.status") == "0")
        let last = try #require(try session.text("interrupt.out").split(separator: "\n").last)
        #expect(last.contains("\"record\":\"summary\""))
    }

    @Test("kill -9 leaves nothing attached", arguments: GuestSession.kernels)
    func killed(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let before = try session.text("hooked.before")
        #expect(try session.text("hooked.during") != before)
        #expect(try session.text("hooked.after") == before)
    }

    @Test("nobody may not watch, and is told so in one line", arguments: GuestSession.kernels)
    func nobody(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("nobody.status") == "2")
        #expect(try session.text("nobody.err").split(separator: "\n").count == 1)
        #expect(try session.text("nobody.err").contains("run as root"))
        #expect(try session.text("nobody-doctor.status") == "2")
        #expect(try session.text("nobody-doctor.out").contains("cannot be watched: not root"))
    }

    @Test("without BTF there is one line that says what to do", arguments: GuestSession.kernels)
    func withoutTypes(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("no-btf.status") == "2")
        #expect(try session.text("no-btf.err").split(separator: "\n").count == 1)
        #expect(try session.text("no-btf.err").contains("CONFIG_DEBUG_INFO_BTF=y"))
    }

    @Test("a command that does not exist is one line and status 2", arguments: GuestSession.kernels)
    func missingCommand(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("missing.status") == "2")
        #expect(try session.text("missing.err") == "livedep: no-such-command: command not found")
    }

    @Test("annotations are learned where lockdep is; elsewhere that is said in a line", arguments: GuestSession.kernels)
    func learn(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        if kernel.hasPrefix("lockdep") {
            #expect(try session.text("learn.status") == "0")
            #expect(try session.text("annotations").contains("\"record\":\"annotation\""))
        } else {
            #expect(try session.text("learn.status") == "2")
            #expect(try session.text("learn.err").split(separator: "\n").count == 1)
            #expect(try session.text("learn.err").contains("this kernel has no lockdep"))
        }
    }

    @Test("a filter that nobody passes sees nothing", arguments: GuestSession.kernels)
    func filter(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("comm")
        #expect(story.status == 0)
        #expect(story.counter("records") == 0)
        #expect(story.counter("acquisitions") == 0)
    }

    @Test("doctor tells every hook and what stays unseen", arguments: GuestSession.kernels)
    func doctor(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("doctor.status") == "0")
        let text = try session.text("doctor.out")
        let doctor = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let hooks = try #require(doctor["hooks"] as? [[String: Any]])
        let attachment = { (function: String) in
            hooks.first { $0["function"] as? String == function }?["attachment"] as? String
        }
        if session.kernel.hasPrefix("lockdep") {
            #expect(doctor["source"] as? String == "lockdep")
        } else {
            #expect(doctor["source"] as? String == "functions")
            #expect(attachment("mutex_lock") == "fexit")
            #expect(attachment("mutex_unlock") == "fentry")
            #expect(attachment("cpus_read_lock") == "fexit")
        }
        #expect(hooks.allSatisfy { $0["attachment"] as? String != "refused" })
        #expect(doctor["kernel"] as? String == (try session.text("release")))
        #expect(doctor["tests"] as? String == "exact")
        #expect((doctor["unseen"] as? [[String: Any]])?.isEmpty == false)
        #expect((doctor["unmatchedReleases"] as? [String: Any])?.isEmpty == true)
    }

    @Test("neither the kernel's log nor its taint shows a trace of livedep", arguments: GuestSession.kernels)
    func harmless(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let log = try session.text("dmesg")
        for word in ["trace_kprobe", "WARNING: CPU", "BUG:", "Oops", "Call Trace"] {
            // lockdep itself reports the seed's cycle, with a trace of calls.
            if session.kernel.hasPrefix("lockdep"), word == "Call Trace" { continue }
            #expect(!log.contains(word), "\(word) in the kernel's log")
        }
        // 4096 and 8192: the seed's module is out of tree and unsigned.
        let taint = try #require(Int(try session.text("tainted")))
        #expect(taint & ~(4096 | 8192) == 0)
    }

    @Test("the graph that was written answers afterwards", arguments: GuestSession.kernels)
    func graph(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let graph = try session.text("seed.livedep").split(separator: "\n")
        #expect(graph.first?.contains("\"record\":\"run\"") == true)
        #expect(graph.last?.contains("\"record\":\"summary\"") == true)
        #expect(try session.text("text.status") == "0")
        let report = try session.text("text.out")
        for part in ["CYCLE ", "Hangs if", "Break at", "perf_read", "gpu_lock"] { #expect(report.contains(part)) }
    }
}
