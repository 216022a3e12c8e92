// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// What an earlier graph knew, by names that survive a reboot (DESIGN 3.5).
///
/// Two classes are the same when name (without `#n`), type and subclass agree, and the origin where both sides have one.
public struct Baseline: Sendable {
    /// A class and subclass by its identity.
    public struct ClassKey: Sendable, Hashable {
        public var name: String
        public var type: LockType
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
    }

    /// Creates a baseline that knows nothing.
    public init() {}

    /// Adds a class.
    public mutating func insert(_ lockClass: ClassKey) {}

    /// Adds a dependency and its classes.
    public mutating func insert(from: ClassKey, to: ClassKey, fromMode: LockMode, toMode: LockMode) {}

    /// Adds a finding.
    public mutating func insert(_ signature: Signature) {}
}
