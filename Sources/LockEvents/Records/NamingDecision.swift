// SPDX-License-Identifier: Apache-2.0

/// One thing that was decided about a record and is not in it, as a capture keeps it.
///
/// Why decisions and not what they rest on: a class follows from kernel memory at the moment of use, from the order of
/// everything before, from what a bounded table had forgotten by then, and from the naming rules of the day. A replay that
/// asked again would need all of these to be the same. Written down, the answers make the replayed graph the live one by
/// construction, on any machine, and for any later version of the rules; and a file of a rotated capture that begins in
/// the middle still says all that its own records need. Decisions are few: one per lock and address, not per record.
public enum NamingDecision: Sendable, Equatable {
    /// A class, under the number by which later decisions call it.
    case lockClass(LockClassID, LockClass)
    /// From here on the lock is of this class.
    case lock(LockID, LockClassID)
    /// From here on lockdep's class key (its address, and the low half of its name's) means this class.
    case key(UInt64, name: UInt32, LockClassID)
    /// What is at a code address.
    case address(UInt64, AddressName)
    /// Whether the size check that returns to this address is followed by a copy to or from user memory.
    case userCopy(UInt64, Bool)
    /// Two classes turned out to be one.
    case unify(kept: LockClassID, gone: LockClassID)
    /// Programs missed runs: every stack is unknown, and records of an older epoch rest on lists that may be wrong.
    case distrust(epoch: UInt32)
    /// Records of an older epoch are not to be trusted, as was found out in an earlier file.
    case trust(epoch: UInt32)
    /// The clock stood here, in nanoseconds, with no record to say so.
    case time(UInt64)
    /// A task that is in the middle of its life where a file begins: its name, and the number of its next record.
    case task(UInt32, comm: String, nextSequence: UInt32)
    /// From this time on a test runs, by its name; none where that is empty.
    case test(String, from: UInt64)

    /// How a code address is called.
    public struct AddressName: Sendable, Equatable {
        /// The function it returns into; empty where it is in none.
        public var function: String
        /// As a stack shows it.
        public var frame: String
        /// Whether it lies in what is called to take a lock, or in what traces it.
        public var isInsideLock: Bool
        /// Whether it lies in the function that lockdep's tracepoint is in: what is above it in a stack traces the event.
        public var isTracepoint: Bool

        /// Describes an address.
        public init(function: String, frame: String, isInsideLock: Bool, isTracepoint: Bool = false) {
            self.function = function
            self.frame = frame
            self.isInsideLock = isInsideLock
            self.isTracepoint = isTracepoint
        }
    }
}
