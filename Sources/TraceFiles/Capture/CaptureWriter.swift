// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import Glibc
public import LockEvents

/// Writes a capture: a folder in CTF 1.8 that babeltrace2 reads as it is (DESIGN 8).
///
///     var capture = try CaptureWriter("out", info: info)
///     session.pump(into: &sink, keepingIn: &capture, waitingAtMost: 50)
///     try capture.flush(olderThan: 500_000_000, discarded: session.dropped)   // again and again
///     try capture.finish(counters: [:])
///
/// Records are collected in a packet, which goes out with one write once it is large or old enough: what was flushed
/// survives the death of the process. Each file makes sense by itself, so that the oldest can be dropped. Adding a record
/// costs a copy and allocates nothing. Used by one thread.
public struct CaptureWriter: RecordJournal, ~Copyable {
    /// How large files get, and how many of them stay.
    public struct Limits: Sendable {
        /// Bytes after which a new file is begun; nil for never.
        public var fileSize: Int?
        /// How many files are kept, the oldest being removed; nil for all.
        public var files: Int?

        /// One file without end.
        public init(fileSize: Int? = nil, files: Int? = nil) {
            self.fileSize = fileSize
            self.files = files
        }
    }

    /// A packet goes out when it has this many bytes.
    static let packetTarget = 512 << 10

    private let folder: String
    private let info: CaptureInfo
    private let limits: Limits
    private var file: OwnedDescriptor
    private var fileNumber = 0
    private var firstFile = 0
    private var fileBytes = 0
    private var buffer = PacketBuffer(count: CaptureWriter.packetTarget * 2)
    private var used = CaptureLayout.packetHeader
    private var contentEnd = CaptureLayout.packetHeader
    private var packetNumber: UInt64 = 0
    private var packetRecords: UInt64 = 0
    private var packetBegan: UInt64 = 0
    /// The last time stamp written: none may be smaller (babeltrace2 refuses time that goes backwards).
    private var lastStamp: UInt64 = 0
    private var lastFlush: UInt64
    private var discarded: UInt64 = 0
    private var failure: FileError?
    /// What was told last of the running test.
    private var test: NamingDecision?

    /// Records kept so far, decisions not counted.
    public private(set) var records: UInt64 = 0
    /// Bytes written so far, those of removed files among them.
    public private(set) var bytesWritten = 0
    /// A file has begun that has no decisions yet.
    public private(set) var isFresh = true

    /// Creates the folder, which must not be there or be empty, and writes its metadata.
    public init(_ folder: String, info: CaptureInfo, limits: Limits = Limits()) throws(FileError) {
        self.folder = folder
        self.info = info
        self.limits = limits
        try Self.makeFolder(folder)
        try Self.writeWhole(CaptureMetadata.text(info), to: CaptureLayout.metadata, in: folder)
        file = try Self.open(CaptureLayout.file(0), in: folder)
        lastFlush = Self.now
    }

    // MARK: Adding

    /// Takes note that everything is being told again, but for the running test, which the file is told here.
    public mutating func acceptFresh() {
        isFresh = false
        if let test { append(test) }
    }

    /// Adds a decision as an event; it allocates, and is rare.
    public mutating func append(_ decision: NamingDecision) {
        if case .time(let time) = decision { lastStamp = max(lastStamp, time) }
        if case .test = decision { test = decision }
        let (kind, bytes) = CaptureDecision.encode(decision)
        let size = CaptureLayout.eventHeader + bytes.count
        let start = beginEvent(size)
        buffer.store(kind.rawValue, at: start)
        buffer.store(0 as UInt8, at: start + 1)
        buffer.store(UInt16(size), at: start + 2)
        bytes.withUnsafeBytes { buffer.store($0, at: start + CaptureLayout.eventHeader) }
    }

    /// Adds a record as it is, behind a time stamp that never goes backwards.
    public mutating func append(record: UnsafeRawBufferPointer) {
        // Records that are not of the agreed form were counted by whoever decoded them, and would end the packet.
        guard CaptureEvents.isRecord(record) else { return }
        let time = record.loadUnaligned(
            fromByteOffset: MemoryLayout<ld_record>.offset(of: \.time) ?? 0,
            as: UInt64.self
        )
        lastStamp = max(lastStamp, time)
        let start = beginEvent(record.count)
        buffer.store(record, at: start)
        packetRecords += 1
        records += 1
        // Only behind a record, never between it and its decisions: they must be in one file.
        if used >= Self.packetTarget, failure == nil { flush() }
    }

    /// Makes room for an event, writes its stamp, and gives where the rest goes.
    private mutating func beginEvent(_ size: Int) -> Int {
        let start = CaptureLayout.aligned(used)
        let end = start + CaptureLayout.stamp + size
        buffer.reserve(end, keeping: used)
        while used < start {
            buffer.store(0 as UInt8, at: used)
            used += 1
        }
        if used == CaptureLayout.packetHeader { packetBegan = lastStamp }
        buffer.store(lastStamp, at: start)
        used = end
        return start + CaptureLayout.stamp
    }

