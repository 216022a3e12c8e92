// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The project's own fixtures: see Fixtures/README.md.
enum Fixtures {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    static func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    /// The lines of a report recorded with `dmesg -r`, without level and time.
    static func recorded(_ kind: String) throws -> [String] {
        try text("recorded-\(kind).txt").split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            line in
            line.range(of: "] ").map { String(line[$0.upperBound...]) } ?? ""
        }
    }

    /// Unpacks a fixture with gzip, which every machine that runs these tests has.
    static func unpacked(_ name: String) throws -> [UInt8] {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", folder.appendingPathComponent(name).path]
        let pipe = Pipe()
        gzip.standardOutput = pipe
        try gzip.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        return Array(data)
    }
}
