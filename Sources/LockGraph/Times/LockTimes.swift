// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// How long the locks of each class were held, and waited for.
///
/// Readers and writers apart, as in the kernel's lock_stat. A hold lasts from when a lock was obtained to its release, by
/// whichever task, or to its downgrade, which begins another one. A wait lasts from the attempt to its end, one way or the
/// other; a lock that was free was not waited for. What began or ended unseen is not counted.
public struct LockTimes: Sendable {
    /// What a time is of.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case wait, hold
    }

    /// The times of one class, kind and mode.
    public struct Entry: Sendable, Hashable {
        /// Of which class.
        public var lockClass: LockClassID
        /// Waited, or held.
        public var kind: Kind
        /// For reading (recursively or not) or for writing.
        public var mode: LockMode
        /// How long.
        public var durations: DurationHistogram

        /// Describes times.
        public init(lockClass: LockClassID, kind: Kind, mode: LockMode, durations: DurationHistogram) {
            self.lockClass = lockClass
            self.kind = kind
            self.mode = mode
            self.durations = durations
        }
    }

    /// Four for each class, in the order of ``LockTimes/index(_:_:_:)``.
    private var histograms: [DurationHistogram] = []

    /// No times.
    public init() {}

    /// Notes a duration in nanoseconds. Allocates nothing once the class's times have been as short and as long before.
    @inline(__always)
    mutating func note(_ kind: Kind, _ lockClass: LockClassID, _ mode: LockMode, _ duration: UInt64) {
        let index = Self.index(kind, lockClass, mode)
        if index >= histograms.count {
            histograms.append(contentsOf: repeatElement(DurationHistogram(), count: index &+ 4 &- histograms.count))
        }
        histograms[index].note(duration)
    }

    /// Two classes turned out to be one.
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {
        for kind in Kind.allCases {
            for mode in [LockMode.write, .read] {
                let old = Self.index(kind, gone, mode)
                guard old < histograms.count, histograms[old].count > 0 else { continue }
                let new = Self.index(kind, kept, mode)
                if new >= histograms.count {
                    let missing = new + 4 - histograms.count
                    histograms.append(contentsOf: repeatElement(DurationHistogram(), count: missing))
                }
                histograms[new].add(histograms[old])
                histograms[old] = DurationHistogram()
            }
        }
    }

    /// All times there are, by class.
    public var entries: [Entry] {
        histograms.indices.compactMap { index in
            guard histograms[index].count > 0 else { return nil }
            return Entry(
                lockClass: LockClassID(rawValue: UInt32(index / 4)),
                kind: index & 2 == 0 ? .wait : .hold,
                mode: index & 1 == 0 ? .write : .read,
                durations: histograms[index]
            )
        }
    }

    private static func index(_ kind: Kind, _ lockClass: LockClassID, _ mode: LockMode) -> Int {
        Int(truncatingIfNeeded: lockClass.rawValue) << 2 | (kind == .hold ? 2 : 0) | (mode == .write ? 0 : 1)
    }
}

extension LockTimes.Kind {
    /// The name used in files.
    public var name: String { "\(self)" }

    /// The kind with the given file name, or nil when there is none.
    public init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}
