// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Perfetto trace read back field by field, with the names resolved.
struct PerfettoReader {
    /// What a track shows, innermost last in `path`.
    struct Slice: Equatable, CustomStringConvertible {
        var track: String
        var path: [String]
        var begin: UInt64
        var end: UInt64?

        var description: String { "\(track): \(path.joined(separator: " > ")) \(begin)..\(end.map(String.init) ?? "")" }
    }

    private(set) var slices: [Slice] = []
    /// Marks: track, text and time.
    private(set) var instants: [(track: String, name: String, time: UInt64)] = []
    /// Arrows: the events that begin and end each.
    private(set) var arrows: [UInt64: (from: String, to: String)] = [:]
    /// What a trace processor would complain about.
    private(set) var complaints: [String] = []

    private enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    init(_ file: URL) throws {
        var tracks: [UInt64: String] = [:]
        var names: [UInt64: String] = [:]
        var events: [(time: UInt64, fields: [(Int, Value)])] = []
        for case (1, .bytes(let packet)) in Self.fields([UInt8](try Data(contentsOf: file))[...]) {
            var time: UInt64 = 0
            for field in Self.fields(packet) {
                switch field {
                case (8, .number(let stamp)): time = stamp
                case (11, .bytes(let event)): events.append((time, Self.fields(event)))
                case (12, .bytes(let interned)):
                    for case (2, .bytes(let entry)) in Self.fields(interned) {
                        names[Self.number(1, entry)] = Self.text(2, entry)
                    }
                case (60, .bytes(let track)): tracks[Self.number(1, track)] = Self.text(2, track)
                default: break
                }
            }
        }
        // As the trace processor does: by time, and in the file's order where times are equal.
        let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
        var open: [UInt64: [Int]] = [:]
        for (time, fields) in order.map({ events[$0] }) { read(fields, time, tracks, names, &open) }
    }

    private mutating func read(
        _ fields: [(Int, Value)],
        _ time: UInt64,
        _ tracks: [UInt64: String],
        _ names: [UInt64: String],
        _ open: inout [UInt64: [Int]]
    ) {
        var (type, track, name) = (UInt64(0), UInt64(0), "")
        for case (let field, .number(let value)) in fields {
            if field == 9 { type = value }
            if field == 11 { track = value }
            if field == 10 { name = names[value] ?? "name \(value) is not interned" }
        }
        let title = tracks[track] ?? "track \(track) is not described"
        for case (let field, .number(let flow)) in fields where field == 47 || field == 48 {
            if field == 47 {
                arrows[flow] = (name, "")
            } else if arrows[flow] == nil {
                complaints.append("arrow \(flow) ends before it begins")
            } else {
                arrows[flow]?.to = name
            }
        }
        switch type {
        case 1:
            let path = (open[track] ?? []).flatMap { slices[$0].path.suffix(1) } + [name]
            open[track, default: []].append(slices.count)
            slices.append(Slice(track: title, path: path, begin: time, end: nil))
        case 2:
            guard let index = open[track]?.popLast() else {
                complaints.append("\(title): an end without a beginning at \(time)")
                return
            }
            slices[index].end = time
        case 3: instants.append((title, name, time))
        default: break
        }
    }

    private static func number(_ wanted: Int, _ bytes: ArraySlice<UInt8>) -> UInt64 {
        for case (wanted, .number(let value)) in fields(bytes) { return value }
        return 0
    }

    private static func text(_ wanted: Int, _ bytes: ArraySlice<UInt8>) -> String {
        for case (wanted, .bytes(let value)) in fields(bytes) { return String(decoding: value, as: UTF8.self) }
        return ""
    }

    private static func fields(_ bytes: ArraySlice<UInt8>) -> [(Int, Value)] {
        var fields: [(Int, Value)] = []
        var position = bytes.startIndex
        func varint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
        }
        while position < bytes.endIndex {
            let tag = varint()
            switch tag & 7 {
            case 0: fields.append((Int(tag >> 3), .number(varint())))
            case 1:
                let word = bytes[position..<(position + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                fields.append((Int(tag >> 3), .number(word)))
                position += 8
            default:
                let length = Int(varint())
                fields.append((Int(tag >> 3), .bytes(bytes[position..<(position + length)])))
                position += length
            }
        }
        return fields
    }
}
