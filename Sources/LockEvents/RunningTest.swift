// SPDX-License-Identifier: Apache-2.0

/// Which test ran when, as far as it is told apart from events.
///
/// Tests are told in batches, before the events of the same time, so the last changes are all kept.
public struct RunningTest: Sendable {
    private struct Change: Sendable {
        var test: NameID
        var time: UInt64
    }

    /// Far more than there are between two looks at a ring.
    private static let limit = 1024

    /// In order of time.
    private var changes: [Change] = []

    /// No test runs.
    public init() {}

    /// From this time on another test runs, or none. Saying it twice says no more.
    public mutating func change(to test: NameID, at time: UInt64) {
        if let last = changes.last, last.test == test { return }
        if changes.count == Self.limit { changes.removeFirst(Self.limit / 2) }
        changes.append(Change(test: test, time: max(time, changes.last?.time ?? 0)))
    }

    /// The test that ran at a time; none where that is unknown.
    public func name(at time: UInt64) -> NameID { changes.last { $0.time <= time }?.test ?? .none }
}
