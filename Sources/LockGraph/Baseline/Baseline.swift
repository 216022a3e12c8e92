// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// What an earlier graph knew, by names that survive a reboot (DESIGN 3.5).
///
/// Two classes are the same when name (without `#n`), type and subclass agree, and the origin where both sides have one.
public struct Baseline: Sendable {
    /// A class and subclass by its identity.
    public struct ClassKey: Sendable, Hashable {
        /// The printed name, with or without `#n`.
        public var name: String
        /// The kind of lock.
        public var type: LockType
        /// Where the class comes from; empty where that is not known.
        public var origin: String
        /// lockdep's subclass and the nesting together: the number after the slash.
        public var subclass: Int

        /// Describes a class.
        public init(name: String, type: LockType, origin: String = "", subclass: Int = 0) {
            self.name = name
            self.type = type
            self.origin = origin
            self.subclass = subclass
        }

        /// The name without the `#n` that tells classes of one name apart within one run.
        static func withoutNumber(_ name: String) -> String {
            let bytes = name.utf8
            guard let mark = bytes.lastIndex(of: UInt8(ascii: "#")) else { return name }
            let digits = bytes[bytes.index(after: mark)...]
            let isNumber = !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return isNumber && mark != bytes.startIndex ? String(name[..<mark]) : name
        }

        /// The part of the identity that both sides always have.
        fileprivate var withoutOrigin: ClassKey {
            ClassKey(name: Self.withoutNumber(name), type: type, subclass: subclass)
        }

        /// Whether two origins allow two classes to be one.
        fileprivate static func agree(_ left: String, _ right: String) -> Bool {
            left.isEmpty || right.isEmpty || left == right
        }
    }

    private struct DependencyKey: Sendable, Hashable {
        var from: ClassKey
        var to: ClassKey
        var fromMode: LockMode
        var toMode: LockMode
    }

    private struct Origins: Sendable, Hashable {
        var from: String
        var to: String
    }

    private var classes: [ClassKey: Set<String>] = [:]
    private var dependencies: [DependencyKey: Set<Origins>] = [:]
    private var signatures: Set<Signature> = []

    /// Creates a baseline that knows nothing.
    public init() {}

    /// How many different dependencies it knows.
    public var dependencyCount: Int { dependencies.values.reduce(0) { $0 + $1.count } }

    /// Adds a class.
    public mutating func insert(_ lockClass: ClassKey) {
        classes[lockClass.withoutOrigin, default: []].insert(lockClass.origin)
    }

    /// Adds a dependency and its classes.
    public mutating func insert(from: ClassKey, to: ClassKey, fromMode: LockMode, toMode: LockMode) {
        insert(from)
        insert(to)
        let key = DependencyKey(from: from.withoutOrigin, to: to.withoutOrigin, fromMode: fromMode, toMode: toMode)
        dependencies[key, default: []].insert(Origins(from: from.origin, to: to.origin))
    }

    /// Adds a finding.
    public mutating func insert(_ signature: Signature) { signatures.insert(signature) }

    /// Whether the class was known.
    public func contains(_ lockClass: ClassKey) -> Bool {
        classes[lockClass.withoutOrigin]?.contains { ClassKey.agree($0, lockClass.origin) } ?? false
    }

    /// Whether the dependency was known. One hash probe, and a look at each origin the two names ever came from.
    public func contains(from: ClassKey, to: ClassKey, fromMode: LockMode, toMode: LockMode) -> Bool {
        let key = DependencyKey(from: from.withoutOrigin, to: to.withoutOrigin, fromMode: fromMode, toMode: toMode)
        return dependencies[key]?.contains {
            ClassKey.agree($0.from, from.origin) && ClassKey.agree($0.to, to.origin)
        } ?? false
    }

    /// Whether the finding was known.
    public func contains(_ signature: Signature) -> Bool { signatures.contains(signature) }
}
