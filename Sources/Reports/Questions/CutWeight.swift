// SPDX-License-Identifier: Apache-2.0

/// What it costs to break a dependency, as far as observations can tell: the fewer the better.
///
/// A dependency that the baseline lacks is by far the first to be questioned: the others "have been true for a long time".
/// Each call site is a place to change. A dependency seen often is more deeply part of how things are than one seen once;
/// that counts by its number of binary digits only. `(new ? 1 : 16) * (4 * sites + digits of count)`.
struct CutWeight {
    var isNew: Bool?
    var sites: Int
    var count: UInt64

    var value: Int {
        let digits = UInt64.bitWidth - count.leadingZeroBitCount
        return (isNew == true ? 1 : 16) * (4 * max(1, sites) + digits)
    }
}
