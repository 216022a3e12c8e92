// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
import LockGraph

extension GraphSnapshot {
    /// Reads a graph file, `.gz` or not; `-` is standard input.
    ///
    /// A file cut off by a crash is read up to its last whole line. A line that was cut off in the middle, where files were
    /// put one after the other, is passed over and counted in ``damagedLines``; what follows it on the same line is read.
    public init(reading name: String) throws(FileError) {
        self.init()
        try read(name)
    }

    /// Adds what a graph file has to this graph: the union of both.
    public mutating func read(_ name: String) throws(FileError) {
        var lines = try LineReader(name)
        var tally = Tally(file: name)
        while let line = try lines.next() {
            let range = Self.trimmed(line.range, of: lines.bytes)
            if range.isEmpty && !line.isTooLong { continue }
            tally.lines += 1
            if !line.isTooLong, try take(JSONReader(lines.bytes, in: range), line.number, &tally) { continue }
            damagedLines += 1
            if tally.firstDamaged == nil { tally.firstDamaged = line.number }
            // A line that is cut off may have another file's first line behind it.
            if !line.isTooLong, let rest = Self.lastRecord(in: range, of: lines.bytes) {
                _ = try take(JSONReader(lines.bytes, in: rest), line.number, &tally)
            }
            if tally.records == 0 && tally.lines >= 20 { break }
        }
        if lines.isCutOff { damagedLines += 1 }
        guard tally.records > 0 else {
            let reason = tally.lines == 0 ? "is empty" : "is no graph file"
            throw FileError(name, line: tally.firstDamaged, reason, advice: Self.advice)
        }
    }

    private static let advice = "graph files are what watch and replay write with --graph, and import with -o"

    private struct Tally {
        var file: String
        var lines = 0
        var records = 0
        var firstDamaged: Int?
    }

    /// Takes a line; false if it is not JSON.
    private mutating func take(_ json: JSONReader, _ number: Int, _ tally: inout Tally) throws(FileError) -> Bool {
        var name = json.firstMember(named: "record")
        if name == nil {
            do { name = try GraphLine.recordName(of: json) } catch { return false }
        }
        guard let name else {
            throw FileError(
                tally.file,
                line: number,
                "a line without 'record' is none of a graph file",
                advice: Self.advice
            )
        }
        // Kinds of records that later versions may add are no error.
        guard let kind = GraphLine.Kind(rawValue: name) else {
            guard (try? GraphLine.recordName(of: json)) != nil else { return false }
            tally.records += 1
            return true
        }
        do {
            let line = try GraphLine(kind, json, tables: &tables)
            try insert(line)
        } catch {
            // A damaged line is passed over, a whole one with wrong values is not.
            guard (try? GraphLine.recordName(of: json)) != nil else { return false }
            throw FileError(tally.file, line: number, error.description)
        }
        tally.records += 1
        return true
    }

    private mutating func insert(_ line: GraphLine) throws(JSONError) {
        if line.version > GraphRun.version {
            throw JSONError("format \(line.version) is newer than this livedep's \(GraphRun.version)", column: 1)
        }
        switch line.kind {
        case .run: insert(line.run)
        case .class: insert(line.lockClass, run: run(of: line))
        case .dependency:
            var dependency = line.dependency
            dependency.from = node(line.from)
            dependency.to = node(line.to)
            insert(dependency, run: run(of: line))
        case .finding: insert(line.finding, keys: line.keys, run: run(of: line))
        case .times:
            let entry = LockTimes.Entry(
                lockClass: node(line.times.key).lockClass,
                kind: line.times.kind,
                mode: line.times.mode,
                durations: line.times.durations
            )
            insert(entry, run: run(of: line))
        case .summary: insert(line.summary, run: run(of: line))
        }
    }

    /// The run that a record belongs to; its own record may have been lost.
    private mutating func run(of line: GraphLine) -> Int {
        if let known = runIndex[line.runID] { return known }
        return insert(line.run)
    }

    private mutating func node(_ key: Baseline.ClassKey) -> LockNode {
        let lockClass = LockClass(name: key.name, type: key.type, origin: key.origin, naming: "")
        return Self.node(tables.classes.intern(lockClass), printedSubclass: key.subclass)
    }

    private static func trimmed(_ range: Range<Int>, of bytes: [UInt8]) -> Range<Int> {
        var range = range
        while let last = range.last, bytes[last] <= 0x20 { range = range.lowerBound..<last }
        while let first = range.first, bytes[first] <= 0x20 { range = first + 1..<range.upperBound }
        return range
    }

    /// From the last `{"record":` of a line on that is not its beginning.
    private static func lastRecord(in range: Range<Int>, of bytes: [UInt8]) -> Range<Int>? {
        let mark = Array("{\"record\":".utf8)
        var index = range.upperBound - mark.count
        while index > range.lowerBound {
            if bytes[index] == mark[0], bytes[index..<index + mark.count].elementsEqual(mark) {
                return index..<range.upperBound
            }
            index -= 1
        }
        return nil
    }
}
