// SPDX-License-Identifier: Apache-2.0

/// The kind of a lock: part of a lock class's identity.
public enum LockType: UInt8, Sendable, Hashable, BitwiseCopyable, CaseIterable {
    case mutex
    case rwsem
    case percpuRwsem
    case wwMutex
    /// A `ww_acquire_ctx`: the outer lock under which ww mutexes nest without an order.
    case wwContext
    case rtMutex
    case spin
    case rwlock
    /// Not a lock of memory but something waited for like one: `fs_reclaim`, a work item, a completion.
    case pseudo

    /// The name used in events and graph files.
    public var name: String {
        switch self {
        case .mutex: "mutex"
        case .rwsem: "rwsem"
        case .percpuRwsem: "percpu_rwsem"
        case .wwMutex: "ww_mutex"
        case .wwContext: "ww_context"
        case .rtMutex: "rt_mutex"
        case .spin: "spin"
        case .rwlock: "rwlock"
        case .pseudo: "pseudo"
        }
    }

    /// The type with the given file name, or nil when there is none.
    public init?(name: some StringProtocol) {
        guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }
}
