// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The collection of public reports that stays outside the repository, and its index, read by eye.
enum SplatCollection {
    /// One row of the index.
    struct Row {
        var file: String
        var kind: String
        /// `#N .. #0`: number, class name, usage, wait type, as printed.
        var chain: [Link]
    }

    struct Link: Equatable, CustomStringConvertible {
        var index: Int
        var name: String
        var marks: String
        var description: String { "#\(index) \(name) \(marks)" }
    }

    static let folder: URL? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["LIVEDEP_SPLATS"].map { URL(fileURLWithPath: $0) }
        return exists(named ?? root.appendingPathComponent("../shared/splats").standardizedFileURL)
    }()

    static let seed: String? = {
        guard let folder else { return nil }
        let seeds = folder.deletingLastPathComponent().appendingPathComponent("seed")
        let file = seeds.appendingPathComponent("rcu_barrier-within-mmap_sem.txt")
        return (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) }
    }()

    /// Says once, in the tests' output, that the collection is not there.
    static let note: Void = {
        if folder == nil {
            print("No splat collection (LIVEDEP_SPLATS or ../shared/splats): only the project's own fixtures are read.")
        }
    }()

    private static func exists(_ url: URL) -> URL? {
        FileManager.default.fileExists(atPath: url.appendingPathComponent("INDEX.md").path) ? url : nil
    }

    static func text(_ file: String) throws -> String? {
        guard let folder else { return nil }
        return String(decoding: try Data(contentsOf: folder.appendingPathComponent(file)), as: UTF8.self)
    }

    /// The rows of the index; empty without the collection.
    static let rows: [Row] = {
        guard let folder, let data = try? Data(contentsOf: folder.appendingPathComponent("INDEX.md")) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap(row)
    }()

    private static func row(_ line: Substring) -> Row? {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count >= 4, cells[0].hasSuffix(".txt") else { return nil }
        return Row(file: cells[0], kind: cells[1], chain: links(cells[3]))
    }

    /// `#1 reg_mutex {+.+.+.}; #0 cfg80211_mutex {+.+.+.}. kworker/0:2/1391 wants ...`
    private static func links(_ cell: String) -> [Link] {
        guard cell.hasPrefix("#") else { return [] }
        var links: [Link] = []
        for part in cell.components(separatedBy: "; ") {
            guard let space = part.firstIndex(of: " "), let index = Int(part[..<space].dropFirst()) else { break }
            guard let brace = part.range(of: " {") else { break }
            let name = String(part[part.index(after: space)..<brace.lowerBound])
            let marks = part[part.index(after: brace.lowerBound)...].prefix { $0 != " " && $0 != ";" }
            // The last link ends the sentence.
            links.append(
                Link(index: index, name: name, marks: marks.hasSuffix("}.") ? String(marks.dropLast()) : String(marks))
            )
        }
        return links
    }
}
