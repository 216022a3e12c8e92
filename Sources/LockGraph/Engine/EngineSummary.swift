// SPDX-License-Identifier: Apache-2.0

/// Counts of a run. Counts are of events consumed; a filtering source sends fewer than happened.
public struct EngineSummary: Sendable, Hashable {
    public var events = 0
    public var tasks = 0
    public var classes = 0
    /// Graph nodes: classes by subclass and nesting.
    public var nodes = 0
    public var dependencies = 0
    public var directDependencies = 0
    public var findings: [FindingKind: Int] = [:]
    public var cyclesByGrade: [Grade: Int] = [:]
    /// Cycles beyond ``EngineOptions/cyclesPerDependency`` that were not written out.
    public var cyclesOmitted = 0
    /// Releases that no known holder matches, reported or not.
    public var unknownReleases = 0
    /// Times a task's stack became unknown, by loss or by contradiction.
    public var losses = 0
    /// Times a record showed another stack than the one rebuilt.
    public var resyncs = 0
    /// Acquisitions that added nothing because the stack was unknown.
    public var skippedAcquisitions = 0
    public var maximumDepth = 0

    /// All zero.
    public init() {}
}
