// SPDX-License-Identifier: Apache-2.0

/// What a dependency is between: all locks that obey the same rules, as lockdep's lock classes.
///
/// Identity is type, name and origin (DESIGN 3.5), so that it survives a reboot; an address is never part of it.
public struct LockClass: Sendable, Hashable {
    /// How sure the name is.
    public enum Certainty: UInt8, Sendable, Hashable {
        /// The kernel itself said it: an initialiser's name argument, a symbol, lockdep's own name, an event file.
        case exact
        /// Worked out from the place in memory or in code.
        case inferred
    }

    /// The lock's name without any `#n`: `&mm->mmap_lock`.
    public var name: String
    /// The kind of lock.
    public var type: LockType
    /// Where the class comes from: initialising function, symbol, or cache and member; empty where the source has none.
    public var origin: String
    /// How the class came by its name, in a few words for a reader: `init`, `symbol`, `slab member`, `call site`.
    public var naming: String
    /// Whether the name is exact or inferred.
    public var certainty: Certainty
    /// False for classes kept out of verdicts (`lockdep_set_novalidate_class`): they are tracked and never reported.
    public var isValidated: Bool
    /// True where instances nest in an order that only the kernel's code can tell (`lock_set_cmp_fn`): nesting two of them
    /// is no finding. Not part of the identity.
    public var isOrdered = false
    /// True where the class has one instance by definition (a symbol): it needs no further evidence that two locks are one.
    public var isStatic: Bool

    /// Describes a class.
    public init(
        name: String,
        type: LockType,
        origin: String = "",
        naming: String = "event",
        certainty: Certainty = .exact,
        isValidated: Bool = true,
        isStatic: Bool = false
    ) {
        self.name = name
        self.type = type
        self.origin = origin
        self.naming = naming
        self.certainty = certainty
        self.isValidated = isValidated
        self.isStatic = isStatic
    }

    /// Two descriptions are of one class when type, name and origin agree.
    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.type == right.type && left.origin == right.origin
    }

    /// Hashes what identifies the class.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(type)
        hasher.combine(origin)
    }
}
