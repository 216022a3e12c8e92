// SPDX-License-Identifier: Apache-2.0

/// A place in a slab cache's objects whose locks are of several classes.
public struct ContainerPlace: Sendable, Hashable {
    /// Address of the slab cache.
    public var cache: UInt64
    /// Offset of the lock in its object, bytes.
    public var offset: UInt32
    /// An `enum ld_container` of lock_records.h.
    public var kind: UInt32
}
