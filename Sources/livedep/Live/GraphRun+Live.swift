// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LiveTracing
import LockGraph
import TraceFiles

extension GraphRun {
    /// A run on this machine that begins now.
    static func live(source: String, sameClass: SameClassPolicy) -> GraphRun {
        let host = ProcessInfo.processInfo.hostName
        let began = Date()
        let milliseconds = Int64(began.timeIntervalSince1970 * 1000)
        return GraphRun(
            // Two runs of one machine differ in when they began and in who they are.
            id: "\(host)-\(milliseconds)-\(ProcessInfo.processInfo.processIdentifier)",
            host: host,
            kernel: KernelImage.release,
            source: source,
            sameClass: sameClass,
            began: Int64(began.timeIntervalSince1970),
            command: CommandLine.arguments.joined(separator: " ")
        )
    }
}
