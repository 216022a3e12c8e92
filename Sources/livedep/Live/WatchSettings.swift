// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import LockGraph
import Reports
import TraceFiles

/// What a watch is to do, as the command line says.
struct WatchSettings: Sendable {
    var session: LiveSession.Options
    var kernel: RunningKernel
    var engine: EngineOptions
    var run: GraphRun
    /// Where the graph is written while the watch goes on; nil for nowhere.
    var graph: String?
    /// Seconds after which the watch ends by itself; nil for never.
    var duration: Double?
    /// The command that is watched; empty to watch until told to stop.
    var workload: [String]
    var format: OutputFormat
    var style: ReportStyle
}
