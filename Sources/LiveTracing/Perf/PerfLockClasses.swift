// SPDX-License-Identifier: Apache-2.0

internal import LockEvents

/// Lock classes by name, which is all that lockdep's tracepoints tell of them through perf.
///
/// Where lockdep itself has several classes of a name (``LockdepNamer`` tells them apart by key), they are one here, and
/// its name counts as inferred: a cycle through it is no ground to fail a build.
struct PerfLockClasses {
    private struct Known {
        var lockClass: LockClassID
        var type: LockType
    }

    private var known: [String: Known] = [:]
    private let sharedNames: Set<String>
    private(set) var unifications: [(kept: LockClassID, gone: LockClassID)] = []

    init(sharedNames: Set<String>) { self.sharedNames = sharedNames }

    /// The class of a name. `function` is the lock function that took it, by which its kind is told.
    mutating func lockClass(_ name: String, takenBy function: String?, in tables: inout EventTables) -> LockClassID {
        let type = function.map(Self.type) ?? .pseudo
        if let entry = known[name] {
            // might_lock() and its like say nothing of the kind; the first real acquisition does.
            guard entry.type == .pseudo, type != .pseudo else { return entry.lockClass }
            let better = intern(name, type, in: &tables)
            unifications.append((kept: better, gone: entry.lockClass))
            known[name] = Known(lockClass: better, type: type)
            return better
        }
        let lockClass = intern(name, type, in: &tables)
        known[name] = Known(lockClass: lockClass, type: type)
        return lockClass
    }

    mutating func takeUnifications() -> [(kept: LockClassID, gone: LockClassID)] {
        defer { unifications.removeAll(keepingCapacity: true) }
        return unifications
    }

    private func intern(_ name: String, _ type: LockType, in tables: inout EventTables) -> LockClassID {
        tables.classes.intern(
            LockClass(
                name: name.isEmpty ? "unnamed" : name,
                type: type,
                naming: "lockdep's name alone",
                certainty: sharedNames.contains(name) ? .inferred : .exact,
                // The one class that lockdep keeps out of its verdicts everywhere (drivers/base/core.c).
                isValidated: name != "&dev->mutex"
            )
        )
    }

    private static func type(_ function: String) -> LockType {
        if function.contains("ww_mutex") { return .wwMutex }
        if function.contains("rt_mutex") { return .rtMutex }
        if function.contains("mutex") { return .mutex }
        if function.contains("percpu_down") { return .percpuRwsem }
        if function.hasPrefix("down_") { return .rwsem }
        if function.hasPrefix("_raw_spin") { return .spin }
        if function.hasPrefix("_raw_read") || function.hasPrefix("_raw_write") { return .rwlock }
        return .pseudo
    }
}
