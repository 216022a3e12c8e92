// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// One end of a dependency as the adjacency lists keep it: 27 bits of class, 2 + 2 bits of modes, 1 bit `direct`.
///
/// In a class's outgoing list it names the acquired class, in an incoming list the held one; the modes are the same in
/// both. The `direct` bit is kept right in outgoing lists only.
struct DependencyEntry: BitwiseCopyable, Equatable, Sendable {
    /// The most classes an entry can name.
    static let classLimit = 1 << 27
    /// All of a dependency's word but the direct bit.
    static let keyMask: UInt64 = ~1

    var bits: UInt32

    @inline(__always)
    init(bits: UInt32) { self.bits = bits }

    @inline(__always)
    init(class number: Int, held: LockMode, acquired: LockMode, isDirect: Bool) {
        bits =
            UInt32(truncatingIfNeeded: number) << 5 | UInt32(held.rawValue) << 3 | UInt32(acquired.rawValue) << 1
            | (isDirect ? 1 : 0)
    }

    @inline(__always) var lockClass: Int { Int(bits >> 5) }
    /// The first letter of lockdep's dependency type is S: the held lock was taken by a reader of any sort.
    @inline(__always) var fromIsReader: Bool { bits & 0b11000 != 0 }
    /// The second letter is R: the new lock was taken by a recursive reader.
    @inline(__always) var toIsRecursive: Bool { (bits >> 1) & 0b11 == UInt32(LockMode.recursive.rawValue) }
    @inline(__always) var isDirect: Bool { bits & 1 != 0 }

    @inline(__always) var held: LockMode { LockMode(rawValue: UInt8((bits >> 3) & 0b11)) ?? .write }
    @inline(__always) var acquired: LockMode { LockMode(rawValue: UInt8((bits >> 1) & 0b11)) ?? .write }

    /// The node an outgoing entry arrives at.
    @inline(__always) var arrival: Int { lockClass << 1 | (toIsRecursive ? 1 : 0) }

    /// The same dependency seen from its other end.
    @inline(__always)
    func naming(_ number: Int) -> DependencyEntry {
        DependencyEntry(bits: UInt32(truncatingIfNeeded: number) << 5 | (bits & 0b11111))
    }

    /// The dependency's word in the table, given that this is the outgoing entry of class `from`.
    @inline(__always)
    func word(from: Int) -> UInt64 { UInt64(UInt32(truncatingIfNeeded: from)) << 32 | UInt64(bits) }
}
