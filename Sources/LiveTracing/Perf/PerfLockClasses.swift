// SPDX-License-Identifier: Apache-2.0

internal import LockEvents
internal import LockNaming

/// Lock classes by name, which is all that lockdep's tracepoints tell of them through perf, but for a variable's address.
///
/// Where lockdep itself has several classes of a name (``LockdepNamer`` tells them apart by key), they are one here unless
/// the lock is a variable of that name, and its name counts as inferred: a cycle through it is no ground to fail a build.
struct PerfLockClasses {
    private struct Known {
        var lockClass: LockClassID
        var type: LockType
    }

    private struct Key: Hashable {
        var name: String
        /// Where a variable of that name begins; 0 for other locks.
        var variable: UInt64
    }

    private var known: [Key: Known] = [:]
    private let symbols: SymbolTable
    private let sharedNames: Set<String>
    private(set) var unifications: [(kept: LockClassID, gone: LockClassID)] = []

    init(symbols: SymbolTable, sharedNames: Set<String>) {
        self.symbols = symbols
        self.sharedNames = sharedNames
    }

    /// The class of a lock by its name and its address. `function` is the lock function that took it, by which its kind is
    /// told.
    mutating func lockClass(
        _ name: String,
        at lock: UInt64,
        takenBy function: String?,
        in tables: inout EventTables
    ) -> LockClassID {
        let variable = variable(name, at: lock)
        let key = Key(name: name, variable: variable?.start ?? 0)
        let type = function.map(Self.type) ?? .pseudo
        if let entry = known[key] {
            // might_lock() and its like say nothing of the kind; the first real acquisition does.
            guard entry.type == .pseudo, type != .pseudo else { return entry.lockClass }
            let better = intern(name, variable, type, in: &tables)
            unifications.append((kept: better, gone: entry.lockClass))
            known[key] = Known(lockClass: better, type: type)
            return better
        }
        let lockClass = intern(name, variable, type, in: &tables)
        known[key] = Known(lockClass: lockClass, type: type)
        return lockClass
    }

    /// The variable that a lock is named after, as `DEFINE_MUTEX()` does.
    private func variable(_ name: String, at lock: UInt64) -> SymbolTable.Match? {
        guard lock >= SymbolTable.imageStart, let symbol = symbols.symbol(at: lock), symbol.offset < 1 << 20,
            name == symbol.name || name.hasPrefix(symbol.name + ".")
        else { return nil }
        return symbol
    }

    mutating func takeUnifications() -> [(kept: LockClassID, gone: LockClassID)] {
        defer { unifications.removeAll(keepingCapacity: true) }
        return unifications
    }

    private func intern(
        _ name: String,
        _ variable: SymbolTable.Match?,
        _ type: LockType,
        in tables: inout EventTables
    ) -> LockClassID {
        let isShared = variable == nil && sharedNames.contains(name)
        let number = variable.map(symbols.ordinal) ?? 1
        return tables.classes.intern(
            LockClass(
                name: name.isEmpty ? "unnamed" : name,
                type: type,
                origin: isShared ? "others" : (variable?.module ?? "") + (number == 1 ? "" : "#\(number)"),
                naming: "lockdep's name alone",
                certainty: isShared ? .inferred : .exact,
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
