// SPDX-License-Identifier: Apache-2.0

import JSONLines
import LockEvents
import LockGraph

extension GraphSnapshot {
    /// Writes the whole graph to a file, `.gz` by its name; `-` is standard output.
    ///
    /// Records are sorted, so that equal graphs give equal bytes. An older file is replaced only when all is written.
    public func write(to name: String) throws(FileError) {
        var file = try OutputFile(name, isWhole: true)
        var json = JSONWriter()
        try writeLines(to: &json) { json throws(FileError) in
            if json.bytes.count < 1 << 16 { return }
            try file.write(json.bytes)
            json.removeAll()
        }
        try file.write(json.bytes)
        try file.finish()
    }

    /// The whole graph as the lines of a file.
    public var text: String {
        var json = JSONWriter()
        writeLines(to: &json) { _ in }
        return json.text
    }

    private func writeLines<Failure>(
        to json: inout JSONWriter,
        between: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let order = runs.indices.sorted { runs[$0].id < runs[$1].id }
        var rank = [Int](repeating: 0, count: runs.count)
        for (place, run) in order.enumerated() { rank[run] = place }
        for run in order { Self.write(runs[run], to: &json) }
        let classRank = classRanks()
        let sortedClasses = classes.sorted {
            (rank[$0.run], classRank[Int($0.id.rawValue)]) < (rank[$1.run], classRank[Int($1.id.rawValue)])
        }
        for entry in sortedClasses {
            var lockClass = tables.classes[entry.id]
            lockClass.naming = entry.naming
            lockClass.certainty = entry.certainty
            lockClass.isValidated = entry.isValidated
            Self.write(lockClass, run: runs[entry.run], to: &json)
            try between(&json)
        }
        let keys = dependencies.indices.map { index in
            sortKey(dependencies[index], rank: rank, classRank: classRank)
        }
        for index in dependencies.indices.sorted(by: { keys[$0].lexicographicallyPrecedes(keys[$1]) }) {
            let entry = dependencies[index]
            Self.write(entry.dependency, run: runs[entry.run], tables: tables, to: &json)
            try between(&json)
        }
        let sortedFindings = findings.sorted {
            (rank[$0.run], $0.finding.signature.rawValue, $0.finding.kind.rawValue)
                < (rank[$1.run], $1.finding.signature.rawValue, $1.finding.kind.rawValue)
        }
        for entry in sortedFindings {
            Self.write(entry.finding, keys: entry.keys, run: runs[entry.run], to: &json)
            try between(&json)
        }
        let sortedTimes = times.sorted { left, right in
            if left.run != right.run { return rank[left.run] < rank[right.run] }
            return Self.place(left.times, classRank) < Self.place(right.times, classRank)
        }
        for entry in sortedTimes {
            Self.write(entry.times, run: runs[entry.run], tables: tables, to: &json)
            try between(&json)
        }
        for run in order {
            if let summary = summaries[run] { Self.write(summary, run: runs[run], to: &json) }
        }
    }

    private func sortKey(_ entry: Entry, rank: [Int], classRank: [Int]) -> [Int] {
        let dependency = entry.dependency
        return [
            rank[entry.run], classRank[Int(dependency.from.lockClass.rawValue)], dependency.from.printedSubclass,
            classRank[Int(dependency.to.lockClass.rawValue)], dependency.to.printedSubclass,
            Int(dependency.fromMode.rawValue), Int(dependency.toMode.rawValue),
        ]
    }

    /// For each class its place by name, type and origin.
    func classRanks() -> [Int] {
        let ids = (0..<tables.classes.count).map { LockClassID(rawValue: UInt32($0)) }
        let sorted = ids.sorted { left, right in
            let (left, right) = (tables.classes[left], tables.classes[right])
            return (left.name, left.type.rawValue, left.origin) < (right.name, right.type.rawValue, right.origin)
        }
        var rank = [Int](repeating: 0, count: ids.count)
        for (place, id) in sorted.enumerated() { rank[Int(id.rawValue)] = place }
        return rank
    }
}
