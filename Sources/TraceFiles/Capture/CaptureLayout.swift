// SPDX-License-Identifier: Apache-2.0

/// Where things are in a capture's files; ``CaptureMetadata`` says the same in CTF's words.
///
/// An event is a time stamp of eight bytes, in the place of the ring's own header, and then the record as it came from the
/// ring: its kind is what CTF wants of an event's header. Decisions are events of the same form, whose kinds
/// begin behind the kernel's.
enum CaptureLayout {
    /// The version of the files; readers refuse newer ones. 2 added tests, and the lockdep source's classes.
    static let version = 2
    static let magic: UInt32 = 0xC1FC_1FC1

    /// Bytes of a packet before its first event.
    static let packetHeader = 88
    static let uuidOffset = 4
    static let streamOffset = 20
    static let instanceOffset = 24
    static let beginOffset = 32
    static let endOffset = 40
    static let contentOffset = 48
    static let sizeOffset = 56
    static let numberOffset = 64
    static let discardedOffset = 72
    static let recordsOffset = 80

    /// Bytes before an event's record: its time stamp.
    static let stamp = 8
    /// Bytes behind the stamp that every event begins with: its kind, one byte that is the kind's own, its size.
    static let eventHeader = 4
    /// Events start at multiples of it.
    static let alignment = 8

    /// The largest packet that a reader takes: what it has to keep in memory.
    static let packetLimit = 64 << 20

    /// Where metadata are.
    static let metadata = "metadata"
    /// What readers of CTF pass over.
    static let hidden = ".livedep"

    /// The name of a ring's file; they follow each other.
    static func file(_ number: Int) -> String {
        let digits = String(number)
        return "ring0_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The number of a ring's file by its name, or nil for other files.
    static func number(ofFile name: String) -> Int? {
        guard name.hasPrefix("ring0_") else { return nil }
        return Int(name.dropFirst("ring0_".count))
    }

    /// Rounds up to where an event may start.
    static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }
}
