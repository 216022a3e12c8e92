// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// A node of the lock graph: a lock class, one of lockdep's subclasses of it, and how many instances of it the task held.
///
/// Under ``SameClassPolicy/instance`` the second, third... instance of a class that one task holds is a node of its own
/// (`name/1`, `name/2`), as lockdep's subclasses would make it, so that `A1 X A2` is no cycle of `A` and `X`.
public struct LockNode: Hashable, Sendable, BitwiseCopyable {
    /// The class.
    public var lockClass: LockClassID
    /// lockdep's subclass, 0 to 7.
    public var subclass: UInt8
    /// How many other instances of the class and subclass the task held below this one; 0 under the strict policy.
    public var nesting: UInt8

    /// Describes a node.
    public init(_ lockClass: LockClassID, subclass: UInt8 = 0, nesting: UInt8 = 0) {
        self.lockClass = lockClass
        self.subclass = subclass
        self.nesting = nesting
    }

    /// The number after the slash in the printed name: subclass and nesting count alike. Zero is not printed.
    public var printedSubclass: Int { Int(subclass) + Int(nesting) }
}
