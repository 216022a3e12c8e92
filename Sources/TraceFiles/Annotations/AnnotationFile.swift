// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
public import LockGraph

/// Learned annotations as a file of JSON lines: an `annotations` record, then an `annotation` for each situation.
///
///     {"record":"annotations","version":1,"kernel":"6.12.117"}
///     {"record":"annotation","function":"lock_two_directories","class":"&type->i_mutex_dir_key","type":"rwsem",
///      "origin":"ext4_fs_type","validated":true,"under":[1],"subclass":5,"nest":"","count":12}
///
/// Members that are not known are passed over, and records too.
extension LearnedAnnotations {
    /// The format's version. Readers refuse newer ones.
    public static let version = 1

    private static let advice = "annotations are what livedep learn writes"

    /// Reads a file, `.gz` or not; `-` is standard input.
    public init(reading name: String) throws(FileError) {
        self.init()
        var lines = try LineReader(name)
        var isIntroduced = false
        while let line = try lines.next() {
            if line.range.isEmpty, !line.isTooLong { continue }
            do throws(JSONError) {
                if line.isTooLong { throw JSONError("a line of over \(LineReader.lineLimit) bytes", column: 1) }
                let json = JSONReader(lines.bytes, in: line.range)
                switch try GraphLine.recordName(of: json) {
                case "annotations":
                    kernel = try Self.introduction(json)
                    isIntroduced = true
                case "annotation" where isIntroduced:
                    let (entry, count) = try Self.entry(json)
                    entries[entry, default: 0] += count
                case _ where isIntroduced: continue
                default: throw JSONError("no annotations", column: 1)
                }
            } catch {
                throw FileError(name, line: line.number, "\(error)", advice: Self.advice)
            }
        }
        if !isIntroduced { throw FileError(name, "is empty", advice: Self.advice) }
        if lines.isCutOff { throw FileError(name, "is cut off", advice: Self.advice) }
    }

    /// Writes a file, `.gz` by its name; `-` is standard output. Sorted, so that two runs can be compared by line.
    public func write(to name: String) throws(FileError) {
        var file = try OutputFile(name, isWhole: true)
        var json = JSONWriter()
        json.beginObject()
        json.field("record", "annotations")
        json.field("version", Self.version)
        json.field("kernel", kernel)
        json.endObject()
        json.endLine()
        for (entry, count) in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
            Self.write(entry, count, to: &json)
        }
        try file.write(json.bytes)
        try file.finish()
    }

    private static func write(_ entry: Entry, _ count: Int, to json: inout JSONWriter) {
        json.beginObject()
        json.field("record", "annotation")
        json.field("function", entry.function)
        json.field("class", entry.lockClass.name)
        json.field("type", entry.lockClass.type.name)
        json.field("origin", entry.lockClass.origin)
        json.field("validated", entry.lockClass.isValidated)
        json.key("under")
        json.beginArray()
        for subclass in entry.under { json.value(subclass) }
        json.endArray()
        json.field("subclass", entry.subclass)
        json.field("nest", entry.nest)
        json.field("count", count)
        json.endObject()
        json.endLine()
    }

    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        if left.function != right.function { return left.function < right.function }
        if left.lockClass.name != right.lockClass.name { return left.lockClass.name < right.lockClass.name }
        if left.lockClass.origin != right.lockClass.origin { return left.lockClass.origin < right.lockClass.origin }
        if left.lockClass.type != right.lockClass.type { return left.lockClass.type.name < right.lockClass.type.name }
        if left.under != right.under { return left.under.lexicographicallyPrecedes(right.under) }
        return (left.subclass, left.nest) < (right.subclass, right.nest)
    }

    // MARK: Reading

    private static func introduction(_ json: JSONReader) throws(JSONError) -> String {
        var json = json
        var kernel = ""
        try json.object { key, json throws(JSONError) in
            switch key {
            case "kernel": kernel = try json.string()
            case "version":
                let version: Int = try json.integer()
                if version > Self.version {
                    throw json.error("format \(version) is newer than this livedep's \(Self.version)")
                }
            default: try json.skip()
            }
        }
        return kernel
    }

    private static func entry(_ json: JSONReader) throws(JSONError) -> (Entry, Int) {
        var json = json
        var entry = Entry(function: "", lockClass: LockClass(name: "", type: .mutex, naming: "annotation"))
        var count = 1
        try json.object { key, json throws(JSONError) in
            switch key {
            case "function": entry.function = try json.string()
            case "class": entry.lockClass.name = try json.string()
            case "type": entry.lockClass.type = try json.name { LockType(name: $0) }
            case "origin": entry.lockClass.origin = try json.string()
            case "validated": entry.lockClass.isValidated = try json.boolean()
            case "under":
                try json.array { json throws(JSONError) in entry.under.append(try json.integer(UInt8.self)) }
            case "subclass": entry.subclass = try json.integer(UInt8.self)
            case "nest": entry.nest = try json.string()
            case "count": count = max(try json.integer(), 1)
            default: try json.skip()
            }
        }
        if entry.function.isEmpty || entry.lockClass.name.isEmpty {
            throw JSONError("an annotation without 'function' or 'class'", column: 1)
        }
        // lockdep has eight subclasses (include/linux/lockdep_types.h, MAX_LOCKDEP_SUBCLASSES).
        if entry.subclass > 7 || entry.under.contains(where: { $0 > 7 }) {
            throw JSONError("a subclass above 7", column: 1)
        }
        return (entry, count)
    }
}
