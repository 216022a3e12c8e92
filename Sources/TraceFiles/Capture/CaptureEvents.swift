// SPDX-License-Identifier: Apache-2.0

import CLockRecords

/// The events of one packet, one after the other, each looked at before it is believed.
struct CaptureEvents {
    /// One event.
    enum Event {
        case record(UnsafeRawBufferPointer)
        /// A decision by its kind and the bytes behind the event's header.
        case decision(CaptureDecision.Kind, UnsafeRawBufferPointer)
    }

    /// Whether bytes have a record's form: a kind that is known, and parts that add up to its size.
    static func isRecord(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= MemoryLayout<ld_record>.size, let base = bytes.baseAddress else { return false }
        let record = base.loadUnaligned(as: ld_record.self)
        let parts =
            MemoryLayout<ld_record>.size + Int(record.nheld) * MemoryLayout<ld_held>.size + Int(record.nstack) * 8
        let nameLimit = UInt32(record.kind) == LD_CLASS.rawValue ? LD_CLASS_NAME_LEN : LD_NAME_LEN
        return Int(record.size) == bytes.count && record.nname <= UInt32(nameLimit)
            && parts + Int(record.nname) == bytes.count && record.kind > LD_NONE.rawValue
            && UInt32(record.kind) < LD_KIND_MAX.rawValue
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = CaptureLayout.packetHeader
    /// Something was no event: nothing behind it in the packet can be found.
    private(set) var isDamaged = false

    /// - Parameter bytes: a packet up to the end of its content.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next event; its bytes are valid as long as the packet's.
    mutating func next() -> Event? {
        let start = CaptureLayout.aligned(position) + CaptureLayout.stamp
        guard start < bytes.count, !isDamaged else { return nil }
        guard start + CaptureLayout.eventHeader <= bytes.count else { return damaged() }
        let size = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 2, as: UInt16.self)))
        let kind = bytes[start]
        guard size >= CaptureLayout.eventHeader, start + size <= bytes.count else { return damaged() }
        let event = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
        position = start + size
        if kind < CaptureDecision.Kind.lockClass.rawValue {
            return Self.isRecord(event) ? .record(event) : damaged()
        }
        guard let kind = CaptureDecision.Kind(rawValue: kind) else { return damaged() }
        return .decision(kind, UnsafeRawBufferPointer(rebasing: event[CaptureLayout.eventHeader...]))
    }

    /// A decision that turned out not to be one ends the packet as well.
    mutating func noteDamage() { isDamaged = true }

    private mutating func damaged() -> Event? {
        isDamaged = true
        return nil
    }
}
