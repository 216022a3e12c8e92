// SPDX-License-Identifier: Apache-2.0

/// What a finding says (DESIGN 6).
public enum FindingKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Dependencies that lead from a class back to itself.
    case cycle
    /// The same class, or the same instance, taken while held.
    case recursion
    /// Two instances of one class taken in both orders.
    case inversion
    /// A path that a rule forbids.
    case rule
    /// A dependency that the baseline lacks.
    case new
    /// Tasks that wait for each other in a circle now.
    case deadlock
    /// A release of a lock that nobody holds.
    case release
    /// An initialisation of a lock that is held.
    case initialize
    /// A task ended, or a ww context was finished, with locks held.
    case exit
    /// An acquisition under a nest lock that is not held.
    case nest

    /// The name used in findings and by `--fail-on`.
    public var name: String {
        switch self {
        case .cycle: "cycle"
        case .recursion: "recursion"
        case .inversion: "inversion"
        case .rule: "rule"
        case .new: "new"
        case .deadlock: "deadlock"
        case .release: "release"
        case .initialize: "init"
        case .exit: "exit"
        case .nest: "nest"
        }
    }

    /// The kind with the given name, or nil when there is none.
    public init?(name: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}
