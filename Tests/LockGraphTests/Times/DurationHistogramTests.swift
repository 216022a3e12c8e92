// SPDX-License-Identifier: Apache-2.0

import LockGraph
import Testing

@Suite struct DurationHistogramTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Durations of all magnitudes, short ones and long ones alike.
    static func durations(_ count: Int, seed: UInt64) -> [UInt64] {
        var random = Generator(state: seed)
        return (0..<count).map { _ in
            UInt64.random(in: 0...(1 << UInt64.random(in: 0...40, using: &random)), using: &random)
        }
    }

    static func histogram(_ durations: some Sequence<UInt64>) -> DurationHistogram {
        durations.reduce(into: DurationHistogram()) { $0.note($1) }
    }

    @Test(arguments: [1, 2, 3, 10, 99, 1000, 50_000])
    func percentilesAreWithinThePrecisionOfTheSortedValues(count: Int) {
        let durations = Self.durations(count, seed: UInt64(count))
        let sorted = durations.sorted()
        let histogram = Self.histogram(durations)
        for percent in [1.0, 10, 50, 90, 99, 99.9, 100] {
            let rank = max(1, Int((percent / 100 * Double(count)).rounded(.up)))
            let exact = Double(sorted[rank - 1])
            let told = Double(histogram.percentile(percent))
            #expect(
                abs(told - exact) <= exact * DurationHistogram.precision,
                "p\(percent) of \(count): \(told), \(exact)"
            )
        }
        #expect(histogram.count == UInt64(count))
        #expect(histogram.total == durations.reduce(0, +))
        #expect(histogram.maximum == sorted.last)
    }

    @Test func theLongestAndTheShortestAreKept() {
        let histogram = Self.histogram([0, .max, 1 << 63, 5])
        #expect(histogram.percentile(25) == 0)
        #expect(histogram.percentile(50) == 5)
        #expect(histogram.percentile(100) == .max)
        #expect(histogram.total == .max)
        #expect(DurationHistogram().percentile(99) == 0)
    }

    @Test func everyBucketIsWhereItSaysItBegins() {
        for duration in [0, 1, 31, 32, 63, 64, 65, 1000, 1 << 20, 1 << 40, UInt64.max] {
            let bucket = Self.histogram([duration]).buckets
            #expect(bucket.count == 1)
            let lowest = bucket[0].lowest
            #expect(lowest <= duration && Double(duration - lowest) <= Double(duration) / 32)
            #expect(Self.histogram([lowest]).buckets == bucket)
        }
    }

    @Test func addingIsNotingAll() {
        let halves = [Self.durations(500, seed: 1), Self.durations(700, seed: 2)]
        var sum = Self.histogram(halves[0])
        sum.add(Self.histogram(halves[1]))
        #expect(sum == Self.histogram(halves[1] + halves[0]))
        sum.add(DurationHistogram())
        #expect(sum == Self.histogram(halves.joined()))
    }

    @Test func aHistogramComesBackFromItsBuckets() {
        let histogram = Self.histogram(Self.durations(300, seed: 3))
        let read = DurationHistogram(buckets: histogram.buckets, total: histogram.total, maximum: histogram.maximum)
        #expect(read == histogram)
    }
}
