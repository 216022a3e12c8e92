// SPDX-License-Identifier: Apache-2.0

/// What kind of lock a class is, as far as a report lets one tell. Named as in livedep's event files.
public enum SplatLockType: String, Sendable, Hashable, CaseIterable {
    case mutex
    case rwsem
    case percpuRwsem = "percpu_rwsem"
    case wwMutex = "ww_mutex"
    case wwContext = "ww_context"
    case rtMutex = "rt_mutex"
    case spin
    case rwlock
    case pseudo
}

/// What a stack says of the acquisition at its top.
///
/// lockdep stores stacks from inside its own functions, so the innermost frames are its own, then come those of the lock
/// implementation, and only the next one tells a reader anything.
public struct SplatAcquisition: Sendable, Hashable {
    /// The lock's type by the function that took it, or nil if none of the known ones is on top of the stack.
    public var type: SplatLockType?
    /// Taken by a reader.
    public var isRead = false
    /// `might_fault`, `might_lock`: the lock may be taken here, and was not this time.
    public var isMay = false
    /// The function that took the lock; nil for an empty stack.
    public var site: SplatFrame?

    /// Reads the top of a stack, innermost frame first. Cost: linear in the frames above the site.
    public init(stack: [SplatFrame]) {
        let frames = stack.filter(\.isReliable)
        guard let start = frames.firstIndex(where: { !LockFunction.isInternal($0.function) }) else {
            site = frames.last
            return
        }
        var at = start
        while at < frames.count - 1 {
            if LockFunction.isInternal(frames[at].function) {
                at += 1
                continue
            }
            guard let known = LockFunction(frames[at].function) else { break }
            // The outermost function knows best: __mutex_lock serves ww_mutex_lock too.
            if let type = known.type {
                self.type = type
                isRead = known.isRead
            }
            isMay = isMay || known.isMay
            at += 1
        }
        site = frames[at]
        if at == frames.count - 1, type == nil, let known = LockFunction(frames[at].function) {
            type = known.type
            isRead = known.isRead
            isMay = known.isMay
        }
    }
}

/// A function of a lock's implementation, by name (kernel/locking, include/linux, 2.6 to 6.18).
struct LockFunction {
    /// Nil for a wrapper that says nothing of the lock.
    var type: SplatLockType?
    var isRead = false
    var isMay = false

    init?(_ function: String) {
        // Compilers append `.part.0`, `.constprop.29`, `.isra.0`.
        let name = function.utf8.prefix { $0 != ASCII.dot }
        let base = String(decoding: name, as: UTF8.self)
        if let exact = Self.exact[base] {
            self = exact
        } else if let match = Self.prefixes.first(where: { base.hasPrefix($0.0) }) {
            self = match.1
        } else {
            return nil
        }
    }

    private init(type: SplatLockType?, isRead: Bool = false, isMay: Bool = false) {
        self.type = type
        self.isRead = isRead
        self.isMay = isMay
    }

    /// lockdep's own functions, above which a stack says nothing.
    static func isInternal(_ function: String) -> Bool {
        let name = String(decoding: function.utf8.prefix { $0 != ASCII.dot }, as: UTF8.self)
        return internals.contains(name)
    }

    private static let internals: Set<String> = [
        "add_lock_to_list", "check_deadlock", "check_irq_usage", "check_noncircular", "check_prev_add",
        "check_prevs_add", "dump_backtrace", "dump_stack", "dump_stack_lvl", "dump_trace", "__dump_stack",
        "__lock_acquire", "lock_acquire", "lock_sync", "print_bad_irq_dependency", "print_circular_bug",
        "print_circular_bug_tail", "print_deadlock_bug", "save_trace", "show_stack", "show_trace", "show_trace_log_lvl",
        "unwind_backtrace", "validate_chain", "__dump_backtrace", "rcu_lock_acquire",
    ]

