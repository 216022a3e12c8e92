// SPDX-License-Identifier: Apache-2.0

/// How much speaks for a cycle or a rule path being able to happen as it stands (DESIGN 3.8). Nothing is hidden by it.
public enum Grade: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// The order is wrong by class; no instances were seen that close it.
    case classOnly
    /// Instances close it, and one exclusive lock was held around all of it: they cannot meet.
    case guarded
    /// Instances close it, two tasks made it, and no lock keeps them apart.
    case bound

    /// The name used in findings: `class`, `guarded`, `bound`.
    public var name: String {
        switch self {
        case .classOnly: "class"
        case .guarded: "guarded"
        case .bound: "bound"
        }
    }

    /// The grade with the given name, or nil when there is none.
    public init?(name: some StringProtocol) {
        guard let grade = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = grade
    }

    /// A grade that less speaks for is less.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
