// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A bit of everything, under a watch that records every acquisition (Tests/Guest/session/mixed.sh).
@Suite("In a guest: a mixed load", .serialized)
struct MixedLoadTests {
    /// The kernels without debugging aids, and the one whose lockdep has the names to compare with.
    static let kernels = GuestSession.kernels.filter { ["6.1", "6.12", "lockdep-6.12"].contains($0) }

    /// Why a class is called otherwise than lockdep calls it.
    private static let otherwise = [
        "perf_cpu_context.ctx.mutex": "lockdep_set_class() for a context of which no code address tells",
        "swevent_htable.hlist_mutex": "its initialiser was thrown away after booting",
        "kernfs_global_locks.open_file_mutex[i]": "its initialiser was thrown away after booting",
        "rcu_state.node[i].kthread_mutex": "its initialiser was thrown away after booting",
    ]

    private struct Naming {
        var classes = 0
        var acquisitions = 0
    }

    private func namings(_ story: GuestSession.Story) throws -> [String: Naming] {
        let counters = try #require(story.summary["counters"] as? [String: Int])
        var namings: [String: Naming] = [:]
        for (key, count) in counters {
            if let range = key.range(of: "classes named by ") {
                namings[String(key[range.upperBound...]), default: Naming()].classes = count
            } else if let range = key.range(of: "acquisitions named by ") {
                namings[String(key[range.upperBound...]), default: Naming()].acquisitions = count
            }
        }
        return namings
    }

