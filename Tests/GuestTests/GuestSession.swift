// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// What one boot of one guest kernel left behind: see Tests/Guest/session/session.sh.
///
/// Booted once for all tests of a kernel, by whichever comes first.
struct GuestSession: Sendable {
    /// One story's output, and how it ended.
    struct Story {
        var status: Int32
        var output: String
        var errors: String
        /// Each line of output with the seconds since boot at which it came.
        var stamped: [(time: Double, line: String)]
        var findings: [[String: Any]]
        var summary: [String: Any]

        func findings(_ kind: String) -> [[String: Any]] { findings.filter { $0["kind"] as? String == kind } }
        func counter(_ name: String) -> Int? { (summary["counters"] as? [String: Any])?[name] as? Int }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let kernel: String
    private let folder: String

    /// The kernels to boot: those of `LIVEDEP_TEST_KERNELS`, else the stock ones; the debug pair where it is at hand.
    static let kernels: [String] = {
        let environment = ProcessInfo.processInfo.environment
        if let chosen = environment["LIVEDEP_TEST_KERNELS"] {
            return chosen.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        return ["6.1", "6.12", "6.1-rt"] + (environment["LIVEDEP_KERNELS"] == nil ? [] : ["lockdep-6.12"])
    }()

    /// The repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path(percentEncoded: false)

    private static let booted = Boots()

    /// The session of a kernel, booted if it is not yet.
    static func of(_ kernel: String) async throws -> GuestSession { try await booted.session(of: kernel, .stories) }

    /// The mixed load under a watch, in a boot of its own: see Tests/Guest/session/mixed.sh.
    static func mixedLoad(_ kernel: String) async throws -> GuestSession {
        try await booted.session(of: kernel, .mixedLoad)
    }

    private enum Script { case stories, mixedLoad }

    private actor Boots {
        /// A guest has one processor of the machine's.
        private static let atOnce = 2

        private var sessions: [String: Task<GuestSession, any Error>] = [:]
        private var running = 0
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func session(of kernel: String, _ script: Script) async throws -> GuestSession {
            let key = "\(kernel) \(script)"
            if let session = sessions[key] { return try await session.value }
            let session = Task {
                await begin()
                defer { end() }
                // It waits for processes, which would hold up the pool of threads that runs the tests.
                return try await withCheckedThrowingContinuation { continuation in
                    DispatchQueue.global().async {
                        continuation.resume(with: Result { try GuestSession(booting: kernel, script) })
                    }
                }
            }
            sessions[key] = session
            return try await session.value
        }

        private func begin() async {
            if running == Self.atOnce { await withCheckedContinuation { waiting.append($0) } } else { running += 1 }
        }

        /// Hands the place to who waits longest.
        private func end() {
            if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
        }
    }

    private init(booting kernel: String, _ script: Script) throws {
        self.kernel = kernel
        let root = Self.root
        folder = FileManager.default.temporaryDirectory.appending(path: "livedep-guest-\(kernel)-\(UUID().uuidString)")
            .path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let modules = try Self.run(root + "/scripts/guest-build", [kernel])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let name: String
        var arguments: [String]
        switch script {
        case .stories:
            name = "session.sh"
            arguments = [
                "--kernel", kernel, "--module", modules + "/livedep_seed.ko", "--file", modules + "/seed-drive",
                "--module", modules + "/livedep_hooks.ko", "--file", modules + "/hook-drive",
                "--module", modules + "/livedep_verdicts.ko", "--file", modules + "/verdict-drive",
                "--file", root + "/Tests/Guest/file-work.sh:/root/file-work.sh",
            ]
        case .mixedLoad:
            name = "mixed.sh"
            let load = root + "/Tests/Guest/loads/run-load"
            arguments = ["--file", modules + "/seed-drive"]
            for name in ["mixed", "fuse"] {
                arguments +=
                    try Self.run(load, ["--kernel", kernel, "--arguments", name]).split(separator: "\n").map(
                        String.init
                    )
            }
        }
        // Four watches at once take their time: one kernel is enough for what is the same on all.
        let filterStory = "FILTER_STORY=" + (kernel == Self.kernels.first ? "yes" : "")
        arguments += [
            "--env", "FILTER_STORY", "--timeout", "600", "--file", try Self.livedep(root),
            "--file", root + "/Tests/Guest/session/\(name):/root/\(name)",
            "--get", "/tmp/session.tar:\(folder)/session.tar",
            "--", "sh", "/root/\(name)",
        ]
        _ = try Self.run("/usr/bin/env", [filterStory, root + "/scripts/vm"] + arguments)
        _ = try Self.run("/usr/bin/env", ["tar", "xf", folder + "/session.tar", "-C", folder])
    }

    /// The program to test: the release build where there is one, as it goes to test boxes.
    private static func livedep(_ root: String) throws -> String {
        let here = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "livedep")
        let candidates = [
            ProcessInfo.processInfo.environment["LIVEDEP"], root + "/.build/release/livedep",
            here.path(percentEncoded: false),
        ]
        guard let path = candidates.compactMap({ $0 }).first(where: FileManager.default.isExecutableFile) else {
            throw Failure(description: "livedep is not built")
        }
        return path
    }

    /// Runs a program and gives its output; its failure is an error.
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let command = ([program] + arguments).joined(separator: " ")
            throw Failure(description: "\(command): status \(process.terminationStatus)")
        }
        return text
    }

    /// A file that the session left, without the newline at its end.
    func text(_ name: String) throws -> String {
        let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The path of a file that the session left.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A story with JSON output.
    func story(_ name: String) throws -> Story {
        let output = try text("\(name).out")
        let objects = output.split(separator: "\n").compactMap { line in
            try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
        let stamped = (try? text("\(name).stamped")) ?? ""
        return Story(
            status: Int32(try text("\(name).status")) ?? -1,
            output: output,
            errors: try text("\(name).err"),
            stamped: stamped.split(separator: "\n").compactMap { line in
                guard let space = line.firstIndex(of: " "), let time = Double(line[..<space]) else { return nil }
                return (time, String(line[line.index(after: space)...]))
            },
            findings: objects.filter { $0["kind"] != nil },
            summary: objects.last { $0["record"] as? String == "summary" } ?? [:]
        )
    }
}
