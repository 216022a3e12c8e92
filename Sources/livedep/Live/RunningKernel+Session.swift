// SPDX-License-Identifier: Apache-2.0

import LiveTracing

extension RunningKernel {
    /// Loads and attaches a session; throws what stands in the way, for whoever gave the command.
    func session(_ options: LiveSession.Options, to purpose: String) throws -> LiveSession {
        if let obstacle = state.obstacle { throw Diagnostics.failure("cannot \(purpose) this kernel: \(obstacle)") }
        do { return try LiveSession(options, on: self) } catch { throw Diagnostics.failure(error) }
    }
}
