// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockEvents
public import LockGraph

extension GraphSnapshot {
    /// How long the locks of one class were waited for or held in one run.
    public struct TimesEntry: Sendable {
        /// An index into ``GraphSnapshot/runs``.
        public var run: Int
        /// The times.
        public var times: LockTimes.Entry
    }

    struct TimesKey: Hashable {
        var run: Int
        var id: LockClassID
        var kind: LockTimes.Kind
        var mode: LockMode

        init(_ times: LockTimes.Entry, run: Int) {
            self.run = run
            id = times.lockClass
            kind = times.kind
            mode = times.mode
        }
    }

    /// Adds the times of a class of a run; of two of one run those with more in them stay, as one was written earlier.
    public mutating func insert(_ entry: LockTimes.Entry, run: Int) {
        let key = TimesKey(entry, run: run)
        guard let index = timesIndex[key] else {
            timesIndex[key] = times.count
            times.append(TimesEntry(run: run, times: entry))
            return
        }
        if Self.order(times[index].times.durations) < Self.order(entry.durations) { times[index].times = entry }
    }

    private static func order(_ durations: DurationHistogram) -> some Comparable {
        let buckets = durations.buckets.flatMap { [Int(clamping: $0.lowest), Int(clamping: $0.count)] }
        return Ordered(
            fields: [durations.count, durations.total, durations.maximum].map { Int(clamping: $0) } + buckets,
            then: []
        )
    }

    /// The times of all runs together, those with the largest sums first.
    public func mergedTimes() -> [LockTimes.Entry] {
        var merged: [LockTimes.Entry] = []
        var index: [TimesKey: Int] = [:]
        for entry in times {
            let key = TimesKey(entry.times, run: 0)
            if let known = index[key] {
                merged[known].durations.add(entry.times.durations)
            } else {
                index[key] = merged.count
                merged.append(entry.times)
            }
        }
        let rank = classRanks()
        return merged.sorted { left, right in
            if left.durations.total != right.durations.total { return left.durations.total > right.durations.total }
            return Self.place(left, rank) < Self.place(right, rank)
        }
    }

    /// Whether a run has no times: it was filtered, or its source does not tell when locks are obtained and let go.
    public func lacksTimes(run: Int) -> Bool { !times.contains { $0.run == run } }

    static func place(_ entry: LockTimes.Entry, _ rank: [Int]) -> (Int, UInt8, UInt8) {
        (rank[Int(entry.lockClass.rawValue)], entry.kind.rawValue, entry.mode.rawValue)
    }

    /// The percentiles that files and reports have.
    public static let percentiles = [50.0, 90, 99]

    /// One self-contained line. `buckets` are pairs: the shortest duration that belongs to it, and how many there were; with
    /// them times can be added up. All durations are nanoseconds.
    static func write(_ entry: LockTimes.Entry, run: GraphRun, tables: EventTables, to json: inout JSONWriter) {
        entry.write(of: tables.classes[entry.lockClass], to: &json) { json in
            json.field("run", run.id)
            json.field("host", run.host)
            json.field("kernel", run.kernel)
            json.field("source", run.source)
        }
    }

    /// Writes the times of all runs together, a line each.
    public func writeTimes(to json: inout JSONWriter) {
        for entry in mergedTimes() { entry.write(of: tables.classes[entry.lockClass], to: &json) { _ in } }
    }
}

extension LockTimes.Entry {
    fileprivate func write(of lockClass: LockClass, to json: inout JSONWriter, prefix: (inout JSONWriter) -> Void) {
        json.beginObject()
        json.field("record", "times")
        prefix(&json)
        json.field("name", lockClass.name)
        json.field("type", lockClass.type.name)
        json.field("origin", lockClass.origin)
        json.field("what", kind.name)
        json.field("mode", mode.name)
        json.field("count", durations.count)
        json.field("total", durations.total)
        for percent in GraphSnapshot.percentiles { json.field("p\(Int(percent))", durations.percentile(percent)) }
        json.field("max", durations.maximum)
        json.key("buckets")
        json.beginArray()
        for bucket in durations.buckets {
            json.beginArray()
            json.value(bucket.lowest)
            json.value(bucket.count)
            json.endArray()
        }
        json.endArray()
        json.endObject()
        json.endLine()
    }
}

/// A `times` record as it is read.
struct TimesLine {
    private(set) var key = Baseline.ClassKey(name: "", type: .mutex)
    private(set) var kind = LockTimes.Kind.hold
    private(set) var mode = LockMode.write
    private var total: UInt64 = 0
    private var maximum: UInt64 = 0
    private var buckets: [DurationHistogram.Bucket] = []

    var durations: DurationHistogram { DurationHistogram(buckets: buckets, total: total, maximum: maximum) }

    /// Takes one member. What follows from the buckets is passed over.
    mutating func read(_ key: String, _ json: inout JSONReader) throws(JSONError) {
        switch key {
        case "name": self.key.name = try json.string()
        case "type": self.key.type = try json.name { LockType(name: $0) }
        case "origin": self.key.origin = try json.string()
        case "what": kind = try json.name { LockTimes.Kind(name: $0) }
        case "mode": mode = try json.name { LockMode(name: $0) }
        case "total": total = try json.integer()
        case "max": maximum = try json.integer()
        case "buckets":
            var read: [DurationHistogram.Bucket] = []
            try json.array { json throws(JSONError) in read.append(try Self.bucket(&json)) }
            buckets = read
        default: try json.skip()
        }
    }

    private static func bucket(_ json: inout JSONReader) throws(JSONError) -> DurationHistogram.Bucket {
        let place = json.error("a bucket is a duration and a count")
        var numbers: [UInt64] = []
        try json.array { json throws(JSONError) in numbers.append(try json.integer()) }
        guard numbers.count == 2 else { throw place }
        return DurationHistogram.Bucket(lowest: numbers[0], count: numbers[1])
    }
}
