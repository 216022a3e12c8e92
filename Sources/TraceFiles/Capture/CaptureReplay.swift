// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// A capture, played back: the sink is handed what the sink of the live run was handed, call by call.
///
///     var replay = try CaptureReplay("out")
///     while let packet = try replay.next(into: &engine) { ... }
///
/// Needs no root and nothing of the machine that was recorded.
public struct CaptureReplay: ~Copyable {
    /// Which tasks are handed on.
    public struct Selection: Sendable {
        /// A thread, or all threads of a process; nil for all.
        public var pid: UInt32?
        /// Tasks of this name; nil for all.
        public var comm: String?

        /// Selects every task.
        public init(pid: UInt32? = nil, comm: String? = nil) {
            self.pid = pid
            self.comm = comm
        }
    }

    /// How far a replay has come.
    public struct Progress: Sendable {
        /// Bytes read, and of how many.
        public var bytes: Int
        /// Nanoseconds on the records' clock: of the packet's end.
        public var time: UInt64
        /// Records dropped by the kernel so far.
        public var discarded: UInt64
        /// Records played so far.
        public var records: UInt64
    }

    private var reader: CaptureReader
    private var decoder: RecordDecoder<RecordedNaming>
    private var records: UInt64 = 0
    private let selection: Selection
    private var isChosen: [UInt32: Bool] = [:]
    /// The bytes of all files together.
    public let totalBytes: Int

    /// Opens a capture.
    ///
    /// - Parameter folder: the folder with its `metadata`.
    public init(_ folder: String, selection: Selection = Selection()) throws(FileError) {
        reader = try CaptureReader(folder)
        decoder = RecordDecoder(naming: RecordedNaming(namesByKey: reader.info.run.source == "lockdep"))
        totalBytes = reader.totalBytes
        self.selection = selection
    }

    /// Whether a name is that of a capture: a folder.
    public static func isCapture(_ name: String) -> Bool { name != "-" && CaptureFolder.isFolder(name) }

    /// What the capture says of itself.
    public var info: CaptureInfo { reader.info }
    /// What the live run counted; nil where it did not come to its end.
    public var counters: [String: Int]? { reader.counters }
    /// What the decoder met.
    public var counts: DecodeCounts { decoder.counts }

    /// What the capture lacks, a line each; complete once all packets were read.
    public var damage: [FileError] {
        var lines = reader.damage
        if lines.isEmpty, reader.counters == nil {
            lines.append(
                FileError(
                    reader.folder,
                    "the recording did not come to its end",
                    advice: "what it kept until then counts"
                )
            )
        }
        if decoder.naming.unanswered > 0 {
            lines.append(
                FileError(
                    reader.folder,
                    "\(decoder.naming.unanswered) names are missing",
                    advice: "locks without a name take part in no verdict"
                )
            )
        }
        return lines
    }

    /// Plays the next packet; nil when there is none.
    public mutating func next(into sink: inout some LockEventSink & ~Copyable) throws(FileError) -> Progress? {
        guard let packet = try reader.next() else { return nil }
        // What the missing packets did to anybody's locks cannot be told.
        if packet.followsGap { sink.loseAllStacks() }
        if packet.discarded > 0 { decoder.hasLoss = true }
        var events = reader.events(packet)
        while let event = events.next() {
            switch event {
            case .record(let bytes): play(bytes, into: &sink)
            case .decision(let kind, let bytes):
                if let decision = CaptureDecision.decode(kind, bytes) {
                    play(decision, into: &sink)
                } else {
                    events.noteDamage()
                }
            }
        }
        if events.isDamaged {
            reader.noteDamage(in: packet)
            sink.loseAllStacks()
        }
        return Progress(
            bytes: reader.bytesRead,
            time: packet.end,
            discarded: packet.discarded,
            records: records
        )
    }

    private mutating func play(_ record: UnsafeRawBufferPointer, into sink: inout some LockEventSink & ~Copyable) {
        records += 1
        if selection.pid == nil, selection.comm == nil {
            decoder.decode(record, into: &sink)
            return
        }
        guard let task = decoder.task(of: record, pid: selection.pid, comm: selection.comm, sink.tables.names) else {
            decoder.pass(record, in: &sink.tables)
            return
        }
        // A task that changes its name may do so with locks held, of which the sink then knows half.
        if let before = isChosen.updateValue(task.isChosen, forKey: task.tid), before != task.isChosen {
            sink.consume(LockEvent(.lost, task: TaskID(rawValue: UInt64(task.tid)), lock: .none))
        }
        if task.isChosen { decoder.decode(record, into: &sink) } else { decoder.pass(record, in: &sink.tables) }
    }

    private mutating func play(_ decision: NamingDecision, into sink: inout some LockEventSink & ~Copyable) {
        switch decision {
        case .time(let time): sink.advance(to: time)
        case .distrust(let epoch):
            decoder.trustedEpoch = epoch
            sink.loseAllStacks()
        case .trust(let epoch): decoder.trustedEpoch = epoch
        case .task(let tid, let comm, let nextSequence):
            decoder.nameTask(tid, sink.tables.names.intern(comm), nextSequence: nextSequence)
        case .test(let name, let time):
            sink.run(name.isEmpty ? .none : sink.tables.names.intern(name), from: time)
        default: decoder.naming.note(decision, in: &sink.tables)
        }
    }
}