    private func records(_ kind: String, _ session: GuestSession) throws -> [[String: Any]] {
        try session.text("mixed.livedep").split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }.filter { $0["record"] as? String == kind }
    }

    private func classes(_ session: GuestSession) throws -> [[String: Any]] { try records("class", session) }

    @Test("99 of 100 acquisitions and 9 of 10 classes are named by more than who takes them", arguments: kernels)
    func named(kernel: String) async throws {
        let session = try await GuestSession.mixedLoad(kernel)
        let story = try session.story("mixed")
        let namings = try namings(story)
        let total = namings.values.reduce(into: Naming()) { sum, naming in
            sum.classes += naming.classes
            sum.acquisitions += naming.acquisitions
        }
        #expect(total.classes >= 100 && total.acquisitions >= 50_000)
        func percent(_ part: Int, of whole: Int) -> String {
            String(format: "%.2f %%", 100 * Double(part) / Double(max(whole, 1)))
        }
        print("\(kernel): \(total.acquisitions) acquisitions of \(total.classes) classes, named by")
        for (name, naming) in namings.sorted(by: { $0.value.acquisitions > $1.value.acquisitions }) {
            let acquisitions = percent(naming.acquisitions, of: total.acquisitions)
            let classes = percent(naming.classes, of: total.classes)
            print("    \(name): \(acquisitions) of acquisitions, \(classes) of classes")
        }
        let bySite = namings.filter { $0.key.contains("call site") }.values
        #expect(bySite.reduce(0) { $0 + $1.acquisitions } * 100 <= total.acquisitions)
        #expect(bySite.reduce(0) { $0 + $1.classes } * 10 <= total.classes)
        for record in try classes(session) where (record["naming"] as? String)?.contains("call site") == true {
            print("    by call site only: \(record["name"] ?? "") in \(record["origin"] ?? "")")
        }
    }

    @Test("nothing is found, nothing is missed, nothing is lost", arguments: kernels)
    func innocent(kernel: String) async throws {
        let session = try await GuestSession.mixedLoad(kernel)
        let story = try session.story("mixed")
        #expect(story.status == 0)
        let load = try session.text("mixed.load")
        #expect(!load.contains("failed"), "\(load)")
        for part in [
            "tree", "mounts", "hotplug", "modules", "ext4", "overlay", "overlay-ext4", "tmpfs", "pipes", "freeze",
        ] {
            #expect(load.contains("\(part) rounds="), "\(part) did not run: \(load)")
        }
        #expect(story.findings.isEmpty, "\(story.findings.compactMap { $0["text"] })")
        for counter in ["drops", "gaps", "malformed", "unknown releases", "without storage", "held list full"] {
            #expect(story.counter(counter) == 0, "\(counter)")
        }
        #expect(!story.errors.contains("a hook is missing"), "\(story.errors)")
    }

    @Test("a file system of user space: directories and files are not taken for each other", arguments: kernels)
    func fuse(kernel: String) async throws {
        let session = try await GuestSession.mixedLoad(kernel)
        let story = try session.story("fuse")
        #expect(try session.text("fuse.load").contains("fuse rounds="))
        #expect(story.status == 0)
        #expect(story.findings.isEmpty, "\(story.findings.compactMap { $0["text"] })")
        let classes = try session.text("fuse.livedep").split(separator: "\n").filter {
            $0.contains("\"origin\":\"fuse\"")
        }
        for name in ["&type->i_mutex_dir_key", "&sb->s_type->i_mutex_key"] {
            #expect(classes.contains { $0.contains("\"\(name)\"") }, "\(name)")
        }
    }

    @Test("a module that is loaded during the watch: its locks and functions have names", arguments: kernels)
    func module(kernel: String) async throws {
        let session = try await GuestSession.mixedLoad(kernel)
        let lock = try #require(try classes(session).first { $0["name"] as? String == "gpu_lock" })
        #expect(lock["origin"] as? String == "livedep_seed")
        #expect(lock["naming"] as? String == "symbol")
        let dependency = try #require(
            try records("dependency", session).first { $0["to"] as? String == "gpu_lock" && $0["stack"] != nil }
        )
        let stack = try #require(dependency["stack"] as? [String])
        #expect(stack.contains { $0.hasSuffix("[livedep_seed]") }, "\(stack)")
    }

    @Test("locks in inodes and super blocks differ by file system, directories from files", arguments: kernels)
    func fileSystems(kernel: String) async throws {
        let classes = try classes(try await GuestSession.mixedLoad(kernel))
        func origins(_ name: String) -> Set<String> {
            Set(classes.filter { $0["name"] as? String == name }.compactMap { $0["origin"] as? String })
        }
        #expect(origins("&type->i_mutex_dir_key").isSuperset(of: ["tmpfs", "ext4"]))
        #expect(origins("&sb->s_type->i_mutex_key").isSuperset(of: ["tmpfs", "ext4"]))
        #expect(origins("&ovl_i_mutex_dir_key[depth]") == ["overlay, depth 1"])
        #expect(origins("&type->s_umount_key").isSuperset(of: ["tmpfs", "ext4", "overlay"]))
        #expect(origins("&type->s_vfs_rename_key").isSuperset(of: ["tmpfs", "ext4", "overlay"]))
    }

    @Test("19 of 20 classes are called as lockdep calls them", arguments: kernels.filter { $0.hasPrefix("lockdep") })
    func asLockdep(kernel: String) async throws {
        let session = try await GuestSession.mixedLoad(kernel)
        // [key] FD: n BD: n usage: name, with #n where several have it, and /n for a subclass.
        let line = /(?:FD|BD): *[0-9]+ [-.+?]+: (.+?)(?:#[0-9]+)?(?:\/[0-9]+)?$/
        let names = Set(
            try session.text("lockdep").split(separator: "\n").compactMap { text in
                try? line.firstMatch(in: text).map { String($0.output.1) }
            }
        )
        #expect(names.count > 300)
        let classes = try classes(session).compactMap { $0["name"] as? String }
        let differing = classes.filter { !names.contains($0) }
        print("\(kernel): \(classes.count - differing.count) of \(classes.count) classes are called as by lockdep")
        for name in differing.sorted() { print("    \(name): \(Self.otherwise[name] ?? "unexplained")") }
        #expect(differing.count * 20 <= classes.count)
    }
}
