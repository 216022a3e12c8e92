// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveTracing

/// The command behind `--`: started when tracing is on, waited for by polling.
///
/// Started by `posix_spawn`: Foundation's `Process` would bring ten times the program's own size with it.
struct Workload {
    private let arguments: [String]
    private var pid: pid_t = 0
    private var waitStatus: Int32?

    /// Finds the command as a shell would.
    init(_ arguments: [String]) throws(ProbeError) {
        guard let path = Self.find(arguments[0]) else {
            throw ProbeError(code: ENOENT, "\(arguments[0]): command not found")
        }
        self.arguments = [path] + arguments.dropFirst()
    }

    /// Starts it, with this process's standard streams and the usual signals.
    mutating func start() throws(ProbeError) {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that livedep catches or ignores are the command's own business.
        var usual = sigset_t()
        sigemptyset(&usual)
        posix_spawnattr_setsigmask(&attributes, &usual)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&usual, signal) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let result = posix_spawn(&pid, arguments[0], nil, &attributes, &pointers, environ)
        guard result == 0 else {
            throw ProbeError(code: result, "\(arguments[0]) could not be started: \(String(cString: strerror(result)))")
        }
    }

    /// Whether it goes on running.
    mutating func isRunning() -> Bool {
        guard pid != 0, waitStatus == nil else { return false }
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid { waitStatus = status }
        return waitStatus == nil
    }

    /// Asks it to end, and gives it a moment to.
    mutating func terminate() {
        guard isRunning() else { return }
        kill(pid, SIGTERM)
        for _ in 0..<20 where isRunning() { usleep(50_000) }
    }

    /// How it ended, in a shell's terms: 128 and the signal's number for one that was killed. Nil while it runs.
    var status: Int32? {
        guard let waitStatus else { return nil }
        let signal = waitStatus & 0x7f
        return signal == 0 ? waitStatus >> 8 & 0xff : 128 + signal
    }

    private static func find(_ name: String) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
