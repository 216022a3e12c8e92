// SPDX-License-Identifier: Apache-2.0

public import LockGraph

/// Where a graph comes from: one run of a source on one machine.
public struct GraphRun: Sendable, Hashable {
    /// The format's version, written into every run record. Readers refuse newer ones.
    public static let version = 1

    /// Tells runs apart when graphs are merged: the same run twice is one run.
    public var id: String
    /// The machine's name.
    public var host: String
    /// The kernel's release, as `uname -r` prints it.
    public var kernel: String
    /// The source of events: `functions`, `lockdep`, `perf`, `events`, `splat`...
    public var source: String
    /// The policy the run was judged by.
    public var sameClass: SameClassPolicy
    /// When it began, in seconds since 1970 UTC; 0 where unknown.
    public var began: Int64
    /// The command it ran; empty where none.
    public var command: String

    /// Describes a run.
    public init(
        id: String,
        host: String = "",
        kernel: String = "",
        source: String = "events",
        sameClass: SameClassPolicy = .instance,
        began: Int64 = 0,
        command: String = ""
    ) {
        self.id = id
        self.host = host
        self.kernel = kernel
        self.source = source
        self.sameClass = sameClass
        self.began = began
        self.command = command
    }
}

/// How a run ended: its `summary` record, which says that the file is complete.
public struct GraphSummary: Sendable, Hashable {
    /// What the engine counted.
    public var engine: EngineSummary
    /// What else was counted (drops, misses, the command's exit status), by name.
    public var counters: [String: Int]

    /// Describes an end.
    public init(_ engine: EngineSummary = EngineSummary(), counters: [String: Int] = [:]) {
        self.engine = engine
        self.counters = counters
    }
}
