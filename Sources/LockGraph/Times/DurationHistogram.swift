// SPDX-License-Identifier: Apache-2.0

/// How long something lasted, very many times: counts in buckets, from which percentiles follow.
///
/// Log-linear, as HdrHistogram's (Tene): every power of two is cut into 32 equal buckets. A percentile is a bucket's middle
/// and so within ``precision`` of the value itself; count, sum and maximum are exact. Histograms add by adding their
/// counts. Memory: 256 bytes for each power of two between the shortest and the longest; noting a duration allocates only
/// where it is beyond both.
public struct DurationHistogram: Sendable, Hashable {
    /// How far a percentile may be from the value it stands for, as a part of it.
    public static let precision = 1.0 / 64

    /// Buckets in a power of two.
    private static let step = 32

    /// Counts of the buckets from ``first`` on: whole powers of two, the outermost of which are not all zero.
    private var counts: [UInt64] = []
    /// The bucket that ``counts`` begins with.
    private var first = 0
    /// How many durations there are.
    public private(set) var count: UInt64 = 0
    /// Their sum, in nanoseconds; the largest number if it is larger.
    public private(set) var total: UInt64 = 0
    /// The longest, in nanoseconds.
    public private(set) var maximum: UInt64 = 0

    /// No durations.
    public init() {}

    /// Notes a duration of so many nanoseconds.
    public mutating func note(_ duration: UInt64) {
        let bucket = Self.bucket(of: duration)
        // A bucket before the first is beyond the end as an unsigned number.
        let index = bucket &- first
        if UInt(bitPattern: index) < UInt(bitPattern: counts.count) {
            counts[index] &+= 1
        } else {
            makeRoom(for: bucket)
            counts[bucket &- first] += 1
        }
        count &+= 1
        total = Self.sum(total, duration)
        if duration > maximum { maximum = duration }
    }

    /// Adds the durations of another histogram.
    public mutating func add(_ other: Self) {
        for bucket in other.buckets { add(bucket.count, in: Self.bucket(of: bucket.lowest)) }
        count &+= other.count
        total = Self.sum(total, other.total)
        maximum = max(maximum, other.maximum)
    }

    /// The duration that so many hundredths of all do not exceed, in nanoseconds; 0 where there are none.
    public func percentile(_ percent: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let rank = UInt64(max(1, (percent / 100 * Double(count)).rounded(.up)))
        if rank >= count { return maximum }
        var seen: UInt64 = 0
        for bucket in buckets {
            seen &+= bucket.count
            if seen >= rank { return min(maximum, bucket.lowest + (Self.width(at: bucket.lowest) - 1) / 2) }
        }
        return maximum
    }

    // MARK: Buckets

    /// A bucket that is not empty.
    public struct Bucket: Sendable, Hashable {
        /// The shortest duration that belongs to it, in nanoseconds.
        public var lowest: UInt64
        /// How many there are.
        public var count: UInt64

        /// Describes a bucket.
        public init(lowest: UInt64, count: UInt64) {
            self.lowest = lowest
            self.count = count
        }
    }

    /// All buckets that are not empty, in order.
    public var buckets: [Bucket] {
        counts.indices.compactMap { index in
            counts[index] == 0 ? nil : Bucket(lowest: Self.lowest(of: first + index), count: counts[index])
        }
    }

    /// A histogram as it was written down. Where the numbers contradict each other the buckets count.
    public init(buckets: [Bucket], total: UInt64, maximum: UInt64) {
        for bucket in buckets where bucket.count > 0 {
            add(bucket.count, in: Self.bucket(of: bucket.lowest))
            count &+= bucket.count
        }
        self.total = total
        self.maximum = max(maximum, buckets.last?.lowest ?? 0)
    }

    private mutating func add(_ count: UInt64, in bucket: Int) {
        makeRoom(for: bucket)
        counts[bucket - first] &+= count
    }

    private mutating func makeRoom(for bucket: Int) {
        let start = bucket / Self.step * Self.step
        if counts.isEmpty { first = start }
        if start < first {
            counts.insert(contentsOf: repeatElement(0, count: first - start), at: 0)
            first = start
        }
        let end = start + Self.step - first
        if end > counts.count { counts.append(contentsOf: repeatElement(0, count: end - counts.count)) }
    }

    private static func bucket(of duration: UInt64) -> Int {
        let shift = max(0, 58 &- duration.leadingZeroBitCount)
        return shift &* step &+ Int(truncatingIfNeeded: duration >> UInt64(truncatingIfNeeded: shift))
    }

    private static func shift(of bucket: Int) -> Int { max(0, bucket / step - 1) }

    private static func lowest(of bucket: Int) -> UInt64 {
        UInt64(bucket - shift(of: bucket) * step) << UInt64(shift(of: bucket))
    }

    private static func width(at lowest: UInt64) -> UInt64 { 1 << UInt64(shift(of: bucket(of: lowest))) }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? .max : sum
    }
}
