// SPDX-License-Identifier: Apache-2.0

import LiveTracing

/// How long a run goes on: until it is asked to stop, its command has ended, or its time is over.
struct RunPeriod {
    private let end: ContinuousClock.Instant?

    /// Begins now.
    ///
    /// - Parameter seconds: how long at the most; nil for as long as the command, or for ever.
    init(seconds: Double?) { end = seconds.map { .now + .seconds($0) } }

    /// Starts the command of a run that has begun to trace. The calling thread goes before it from then on.
    static func start(_ workload: inout Workload?) throws {
        try Diagnostics.checked { () throws(ProbeError) in try workload?.start() }
        ConsumerThread.takePrecedence()
    }

    /// Whether the run goes on. Asks the kernel about the command.
    func goesOn(_ workload: inout Workload?) -> Bool {
        if StopRequest.isMade || !(workload?.isRunning() ?? true) { return false }
        return end.map { ContinuousClock.now < $0 } ?? true
    }
}