    // MARK: Writing out

    /// Writes the packet out if it is older than so many nanoseconds.
    ///
    /// - Parameter discarded: records that the kernel dropped so far.
    public mutating func flush(olderThan age: UInt64, discarded: UInt64) throws(FileError) {
        self.discarded = discarded
        if failure == nil, Self.now - lastFlush >= age { flush() }
        if let failure { throw failure }
    }

    /// Writes out what is left and how the run ended. A capture without that was cut off.
    public mutating func finish(counters: [String: Int], discarded: UInt64) throws(FileError) {
        try flush(olderThan: 0, discarded: discarded)
        try Self.makeSubfolder(folder)
        try Self.writeWhole(CaptureSummary.text(counters), to: CaptureSummary.file, in: folder)
    }

    private mutating func flush() {
        lastFlush = Self.now
        guard used > CaptureLayout.packetHeader else { return }
        let end = CaptureLayout.aligned(used)
        buffer.reserve(end, keeping: used)
        for index in used..<end { buffer.store(0 as UInt8, at: index) }
        writeHeader(content: used, size: end)
        do throws(FileError) {
            try write(end)
            if let limit = limits.fileSize, fileBytes >= limit { try beginFile() }
        } catch {
            failure = error
        }
        used = CaptureLayout.packetHeader
        packetRecords = 0
        packetNumber += 1
    }

    private func writeHeader(content: Int, size: Int) {
        buffer.store(CaptureLayout.magic, at: 0)
        for (index, byte) in info.uuid.enumerated() { buffer.store(byte, at: CaptureLayout.uuidOffset + index) }
        buffer.store(0 as UInt32, at: CaptureLayout.streamOffset)
        buffer.store(UInt64(fileNumber), at: CaptureLayout.instanceOffset)
        buffer.store(packetBegan, at: CaptureLayout.beginOffset)
        buffer.store(lastStamp, at: CaptureLayout.endOffset)
        buffer.store(UInt64(content) * 8, at: CaptureLayout.contentOffset)
        buffer.store(UInt64(size) * 8, at: CaptureLayout.sizeOffset)
        buffer.store(packetNumber, at: CaptureLayout.numberOffset)
        buffer.store(discarded, at: CaptureLayout.discardedOffset)
        buffer.store(packetRecords, at: CaptureLayout.recordsOffset)
    }

    private mutating func write(_ count: Int) throws(FileError) {
        var written = 0
        while written < count {
            let result = Glibc.write(file.number, buffer.bytes.baseAddress?.advanced(by: written), count - written)
            if result < 0 && errno == EINTR { continue }
            guard result > 0 else {
                let reason = FileError.systemReason()
                // Half a packet is of no use to anyone, and some readers refuse the file for it.
                _ = ftruncate(file.number, off_t(fileBytes))
                throw FileError(path(CaptureLayout.file(fileNumber)), "cannot be written: \(reason)")
            }
            written += result
        }
        fileBytes += count
        bytesWritten += count
    }

    private mutating func beginFile() throws(FileError) {
        fileNumber += 1
        file = try Self.open(CaptureLayout.file(fileNumber), in: folder)
        fileBytes = 0
        isFresh = true
        while let limit = limits.files, fileNumber - firstFile >= limit {
            unlink(path(CaptureLayout.file(firstFile)))
            firstFile += 1
        }
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    // MARK: Files

    private static func makeFolder(_ folder: String) throws(FileError) {
        if mkdir(folder, 0o755) != 0 {
            guard errno == EEXIST else { throw FileError(folder, "cannot be created: \(FileError.systemReason())") }
            guard let names = CaptureFolder.names(in: folder) else { throw FileError(folder, "is not a folder") }
            guard names.isEmpty else {
                throw FileError(folder, "is not empty", advice: "name a new folder, or remove this one first")
            }
        }
    }

    private static func makeSubfolder(_ folder: String) throws(FileError) {
        let name = "\(folder)/\(CaptureLayout.hidden)"
        if mkdir(name, 0o755) != 0 && errno != EEXIST {
            throw FileError(name, "cannot be created: \(FileError.systemReason())")
        }
    }

    /// Writes a file under another name first: whoever finds it finds all of it.
    private static func writeWhole(_ text: String, to name: String, in folder: String) throws(FileError) {
        var file = try OutputFile("\(folder)/\(name)")
        try file.write(Array(text.utf8))
        try file.finish()
    }

    private static func open(_ name: String, in folder: String) throws(FileError) -> OwnedDescriptor {
        let path = "\(folder)/\(name)"
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0o644)
        guard file >= 0 else { throw FileError(path, "cannot be written: \(FileError.systemReason())") }
        return OwnedDescriptor(number: file)
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
