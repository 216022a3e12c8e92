// SPDX-License-Identifier: Apache-2.0

/// Packets of a Perfetto trace (protos/perfetto/trace of google/perfetto; the numbers below are its field numbers).
///
/// One sequence of packets, with interned names. Time stamps are nanoseconds of the events' clock, which the trace takes for
/// its own. Failures of the file are kept and thrown by ``finish()``.
struct PerfettoWriter: ~Copyable {
    /// A track by its number; 0 is none.
    typealias Track = UInt64

    /// What a value beside an event is called: the number is that of the interned name.
    enum Label: UInt64, CaseIterable {
        case mode = 1
        case site, kind, grade, signature, lock, waiters, note

        var text: String { self == .waiters ? "waited by" : "\(self)" }
    }

    /// What an event is of, to be filtered by.
    enum Category: UInt64, CaseIterable {
        case held = 1
        case wait, dependency, finding, loss, test
    }

    /// A value that is shown beside an event.
    enum Annotation {
        case text(Label, String)
        /// A string that comes again and again, by its number.
        case interned(Label, UInt64)
    }

    private var buffer = ProtobufBuffer()
    private var file: OutputFile
    private var failure: FileError?
    private var nextTrack: Track = 1
    private var interned = Interned()
    private(set) var packets = 0
    private(set) var bytesWritten = 0

    init(_ name: String) throws(FileError) {
        var opened = try OutputFile(name, isWhole: true)
        // The sequence begins here: nothing interned before counts.
        var first = ProtobufBuffer()
        first.message(Field.packet) { packet in
            packet.field(Field.sequence, 1)
            packet.field(Field.sequenceFlags, Flag.cleared)
            packet.field(Field.firstOnSequence, 1)
        }
        first.message(Field.packet) { packet in
            packet.field(Field.sequence, 1)
            packet.field(Field.sequenceFlags, Flag.needsState)
            packet.message(Field.internedData) { data in
                for category in Category.allCases {
                    Self.write(category.rawValue, "\(category)", as: Field.internedCategories, to: &data)
                }
                for label in Label.allCases {
                    Self.write(label.rawValue, label.text, as: Field.internedLabels, to: &data)
                }
            }
        }
        try opened.write(first.contents)
        file = opened
    }

    // MARK: Names

    private struct Interned {
        var names: [String: UInt64] = [:]
        var values: [String: UInt64] = [:]
    }

    /// The number of an event's name.
    mutating func name(_ text: String) -> UInt64 { intern(text, in: \.names, Field.internedNames) }

    /// The number of a string that annotations show often.
    mutating func value(_ text: String) -> UInt64 { intern(text, in: \.values, Field.internedValues) }

    private mutating func intern(
        _ text: String,
        in table: WritableKeyPath<Interned, [String: UInt64]>,
        _ field: Int
    ) -> UInt64 {
        if let number = interned[keyPath: table][text] { return number }
        let number = UInt64(interned[keyPath: table].count + 1)
        interned[keyPath: table][text] = number
        packet(at: nil) { packet in
            packet.message(Field.internedData) { data in
                Self.write(number, text, as: field, to: &data)
            }
        }
        return number
    }

    private static func write(_ number: UInt64, _ text: String, as field: Int, to data: inout ProtobufBuffer) {
        data.message(field) { entry in
            entry.field(1, number)
            entry.field(2, text)
        }
    }

    // MARK: Tracks

    /// Makes a track.
    mutating func track(_ name: String, parent: Track = 0) -> Track {
        let track = nextTrack
        nextTrack += 1
        rename(track, name, parent: parent)
        return track
    }

    /// Gives a track another name; the last one counts.
    mutating func rename(_ track: Track, _ name: String, parent: Track = 0) {
        packet(at: nil) { packet in
            packet.message(Field.trackDescriptor) { descriptor in
                descriptor.field(1, track)
                descriptor.field(2, name)
                if parent != 0 { descriptor.field(5, parent) }
            }
        }
    }

    /// Makes a track of numbers.
    mutating func counter(_ name: String) -> Track {
        let track = nextTrack
        nextTrack += 1
        packet(at: nil) { packet in
            packet.message(Field.trackDescriptor) { descriptor in
                descriptor.field(1, track)
                descriptor.field(2, name)
                // Its presence is what makes the track one of numbers.
                descriptor.message(8) { $0.field(3, 2) }
            }
        }
        return track
    }

    // MARK: Events

    /// Begins a slice of a lock: the usual annotations by the numbers of their strings, and others.
    mutating func begin(
        _ track: Track,
        at time: UInt64,
        name: UInt64,
        category: Category,
        lock: UInt64,
        mode: UInt64,
        site: UInt64?,
        _ others: [Annotation] = [],
        flowsIn: [UInt64] = []
    ) {
        // Numbers alone are short: at most 80 bytes.
        let isShort = others.isEmpty && flowsIn.isEmpty
        let marks = beginEvent(1, track, at: time, name: name, category: category, isShort: isShort)
        annotate(.lock, 7, lock)
        annotate(.mode, 17, mode)
        if let site { annotate(.site, 17, site) }
        for annotation in others { annotate(annotation) }
        endEvent(marks, flowsOut: [], flowsIn: flowsIn)
    }

