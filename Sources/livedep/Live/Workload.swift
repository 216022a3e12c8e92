// SPDX-License-Identifier: Apache-2.0

import Foundation
import LiveTracing

/// The command behind `--`: started when tracing is on, waited for by polling.
struct Workload {
    private let process = Process()
    private let name: String

    /// Finds the command as a shell would.
    init(_ arguments: [String]) throws(ProbeError) {
        name = arguments[0]
        guard let path = Self.find(name) else {
            throw ProbeError(code: ENOENT, "\(name): command not found")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(arguments.dropFirst())
    }

    /// Starts it, with this process's standard streams.
    func start() throws(ProbeError) {
        do {
            try process.run()
        } catch {
            throw ProbeError("\(name) could not be started: \(error.localizedDescription)")
        }
    }

    /// Whether it goes on running.
    var isRunning: Bool { process.isRunning }

    /// Asks it to end.
    func terminate() { if process.isRunning { process.terminate() } }

    /// How it ended, in a shell's terms: 128 and the signal's number for one that was killed. Nil while it runs.
    var status: Int32? {
        guard !process.isRunning else { return nil }
        let wasKilled = process.terminationReason == .uncaughtSignal
        return wasKilled ? 128 + process.terminationStatus : process.terminationStatus
    }

    private static func find(_ name: String) -> String? {
        let files = FileManager.default
        if name.contains("/") { return files.isExecutableFile(atPath: name) ? name : nil }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { files.isExecutableFile(atPath: $0) }
    }
}
