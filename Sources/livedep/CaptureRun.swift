// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockGraph
import TraceFiles

/// A capture played to its end into the engine.
enum CaptureRun {
    /// Plays a capture; what it lacks is said on standard error.
    ///
    /// - Parameter afterPacket: what to do with the engine from time to time.
    static func play(
        _ capture: inout CaptureReplay,
        named name: String,
        into engine: inout LockOrderEngine,
        afterPacket: (inout LockOrderEngine) throws -> Void
    ) throws {
        var progress = Progress("replay \(name)")
        let total = max(1, capture.totalBytes)
        do {
            while let state = try capture.next(into: &engine) {
                try afterPacket(&engine)
                progress.show("\(state.records) events, \(state.bytes * 100 / total) %")
            }
        } catch let error as FileError {
            progress.end()
            try afterPacket(&engine)
            throw Diagnostics.failure(error)
        }
        progress.end()
        engine.finish()
        for line in capture.damage { Diagnostics.warn(line) }
    }
}