    /// Begins a slice that says no more than its name.
    mutating func begin(_ track: Track, at time: UInt64, name: UInt64, category: Category) {
        event(1, track, at: time, name: name, category: category, [], flowsOut: [], flowsIn: [])
    }

    /// Ends the innermost slice of a track.
    mutating func end(_ track: Track, at time: UInt64) {
        packets += 1
        let packet = beginPacket(at: time, isShort: true)
        let event = buffer.begin(Field.trackEvent, isShort: true)
        buffer.field(Field.type, 2)
        buffer.field(Field.track, track)
        buffer.end(event)
        buffer.end(packet)
        flushIfLarge()
    }

    /// Something without a duration.
    mutating func instant(
        _ track: Track,
        at time: UInt64,
        name: UInt64,
        category: Category,
        _ annotations: [Annotation] = [],
        flowsOut: [UInt64] = [],
        flowsIn: [UInt64] = []
    ) {
        event(3, track, at: time, name: name, category: category, annotations, flowsOut: flowsOut, flowsIn: flowsIn)
    }

    /// A counter's value from here on.
    mutating func count(_ track: Track, at time: UInt64, _ value: UInt64) {
        packet(at: time) { packet in
            packet.message(Field.trackEvent) { event in
                event.field(Field.type, 4)
                event.field(Field.track, track)
                event.field(Field.counterValue, value)
            }
        }
    }

    private mutating func event(
        _ type: UInt64,
        _ track: Track,
        at time: UInt64,
        name: UInt64,
        category: Category,
        _ annotations: [Annotation],
        flowsOut: [UInt64],
        flowsIn: [UInt64]
    ) {
        let marks = beginEvent(type, track, at: time, name: name, category: category)
        for annotation in annotations { annotate(annotation) }
        endEvent(marks, flowsOut: flowsOut, flowsIn: flowsIn)
    }

    private mutating func beginEvent(
        _ type: UInt64,
        _ track: Track,
        at time: UInt64,
        name: UInt64,
        category: Category,
        isShort: Bool = false
    ) -> Marks {
        packets += 1
        let packet = beginPacket(at: time, isShort: isShort)
        let event = buffer.begin(Field.trackEvent, isShort: isShort)
        buffer.field(Field.type, type)
        buffer.field(Field.track, track)
        buffer.field(Field.category, category.rawValue)
        buffer.field(Field.name, name)
        return Marks(packet: packet, event: event)
    }

    /// An event that is being written, and the packet around it.
    private struct Marks {
        var packet: ProtobufBuffer.Message
        var event: ProtobufBuffer.Message
    }

    private mutating func endEvent(_ marks: Marks, flowsOut: [UInt64], flowsIn: [UInt64]) {
        for flow in flowsOut { buffer.field(Field.flow, fixed: flow) }
        for flow in flowsIn { buffer.field(Field.flowEnd, fixed: flow) }
        buffer.end(marks.event)
        buffer.end(marks.packet)
        flushIfLarge()
    }

    private mutating func annotate(_ annotation: Annotation) {
        switch annotation {
        case .text(let label, let text):
            let start = buffer.begin(Field.annotation)
            buffer.field(1, label.rawValue)
            buffer.field(6, text)
            buffer.end(start)
        case .interned(let label, let number): annotate(label, 17, number)
        }
    }

    private mutating func annotate(_ label: Label, _ field: Int, _ value: UInt64) {
        let start = buffer.begin(Field.annotation, isShort: true)
        buffer.field(1, label.rawValue)
        buffer.field(field, value)
        buffer.end(start)
    }

    // MARK: Packets

    private mutating func packet(at time: UInt64?, _ body: (inout ProtobufBuffer) -> Void) {
        packets += 1
        let start = beginPacket(at: time)
        body(&buffer)
        buffer.end(start)
        flushIfLarge()
    }

    private mutating func beginPacket(at time: UInt64?, isShort: Bool = false) -> ProtobufBuffer.Message {
        let start = buffer.begin(Field.packet, isShort: isShort)
        if let time { buffer.field(Field.timestamp, time) }
        buffer.field(Field.sequence, 1)
        buffer.field(Field.sequenceFlags, Flag.needsState)
        return start
    }

    private mutating func flushIfLarge() { if buffer.count > 1 << 20 { flush() } }

    private mutating func flush() {
        bytesWritten += buffer.count
        if failure == nil {
            do { try file.write(buffer.contents) } catch { failure = error }
        }
        buffer.removeAll()
    }

    /// Writes out the rest and closes the file.
    mutating func finish() throws(FileError) {
        flush()
        if let failure { throw failure }
        try file.finish()
    }

    private enum Field {
        static let packet = 1
        static let timestamp = 8
        static let sequence = 10
        static let trackEvent = 11
        static let internedData = 12
        static let sequenceFlags = 13
        static let trackDescriptor = 60
        static let firstOnSequence = 87
        // Of a track event.
        static let category = 3
        static let annotation = 4
        static let type = 9
        static let name = 10
        static let track = 11
        static let counterValue = 30
        static let flow = 47
        static let flowEnd = 48
        // Of interned data.
        static let internedCategories = 1
        static let internedNames = 2
        static let internedLabels = 3
        static let internedValues = 29
    }

    private enum Flag {
        static let cleared: UInt64 = 1
        static let needsState: UInt64 = 2
    }
}
