// SPDX-License-Identifier: Apache-2.0

internal import CLockRecords

/// How many rings there are, whose records go into which, and how large each is.
package struct RingLayout: Sendable, Equatable {
    /// How many there are.
    package let count: Int
    /// By how many bits a processor's number is shifted to have that of its ring.
    package let shift: Int
    /// Bytes of each, a power of two as the kernel demands.
    package let bytes: Int

    private static let largest = 8 << 20
    /// Bytes of all rings of a full stream: a watch that stays on must not take what the machine needs.
    private static let all = 16 << 20

    /// What a run usually needs.
    ///
    /// What a filter lets through is little, and one ring keeps its order by itself: of the kernel's own functions it fits into
    /// 64 KiB, and 2 MiB leave room for the worst; of lockdep's tracepoints, spinlocks among them, there is more. A full stream
    /// has a ring for each processor, or for groups of them where they are many.
    ///
    /// - Parameters:
    ///   - processors: how many the machine can have.
    ///   - isUnfiltered: every acquisition and release is sent.
    ///   - bytes: of each ring, where it was asked for; a power of two.
    package init(processors: Int, isUnfiltered: Bool, source: EventSource, bytes: Int? = nil) {
        guard isUnfiltered else {
            (count, shift) = (1, 31)
            self.bytes = bytes ?? (source == .functions ? 2 << 20 : Self.largest)
            return
        }
        var shift = 0
        while (processors - 1) >> shift >= Int(LD_MAX_RINGS) { shift += 1 }
        count = (processors - 1) >> shift + 1
        self.shift = shift
        self.bytes = bytes ?? Self.share(of: Self.all, among: count)
    }

    /// Bytes of each of so many rings that are to have `total` together at the most: a power of two, and not more than 8 MiB.
    package static func share(of total: Int, among count: Int) -> Int {
        min(largest, 1 << (Int.bitWidth - 1 - (total / count).leadingZeroBitCount))
    }
}
