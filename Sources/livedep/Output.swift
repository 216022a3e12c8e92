// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import TraceFiles

/// Results go to standard output.
enum Output {
    /// Writes text as it is; a failure (a full disk, a closed pipe that is not a signal) ends the command.
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes bytes as they are.
    static func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(STDOUT_FILENO, buffer.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 {
                throw Diagnostics.failure(
                    FileError("standard output", "cannot be written: \(String(cString: strerror(errno)))")
                )
            }
            written += count
        }
    }

    /// Whether results go to a terminal that wants colours.
    static var wantsColour: Bool {
        isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
            && getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? false
    }
}

/// Diagnostics go to standard error, one line each: `livedep: FILE:LINE: what; what to do`.
enum Diagnostics {
    /// The exit status of a command that could not run.
    static let couldNotRun = ExitCode(2)

    /// Prints one line.
    static func warn(_ text: some CustomStringConvertible) {
        let line = Array("livedep: \(text)\n".utf8)
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Prints why the command cannot run, and gives what it is to throw.
    static func failure(_ error: some CustomStringConvertible) -> ExitCode {
        warn(error)
        return couldNotRun
    }

    /// Does what may fail for reasons outside the program; a failure is printed and ends the command.
    static func checked<Result, Failure: Error & CustomStringConvertible>(
        _ body: () throws(Failure) -> Result
    ) throws -> Result {
        do { return try body() } catch { throw failure(error) }
    }
}
