// SPDX-License-Identifier: Apache-2.0

/// `A -> B`: no path may lead from a class that `A` names to one that `B` names.
public struct LockRule: Sendable, Hashable {
    public var from: LockPattern
    public var to: LockPattern

    /// A rule from its two ends.
    public init(from: LockPattern, to: LockPattern) {
        self.from = from
        self.to = to
    }

    /// The rule as it is written.
    public var text: String { "\(from.text) -> \(to.text)" }
}