    private static let exact: [String: LockFunction] = [
        "down_read": LockFunction(type: .rwsem, isRead: true),
        "__down_read": LockFunction(type: .rwsem, isRead: true),
        "down_write": LockFunction(type: .rwsem),
        "_down_write_nest_lock": LockFunction(type: .rwsem),
        "mmap_read_lock": LockFunction(type: .rwsem, isRead: true),
        "mmap_write_lock": LockFunction(type: .rwsem),
        "cpus_read_lock": LockFunction(type: .percpuRwsem, isRead: true),
        "cpus_write_lock": LockFunction(type: .percpuRwsem),
        "lockdep_acquire_cpus_lock": LockFunction(type: .percpuRwsem),
        "__sb_start_write": LockFunction(type: .percpuRwsem, isRead: true),
        "sb_start_write": LockFunction(type: .percpuRwsem, isRead: true),
        "file_start_write": LockFunction(type: .percpuRwsem, isRead: true),
        "ww_acquire_init": LockFunction(type: .wwContext),
        "rt_spin_lock": LockFunction(type: .spin),
        "fs_reclaim_acquire": LockFunction(type: .pseudo),
        "__fs_reclaim_acquire": LockFunction(type: .pseudo),
        "might_alloc": LockFunction(type: .pseudo),
        "cpuhp_lock_acquire": LockFunction(type: .pseudo),
        "lock_map_acquire": LockFunction(type: .pseudo),
        "srcu_lock_acquire": LockFunction(type: .pseudo, isRead: true),
        "srcu_read_lock": LockFunction(type: .pseudo, isRead: true),
        "srcu_lock_sync": LockFunction(type: .pseudo),
        "__synchronize_srcu": LockFunction(type: .pseudo),
        "__might_fault": LockFunction(type: .rwsem, isRead: true, isMay: true),
        "might_fault": LockFunction(type: .rwsem, isRead: true, isMay: true),
        "_copy_to_user": LockFunction(type: nil),
        "_copy_from_user": LockFunction(type: nil),
        "_inline_copy_to_user": LockFunction(type: nil),
        "_inline_copy_from_user": LockFunction(type: nil),
        "copy_to_user": LockFunction(type: nil),
        "copy_from_user": LockFunction(type: nil),
        "__copy_to_user": LockFunction(type: nil),
        "__copy_from_user": LockFunction(type: nil),
    ]

    private static let prefixes: [(String, LockFunction)] = [
        ("ww_mutex_lock", LockFunction(type: .wwMutex)),
        ("__ww_mutex_lock", LockFunction(type: .wwMutex)),
        ("mutex_lock", LockFunction(type: .mutex)),
        ("__mutex_lock", LockFunction(type: .mutex)),
        ("_mutex_lock", LockFunction(type: .mutex)),
        ("down_read_", LockFunction(type: .rwsem, isRead: true)),
        ("down_write_", LockFunction(type: .rwsem)),
        ("percpu_down_read", LockFunction(type: .percpuRwsem, isRead: true)),
        ("__percpu_down_read", LockFunction(type: .percpuRwsem, isRead: true)),
        ("percpu_down_write", LockFunction(type: .percpuRwsem)),
        ("rt_mutex_lock", LockFunction(type: .rtMutex)),
        ("_raw_spin_lock", LockFunction(type: .spin)),
        ("_spin_lock", LockFunction(type: .spin)),
        ("__raw_spin_lock", LockFunction(type: .spin)),
        ("_raw_read_lock", LockFunction(type: .rwlock, isRead: true)),
        ("__raw_read_lock", LockFunction(type: .rwlock, isRead: true)),
        ("_read_lock", LockFunction(type: .rwlock, isRead: true)),
        ("_raw_write_lock", LockFunction(type: .rwlock)),
        ("__raw_write_lock", LockFunction(type: .rwlock)),
        ("_write_lock", LockFunction(type: .rwlock)),
    ]
}
