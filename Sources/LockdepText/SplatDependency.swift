// SPDX-License-Identifier: Apache-2.0

/// One dependency that a report tells of: "while `from` was held, `to` was taken".
public struct SplatDependency: Sendable, Hashable {
    /// The class held.
    public var from: SplatClass
    /// The class taken.
    public var to: SplatClass
    /// Held by a reader, where the report says so.
    public var fromRead: Bool
    /// Taken by a reader, by the scenario or the function that took it.
    public var toRead: Bool
    /// Might be taken, as `might_fault` says, and was not this time.
    public var isMay: Bool
    /// Where `to` was taken, innermost first; empty where the report lacks it.
    public var stack: [SplatFrame]
    /// The function that took `to`, lock implementation and lockdep's own frames left out.
    public var site: SplatFrame?
    /// Where `from` was taken, where the report tells.
    public var heldSite: SplatFrame?
    /// The dependency that lockdep refused because it closes the cycle; the others were in its graph before.
    public var isClosing: Bool

    init(
        from: SplatClass,
        to: SplatClass,
        stack: [SplatFrame],
        isClosing: Bool
    ) {
        let acquisition = SplatAcquisition(stack: stack)
        self.from = from
        self.to = to
        self.fromRead = false
        self.toRead = acquisition.isRead
        self.isMay = acquisition.isMay
        self.stack = stack
        self.site = acquisition.site
        self.heldSite = nil
        self.isClosing = isClosing
    }
}

extension Splat {
    /// The dependencies of a report, in the order in which they lead from one to the next; the closing one last.
    ///
    /// The chain is printed in reverse: `#N` is held and `#0` being taken, and the stack under `#k` is where class k was
    /// taken while class k-1 was held (facts: kernel/locking/lockdep.c, `print_circular_bug`). So the stored dependencies
    /// are `#0 -> #1 -> ... -> #N`, and `#N -> #0` closes the cycle. The list of held locks gives no dependency: a
    /// trylock among them would make one up.
    public var dependencies: [SplatDependency] {
        switch kind {
        case .circular: circularDependencies
        case .recursive, .irqOrder: closingDependency.map { [$0] } ?? []
        case .irqInversion: inversionDependencies
        default: []
        }
    }

    private var circularDependencies: [SplatDependency] {
        let links = chain.reversed()
        var found: [SplatDependency] = []
        for (before, link) in zip(links, links.dropFirst()) where link.index == before.index + 1 {
            found.append(
                SplatDependency(
                    from: before.lock.lockClass,
                    to: link.lock.lockClass,
                    stack: link.stack,
                    isClosing: false
                )
            )
        }
        if let closing = closingDependency { found.append(closing) }
        return found
    }

    /// `#N -> #0`, by the chain or by the two locks of the header.
    private var closingDependency: SplatDependency? {
        let first = chain.last { $0.index == 0 }
        guard let from = held?.lockClass ?? chain.first?.lock.lockClass,
            let to = wanted?.lockClass ?? first?.lock.lockClass
        else { return nil }
        let stack = first.flatMap { $0.stack.isEmpty ? nil : $0.stack } ?? backtrace.filter(\.isReliable)
        var dependency = SplatDependency(from: from, to: to, stack: stack, isClosing: true)
        if let site = wanted?.site, dependency.site == nil { dependency.site = site }
        dependency.heldSite = held?.site
        dependency.fromRead = scenario.first { $0.cpu == 0 }?.action == .read
        if scenario.last(where: { $0.cpu == 0 })?.action == .read { dependency.toRead = true }
        return dependency
    }

    /// The shortest dependencies are printed from the lock taken back to the lock held (`print_shortest_lock_dependencies`):
    /// a class was "acquired at" its stack under the class printed next.
    private var inversionDependencies: [SplatDependency] {
        let taken = usages.filter { $0.state == "acquired" }
        return zip(taken, taken.dropFirst()).map { inner, outer in
            SplatDependency(
                from: outer.lock.lockClass,
                to: inner.lock.lockClass,
                stack: inner.stack,
                isClosing: false
            )
        }
    }

    /// What kind of lock a class of this report is: by the functions that took it, else by its name and marks.
    public func type(of lockClass: SplatClass) -> SplatLockType {
        for dependency in dependencies where dependency.to.name == lockClass.name {
            if let type = SplatAcquisition(stack: dependency.stack).type, SplatLockType(name: lockClass.name) == nil {
                return type
            }
        }
        if let type = SplatLockType(name: lockClass.name) { return type }
        let locks = [wanted, held].compactMap(\.self) + chain.map(\.lock) + heldLocks
        guard let lock = locks.first(where: { $0.lockClass.name == lockClass.name && !$0.usage.isEmpty }) else {
            return .mutex
        }
        return SplatLockType(marksOf: lock)
    }
}

extension SplatLockType {
    /// The classes whose names tell their type.
    init?(name: String) {
        if name.hasPrefix("(work_completion)") || name.hasPrefix("(wq_completion)") || name.hasPrefix("(completion)") {
            self = .pseudo
        } else if name.hasSuffix("_ww_class_acquire") || name == "reservation_ww_class_acquire" {
            self = .wwContext
        } else if name.hasSuffix("_ww_class_mutex") {
            self = .wwMutex
        } else if name.hasSuffix("mmap_lock") || name.hasSuffix("mmap_sem") {
            self = .rwsem
        } else if name == "cpu_hotplug_lock" || name == "cpu_hotplug_lock.rw_sem" || name.hasPrefix("sb_writers") {
            self = .percpuRwsem
        } else if name == "sb_pagefaults" || name == "sb_internal" {
            self = .percpuRwsem
        } else if name == "fs_reclaim" || name == "rcu_read_lock" || name.hasPrefix("s_active")
            || name.hasPrefix("kn->active")
        {
            self = .pseudo
        } else {
            return nil
        }
    }

    /// By wait type (since 5.8: 0 none, 2 spinning, 3 or 4 sleeping) and by whether readers were ever seen.
    init(marksOf lock: SplatLock) {
        let marks = Array(lock.usage.utf8)
        let hasReaders = marks.indices.contains { $0 % 2 == 1 && $0 < 4 && marks[$0] != ASCII.dot }
        switch lock.waitType?.inner {
        case 0?, 1?: self = .pseudo
        case 2?: self = .spin
        case 3?, 4?: self = hasReaders ? .rwsem : .mutex
        default: self = hasReaders ? .rwsem : .mutex
        }
    }
}
