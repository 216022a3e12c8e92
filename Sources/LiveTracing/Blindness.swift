// SPDX-License-Identifier: Apache-2.0

/// Something that stays unseen on this kernel, and why.
public struct Blindness: Sendable {
    /// What is not seen.
    public var what: String
    /// Why, and what would change it.
    public var why: String

    /// What the `functions` source cannot see, given how its hooks fared.
    public static func ofFunctions(hooks: [HookState], on kernel: KernelState) -> [Blindness] {
        let byName = Dictionary(hooks.map { ($0.function, $0) }, uniquingKeysWith: { first, _ in first })
        let isAttached = { (name: String) in byName[name]?.attachment.isAttached ?? false }
        var list: [Blindness] = []
        for hook in hooks where hook.attachment == .refused && !userCopies.contains(hook.function) {
            list.append(
                Blindness(what: "\(hook.function)()", why: "the kernel refused the hook (errno \(hook.error))")
            )
        }
        list.append(
            Blindness(
                what: "readers of per-CPU rwsems (sb_start_write, cgroup_threadgroup_rwsem, file locks)",
                why: "percpu_down_read and percpu_up_read are inlined; cpus_read_lock and all writers are seen"
            )
        )
        switch kernel.mappingLock {
        case .semaphore:
            list.append(
                Blindness(
                    what: "per-VMA locks as something that is waited for",
                    why: "page faults only try them, and fall back to mmap_lock, which is seen"
                )
            )
        case .count:
            list.append(
                Blindness(
                    what: "per-VMA locks",
                    why: "on this kernel they are reference counts (vm_area_struct.vm_refcnt) without a lock function"
                )
            )
        case nil: break
        }
        if !userCopies.allSatisfy(isAttached), !isAttached("__might_fault") {
            list.append(
                isAttached("__check_object_size")
                    ? Blindness(
                        what: "might-fault at user copies of a constant size, and at copies through iterators",
                        why: "_copy_to_user and its kin cannot be hooked (lib/ is built without ftrace, "
                            + "CONFIG_KPROBE_EVENTS_ON_NOTRACE is off); copies of variable size are seen "
                            + "through the hardened user-copy check, and so is every fault that happens"
                    )
                    : Blindness(
                        what: "might-fault at user copies",
                        why: "_copy_to_user and its kin cannot be hooked, and the kernel has no hardened user-copy "
                            + "check (CONFIG_HARDENED_USERCOPY) to hook instead; faults that happen are seen"
                    )
            )
        }
        if !isAttached("__might_fault") {
            list.append(
                Blindness(what: "might-fault at get_user, put_user, unsafe_*_user", why: "they are inlined everywhere")
            )
        }
        if !isAttached("contention_begin") {
            list.append(
                Blindness(
                    what: "tasks stuck in a deadlock",
                    why: "the lock:contention_begin tracepoint is missing (before 5.19): "
                        + "an acquisition is seen only once it succeeds"
                )
            )
        }
        list.append(
            Blindness(
                what: "spinlocks, rwlocks, semaphores, completions, work items",
                why: "not hooked: on a kernel with lockdep use --source lockdep"
            )
        )
        return list
    }

    /// What the `lockdep` source cannot see, given how its hooks fared.
    public static func ofLockdep(hooks: [HookState]) -> [Blindness] {
        let isAttached = { (name: String) in hooks.contains { $0.function == name && $0.attachment.isAttached } }
        var list = [
            Blindness(what: "locks in interrupts", why: "only process context is followed; they are counted"),
            Blindness(what: "rcu_read_lock and its kin", why: "lockdep makes no dependency of them either"),
            Blindness(
                what: "synchronize_srcu() as an acquisition",
                why: "lock_sync() has no tracepoint; neither has lock_set_class()"
            ),
            Blindness(
                what: "locks of a CPU while it goes off- or online",
                why: "tracepoints do not fire on a CPU that is not online"
            ),
        ]
        if !isAttached("downgrade_write") {
            list.append(
                Blindness(
                    what: "downgrade_write()",
                    why: "it has no tracepoint and could not be hooked: the lock counts as held for writing"
                )
            )
        }
        if !isAttached("contention_begin") {
            list.append(
                Blindness(
                    what: "tasks stuck in a deadlock",
                    why: "the lock:contention_begin tracepoint is missing (before 5.19)"
                )
            )
        }
        return list
    }

    private static let userCopies = [
        "_copy_to_user", "_copy_from_user", "strncpy_from_user", "strnlen_user", "_copy_to_iter", "_copy_from_iter",
    ]
}
