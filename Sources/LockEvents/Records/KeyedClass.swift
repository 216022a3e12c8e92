// SPDX-License-Identifier: Apache-2.0

/// A lock class as lockdep's own tracepoints tell it: by its key.
public struct KeyedClass: Sendable {
    /// The class key's address, or what stands for it in a lock that lockdep has not met.
    public var key: UInt64
    /// The low half of the name's address.
    public var name: UInt32
    /// The name.
    public var text: String
    /// The address of a lock's `lockdep_map`.
    public var lock: UInt64
    /// The kind of lock.
    public var type: LockType
    /// Whether lockdep checks the class's dependencies.
    public var isChecked: Bool
    /// Whether its instances nest in an order of their own.
    public var isOrdered: Bool

    /// Says all of a class.
    public init(
        key: UInt64,
        name: UInt32,
        text: String,
        lock: UInt64,
        type: LockType,
        isChecked: Bool,
        isOrdered: Bool
    ) {
        self.key = key
        self.name = name
        self.text = text
        self.lock = lock
        self.type = type
        self.isChecked = isChecked
        self.isOrdered = isOrdered
    }
}

extension RecordNaming where Self: ~Copyable {
    /// Most sources name locks by evidence.
    public var namesByKey: Bool { false }

    /// There are no keys to meet.
    public mutating func meet(_ keyed: KeyedClass, in tables: inout EventTables) {}

    /// No key is known.
    public func lockClass(key: UInt64, name: UInt32) -> LockClassID { .none }
}
