// SPDX-License-Identifier: Apache-2.0

/// Counts of a run. Counts are of events consumed; a filtering source sends fewer than happened.
public struct EngineSummary: Sendable, Hashable {
    /// Events consumed.
    public var events = 0
    /// Tasks seen.
    public var tasks = 0
    /// Lock classes seen.
    public var classes = 0
    /// Graph nodes: classes by subclass and nesting.
    public var nodes = 0
    /// Dependencies, by nodes and modes.
    public var dependencies = 0
    /// Those seen from the innermost held lock.
    public var directDependencies = 0
    /// Findings, each once, by kind.
    public var findings: [FindingKind: Int] = [:]
    /// Cycles by their latest grade.
    public var cyclesByGrade: [Grade: Int] = [:]
    /// Dependencies that may close more cycles than were reported (``EngineOptions/cyclesPerDependency``).
    public var cyclesOmitted = 0
    /// Releases that no known holder matches, reported or not.
    public var unknownReleases = 0
    /// Times a task's stack became unknown, by loss or by contradiction.
    public var losses = 0
    /// Times a record showed another stack than the one rebuilt.
    public var resyncs = 0
    /// Acquisitions that added nothing because the stack was unknown.
    public var skippedAcquisitions = 0
    /// The most locks that one task held.
    public var maximumDepth = 0
    /// Dependencies of a class on itself that annotations took away (``EngineOptions/annotations``).
    public var explainedNestings: [ExplainedNesting] = []

    /// All zero.
    public init() {}
}
