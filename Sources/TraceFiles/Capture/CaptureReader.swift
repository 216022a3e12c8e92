// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The packets of a capture, in order, as far as they are whole.
///
/// Keeps one packet in memory. Whatever the files hold, a reader ends: it believes no length that the file does not bear
/// out.
struct CaptureReader: ~Copyable {
    /// What a packet's header says.
    struct Packet {
        var number: UInt64
        var begin: UInt64
        var end: UInt64
        /// Records that the kernel had dropped when it was written, since the run began.
        var discarded: UInt64
        var records: UInt64
        /// Something between the packet before and this one is not there.
        var followsGap: Bool
        /// Bytes of events, header included.
        var content: Int
    }

    let folder: String
    let info: CaptureInfo
    /// What the run counted; nil where it did not come to its end.
    let counters: [String: Int]?
    /// What is not as it should be, a line each.
    private(set) var damage: [FileError] = []
    /// Bytes read so far.
    private(set) var bytesRead = 0

    private var files: [Int]
    private var nextFile = 0
    private var descriptor: OwnedDescriptor?
    private var position = 0
    private var packetStart = 0
    private var size = 0
    private var buffer: PacketBuffer
    private var expected: UInt64 = 0

    init(_ folder: String) throws(FileError) {
        let metadata = "\(folder)/\(CaptureLayout.metadata)"
        let text = String(decoding: try CaptureFolder.bytes(metadata), as: UTF8.self)
        let info = try CaptureMetadata.info(reading: text, of: metadata)
        let summary = "\(folder)/\(CaptureSummary.file)"
        let bytes = access(summary, R_OK) == 0 ? try CaptureFolder.bytes(summary) : []
        self.folder = folder
        self.info = info
        counters = CaptureSummary.counters(reading: bytes)
        files = CaptureFolder.files(in: folder)
        descriptor = nil
        buffer = PacketBuffer(count: 1 << 20)
    }

    /// The bytes of all files together.
    var totalBytes: Int {
        files.reduce(0) { sum, number in
            var status = stat()
            return sum + (stat(path(number), &status) == 0 ? Int(status.st_size) : 0)
        }
    }

    /// Reads the next whole packet; nil at the end.
    mutating func next() throws(FileError) -> Packet? {
        while true {
            if position >= size {
                guard nextFile < files.count else { return nil }
                try open(files[nextFile])
                nextFile += 1
            }
            if let packet = try nextInFile() { return packet }
            position = size
        }
    }

    /// The events of the packet that was read last, valid until the next one is.
    func events(_ packet: Packet) -> CaptureEvents {
        CaptureEvents(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<packet.content]))
    }

    /// Notes that the packet read last has something in it that is no event.
    mutating func noteDamage(in packet: Packet) {
        damage.append(FileError(currentPath, "packet \(packet.number) is damaged", advice: "its rest is passed over"))
    }

    private mutating func open(_ number: Int) throws(FileError) {
        let opened = Glibc.open(path(number), O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard opened >= 0 else { throw FileError(path(number), "cannot be opened: \(FileError.systemReason())") }
        descriptor = OwnedDescriptor(number: opened)
        guard fstat(opened, &status) == 0 else {
            throw FileError(path(number), "cannot be read: \(FileError.systemReason())")
        }
        position = 0
        size = Int(status.st_size)
    }

    private mutating func nextInFile() throws(FileError) -> Packet? {
        packetStart = position
        let rest = size - position
        guard rest > 0 else { return nil }
        guard rest >= CaptureLayout.packetHeader else { return cutOff(missing: CaptureLayout.packetHeader - rest) }
        try read(CaptureLayout.packetHeader, at: 0)
        let bits = word(CaptureLayout.sizeOffset)
        let content = word(CaptureLayout.contentOffset)
        let uuid = buffer.bytes[CaptureLayout.uuidOffset..<(CaptureLayout.uuidOffset + 16)]
        guard buffer.load(at: 0) == CaptureLayout.magic, uuid.elementsEqual(info.uuid),
            bits % 64 == 0, bits / 8 <= UInt64(CaptureLayout.packetLimit), content <= bits, content % 8 == 0,
            content / 8 >= UInt64(CaptureLayout.packetHeader)
        else {
            damage.append(
                FileError(
                    currentPath,
                    "has no packet of this capture at byte \(packetStart)",
                    advice: "the rest of the file is passed over"
                )
            )
            return nil
        }
        let count = Int(bits / 8)
        guard count <= rest else { return cutOff(missing: count - rest) }
        buffer.reserve(count, keeping: CaptureLayout.packetHeader)
        try read(count - CaptureLayout.packetHeader, at: CaptureLayout.packetHeader)
        let number = word(CaptureLayout.numberOffset)
        defer { expected = number &+ 1 }
        return Packet(
            number: number,
            begin: word(CaptureLayout.beginOffset),
            end: word(CaptureLayout.endOffset),
            discarded: word(CaptureLayout.discardedOffset),
            records: word(CaptureLayout.recordsOffset),
            followsGap: number != expected,
            content: Int(content / 8)
        )
    }

    private mutating func cutOff(missing: Int) -> Packet? {
        let whole = packetStart
        damage.append(
            FileError(
                currentPath,
                "ends in the middle of a packet (\(missing) bytes or more are missing)",
                advice: "what comes before it counts; babeltrace2 reads it after: truncate -s \(whole) \(currentPath)"
            )
        )
        return nil
    }

    private mutating func read(_ count: Int, at offset: Int) throws(FileError) {
        var done = 0
        while done < count {
            let result = pread(
                descriptor?.number ?? -1,
                buffer.bytes.baseAddress?.advanced(by: offset + done),
                count - done,
                off_t(position + done)
            )
            if result < 0 && errno == EINTR { continue }
            guard result > 0 else {
                let reason = result < 0 ? FileError.systemReason() : "it became shorter while it was read"
                throw FileError(currentPath, "cannot be read: \(reason)")
            }
            done += result
        }
        position += count
        bytesRead += count
    }

    private func word(_ offset: Int) -> UInt64 { UInt64(littleEndian: buffer.load(at: offset)) }

    private var currentPath: String { path(files[max(0, nextFile - 1)]) }

    private func path(_ number: Int) -> String { "\(folder)/\(CaptureLayout.file(number))" }
}
