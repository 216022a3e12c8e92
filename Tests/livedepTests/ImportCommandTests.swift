// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("import reads what lockdep prints, and report --format lockdep prints it again")
struct ImportCommandTests {
    /// The fixtures of LockdepText: reports recorded in a guest.
    private static let recorded = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "LockdepTextTests/Fixtures").path(percentEncoded: false)

    /// The folder beside the repository with the mail that began it, where it is.
    private static let seed: String? = {
        let splats = ProcessInfo.processInfo.environment["LIVEDEP_SPLATS"].map { URL(filePath: $0) }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = splats?.deletingLastPathComponent() ?? root.appending(path: "../shared").standardizedFileURL
        let file = shared.appending(path: "seed/rcu_barrier-within-mmap_sem.txt").path(percentEncoded: false)
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }()

    private static func signatures(_ graph: String, in folder: Folder) throws -> [String] {
        let report = try Command(["report", graph, "--format", "json"], in: folder.path)
        return report.output.split(separator: "\n").compactMap { line in
            line.firstRange(of: "\"signature\":\"").map { String(line.suffix(from: $0.upperBound).prefix(16)) }
        }
    }

    @Test("A report from a log is a cycle with its sites, and its text gives the same finding") func circular() throws {
        let folder = try Folder()
        let imported = try Command(
            ["import", "\(Self.recorded)/recorded-circular.txt", "-o", "a.livedep"],
            in: folder.path
        )
        #expect(imported.status == 0)
        #expect(imported.errors.isEmpty)
        let report = try Command(["report", "a.livedep"], in: folder.path)
        for site in ["first_then_second", "second_then_third", "third_then_first"] {
            #expect(report.output.contains(site))
        }
        let text = try Command(["report", "a.livedep", "--format", "lockdep"], in: folder.path)
        #expect(text.output.contains("WARNING: possible circular locking dependency detected\n6.12.117 #1\n"))
        #expect(try Command(["import", "-", "-o", "b.livedep"], in: folder.path, input: text.output).status == 0)
        #expect(try Self.signatures("b.livedep", in: folder) == Self.signatures("a.livedep", in: folder))
        #expect(try Self.signatures("a.livedep", in: folder).count == 1)
    }

    @Test("Several files, one graph; a report read twice is one run") func several() throws {
        let folder = try Folder()
        let files = ["circular", "recursive", "unlock", "circular"].map { "\(Self.recorded)/recorded-\($0).txt" }
        #expect(try Command(["import"] + files + ["-o", "all.livedep.gz"], in: folder.path).status == 0)
        let report = try Command(["report", "all.livedep.gz"], in: folder.path)
        #expect(report.output.contains("RECURSION "))
        #expect(report.output.contains("RELEASE "))
        let text = try Command(["report", "all.livedep.gz", "--format", "lockdep"], in: folder.path)
        #expect(text.output.contains("possible recursive locking detected"))
        #expect(text.errors.contains("1 finding is of a kind that lockdep prints no such report of; left out"))
        #expect(try Self.signatures("all.livedep.gz", in: folder).count == 3)
    }

    @Test("/proc/lockdep and /proc/lockdep_chains together") func proc() throws {
        let folder = try Folder()
        let files = ["proc-lockdep.gz", "proc-lockdep_chains.gz"].map { "\(Self.recorded)/\($0)" }
        #expect(try Command(["import"] + files + ["-o", "proc.livedep"], in: folder.path).status == 0)
        let path = try Command(["path", "proc.livedep", "cpu_hotplug_lock", "text_mutex"], in: folder.path)
        #expect(path.status == 0)
        #expect(path.output.contains("text_mutex"))
        #expect(try Self.signatures("proc.livedep", in: folder).isEmpty)
    }

    @Test("What is missing or cannot be read is named with its line; nothing at all is status 2") func diagnostics()
        throws
    {
        let folder = try Folder()
        try folder.write("cut.txt", "Hello,\n-> #1 (b){+.+.}:\n f+0x1/0x2\n-> #0 (a){+.+.}:\n")
        let cut = try Command(["import", "cut.txt", "-o", "cut.livedep"], in: folder.path)
        #expect(cut.status == 0)
        #expect(cut.errors.hasPrefix("livedep: cut.txt:2: possible circular locking dependency: the banner is missing"))
        #expect(cut.errors.contains("#0's stack is missing"))
        let none = try Command(["import", "-", "-o", "none.livedep"], in: folder.path, input: "Hello,\n")
        #expect(none.status == 2)
        #expect(none.errors.hasPrefix("livedep: standard input: no lockdep report"))
        #expect(try Command(["import", "absent.txt", "-o", "none.livedep"], in: folder.path).status == 2)
        #expect(try Command(["import", "cut.txt"], in: folder.path).status == 64)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none.livedep"))
    }

    @Test("The mail: five locks in order, their functions, and that #0's stack is missing") func mail() throws {
        guard let seed = Self.seed else {
            print("No seed mail (LIVEDEP_SPLATS, or ../shared): the command is tried on the project's fixtures only.")
            return
        }
        let folder = try Folder()
        #expect(try Command(["import", seed, "-o", "seed.livedep"], in: folder.path).status == 0)
        let report = try Command(["report", "seed.livedep"], in: folder.path).output
        let steps = report.split(separator: "\n").filter { $0.contains(" -> ") }.map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).filter { $0 != "*" }.joined(separator: " ")
        }
        let expected = [
            ["&mm->mmap_sem", "-> rcu_state.barrier_mutex", "#0's stack is missing"],
            ["rcu_state.barrier_mutex", "-> cpu_hotplug_lock.rw_sem", "rcu_barrier"],
            ["cpu_hotplug_lock.rw_sem", "-> pmus_lock", "perf_event_init_cpu"],
            ["pmus_lock", "-> &cpuctx_mutex", "perf_event_init_cpu"],
            ["&cpuctx_mutex", "-> &mm->mmap_sem", "MAY perf_read"],
        ]
        #expect(steps.count == expected.count)
        for (step, parts) in zip(steps, expected) {
            for part in parts { #expect(step.contains(part), "\(step)") }
        }
    }
}
