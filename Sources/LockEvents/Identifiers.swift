// SPDX-License-Identifier: Apache-2.0

/// A task (thread) as the source of events tells tasks apart: its thread id on a live kernel.
public struct TaskID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number.
    public var rawValue: UInt64

    /// Wraps the source's number.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One lock instance: its address on a live kernel. Zero means none.
public struct LockID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number.
    public var rawValue: UInt64

    /// Wraps an address or another number that is unique among the locks alive at one time.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No lock.
    @inlinable public static var none: LockID { LockID(rawValue: 0) }
}

/// An index into a ``LockClassTable``.
public struct LockClassID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The index.
    public var rawValue: UInt32

    /// Wraps an index.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Not yet known; no class has this index.
    @inlinable public static var none: LockClassID { LockClassID(rawValue: .max) }
}

/// An index into a ``NameTable``. Zero is the empty name.
public struct NameID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The index.
    public var rawValue: UInt32

    /// Wraps an index.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The empty name: nothing is known.
    @inlinable public static var none: NameID { NameID(rawValue: 0) }
}

/// An index into a ``StackTable``. Zero is the empty stack.
public struct StackID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The index.
    public var rawValue: UInt32

    /// Wraps an index.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The empty stack: none was captured.
    @inlinable public static var none: StackID { StackID(rawValue: 0) }
}
