// SPDX-License-Identifier: Apache-2.0

/// What the decoder met in the records, losses of every kind among it.
public struct DecodeCounts: Sendable {
    /// Records decoded.
    public var records = 0
    /// Records whose parts do not fit into them; none comes from our own programs.
    public var malformed = 0
    /// Gaps in tasks' sequences.
    public var gaps = 0
    /// Records passed over because a miss may have spoiled the held list they rest on.
    public var distrusted = 0
    /// Initialisations whose name was lost.
    public var unnamedInitialisations = 0
    /// Releases of locks taken before tracing began.
    public var earlyReleases = 0
    /// Releases that no acquisition explains, by hook.
    public var unknownReleases: [UInt8: Int] = [:]
}
