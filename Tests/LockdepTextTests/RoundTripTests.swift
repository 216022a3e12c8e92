// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("Reports printed in lockdep's layout read back as the same reports")
struct RoundTripTests {
    /// Line numbers are the one thing that a report read back may change.
    static func expectRoundTrip(_ splat: Splat, _ source: Comment) throws {
        guard let text = SplatWriter.text(splat) else {
            #expect(splat.kind != .circular && splat.kind != .recursive, source)
            return
        }
        let (again, notes) = SplatReader.read(text)
        #expect(notes.isEmpty, source)
        var copy = try #require(again.count == 1 ? again.first : nil, source)
        copy.lines = splat.lines
        #expect(copy == splat, source)
    }

    @Test("The collection") func collection() throws {
        SplatCollection.note
        for row in SplatCollection.rows {
            for splat in SplatReader.read(try #require(try SplatCollection.text(row.file))).splats {
                try Self.expectRoundTrip(splat, "\(row.file)")
            }
        }
        if let seed = SplatCollection.seed {
            for splat in SplatReader.read(seed).splats { try Self.expectRoundTrip(splat, "the seed") }
        }
    }
}
