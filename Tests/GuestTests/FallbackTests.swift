// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What fentry and fexit see, seen through kprobes: for kernels that refuse the former.
@Suite("In a guest: hooks by kprobe", .serialized)
struct FallbackTests {
    /// lockdep's kernel needs no lock functions; PREEMPT_RT allows no kprobes of this kind.
    private static let kernels = GuestSession.kernels.filter { !$0.hasPrefix("lockdep") && !$0.hasSuffix("-rt") }
    private static let stories = ["hooks-kprobe.multi", "hooks-kprobe"]

    @Test("every lock function is seen once, with its mode, trylock and outcome", arguments: kernels, stories)
    func everyFunction(kernel: String, story: String) async throws {
        try HookTests.compare(story, in: try await GuestSession.of(kernel))
    }

    @Test("the seed's cycles, from the same call sites", arguments: kernels, stories)
    func cycle(kernel: String, story: String) async throws {
        let session = try await GuestSession.of(kernel)
        let places = { (story: GuestSession.Story) in
            Set(
                story.findings.flatMap { finding in
                    (finding["dependencies"] as? [[String: Any]] ?? []).map { step in
                        ["from", "to", "heldSite", "site"].map { step[$0] as? String ?? "?" }.joined(separator: " ")
                    }
                }
            )
        }
        let seen = try session.story(story)
        #expect(seen.findings("cycle").count == 2 && seen.findings.count == 2)
        // Like this one, and unlike the story of the seed, that one began with both processors online.
        #expect(places(seen) == places(try session.story("unfiltered")))
        #expect(places(seen).count == 8)
        let stacks = seen.findings.flatMap { $0["dependencies"] as? [[String: Any]] ?? [] }
            .flatMap { $0["stack"] as? [String] ?? [] }
        #expect(!stacks.isEmpty)
        for frame in stacks { #expect(!frame.contains("trampoline") && !frame.hasPrefix("0x"), "\(frame)") }
    }

    @Test("nothing is lost", arguments: kernels, stories)
    func loss(kernel: String, story: String) async throws {
        let session = try await GuestSession.of(kernel)
        let seen = try session.story(story)
        for counter in ["drops", "gaps", "malformed", "without storage", "held list full", "lost calls"] {
            #expect(seen.counter(counter) == 0, "\(counter)")
        }
        // Of the module's locks one is released by another task; the other story runs the module three times.
        let expected = try session.story("hooks").counter("unknown releases")
        #expect(seen.counter("unknown releases").map { $0 * 3 } == expected)
    }

    @Test("doctor tells the kinds, a quiet guest leaves no release unexplained", arguments: kernels)
    func doctor(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        let text = try session.text("doctor-kprobe.out")
        let doctor = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let hooks = try #require(doctor["hooks"] as? [[String: Any]])
        // Debian's 6.1 is built without FPROBE.
        let kind = kernel == "6.1" ? "kprobe" : "kprobe.multi"
        for function in ["mutex_lock", "mutex_unlock", "cpus_read_lock", "freeze_super", "__check_object_size"] {
            let hook = hooks.first { $0["function"] as? String == function }
            #expect(hook?["attachment"] as? String == kind, "\(function)")
        }
        #expect(hooks.allSatisfy { $0["attachment"] as? String != "refused" })
        #expect((doctor["unmatchedReleases"] as? [String: Any])?.isEmpty == true)
    }

    @Test("nothing stays attached", arguments: kernels)
    func detached(kernel: String) async throws {
        let session = try await GuestSession.of(kernel)
        #expect(try session.text("hooked.kprobes") == (try session.text("hooked.before")))
        #expect(try session.text("kprobes.after") == "0")
    }

    @Test(
        "on PREEMPT_RT they are refused with the reason",
        arguments: GuestSession.kernels.filter { $0.hasSuffix("-rt") }
    )
    func realTime(kernel: String) async throws {
        let story = try await GuestSession.of(kernel).story("hooks-kprobe")
        #expect(story.status == 2)
        #expect(story.errors.contains("PREEMPT_RT"))
    }
}
