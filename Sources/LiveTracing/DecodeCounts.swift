// SPDX-License-Identifier: Apache-2.0

/// What the decoder met in the records, losses of every kind among it.
struct DecodeCounts {
    var records = 0
    /// Records whose parts do not fit into them; none comes from our own programs.
    var malformed = 0
    /// Gaps in tasks' sequences.
    var gaps = 0
    /// Records passed over because a miss may have spoiled the held list they rest on.
    var distrusted = 0
    /// Initialisations whose name was lost.
    var unnamedInitialisations = 0
    /// Releases of locks taken before tracing began.
    var earlyReleases = 0
    /// Releases that no acquisition explains, by hook.
    var unknownReleases: [UInt8: Int] = [:]
}
