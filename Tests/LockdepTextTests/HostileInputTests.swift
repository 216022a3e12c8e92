// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("Hostile input: one clear diagnostic or a skipped report, never a crash")
struct HostileInputTests {
    /// Of the dull ones 4 MB: without optimisation, looking for the line's end takes its time.
    @Test(
        "100 MB in one line",
        arguments: [("-> ", 100), ("a", 4), ("-> #1 (", 4), ("(((", 4), ("> ", 4), ("[    1.0] ", 4), ("\0", 4)]
    )
    func oneLine(unit: String, megabytes: Int) {
        let chunk = Array(String(repeating: unit, count: (1 << 20) / unit.utf8.count).utf8)
        var reader = SplatReader()
        for _ in 0..<megabytes { reader.read(chunk.span) }
        reader.finish()
        #expect(reader.takeSplats().isEmpty)
        #expect(
            reader.diagnostics.map(\.description) == [
                "line 1: longer than 8192 bytes, passed over, as are others like it"
            ]
        )
    }

    @Test("The line after one that is too long is read") func afterOverlong() {
        let long = String(repeating: "x", count: 20_000)
        let (splats, notes) = SplatReader.read(
            "\(long)\n-> #1 (b){+.+.}:\n\(long)\n f+0x1/0x2\n-> #0 (a){+.+.}:\n g+0x1/0x2\n"
        )
        #expect(splats.map { $0.chain.map(\.lock.lockClass.printedName) } == [["b", "a"]])
        #expect(splats.first?.chain.first?.stack.map(\.function) == ["f"])
        #expect(notes.map(\.line) == [1])
    }

    @Test(
        "Ten thousand lines that begin a report and never go on",
        arguments: [
            "-> #1 (", "-> #1", "-> #0 (a){+.+.}:", "-> (a){+.+.} {",
            "WARNING: possible circular locking dependency detected",
            "a/1 is trying to acquire lock:", "Chain exists of:", " #0: 0123456789 (a", "9 locks held by a/1:",
            "  lock(a", " f+0x1/0x2", "... acquired at:", "{A} state was registered at:", "and 1 is trying to",
        ]
    )
    func repeated(line: String) {
        let start = Array("WARNING: possible circular locking dependency detected\n-> #3 (x){+.+.}:\n".utf8)
        let chunk = Array(String(repeating: line + "\n", count: 1000).utf8)
        var reader = SplatReader()
        reader.read(start.span)
        var most = 0
        for _ in 0..<10 {
            reader.read(chunk.span)
            for splat in reader.takeSplats() {
                most = max(most, splat.chain.count + splat.heldLocks.count + splat.usages.count + splat.scenario.count)
                most = max(most, splat.chain.map(\.stack.count).max() ?? 0, splat.backtrace.count)
            }
        }
        reader.finish()
        #expect(most <= SplatReader.Limits.links + SplatReader.Limits.usages + 2 * SplatReader.Limits.heldLocks)
        #expect(reader.diagnostics.count <= SplatReader.Limits.diagnostics)
    }

    @Test("Control characters in a name: the line is named and passed over, the rest is read") func controls() throws {
        let text = try Fixtures.text("recorded-circular.txt").replacing("-> #1 (second)", with: "-> #1 (sec\u{7}ond)")
        let (splats, notes) = SplatReader.read(text)
        let splat = try #require(splats.first)
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains("\u{7}") }
        #expect(notes.contains { $0.line == line.map { $0 + 1 } && $0.message.contains("control characters") })
        #expect(splat.chain.map(\.index) == [2, 0])
        #expect(splat.missing.contains(.links(1...1)))
        // A dependency over the gap would be made up.
        #expect(splat.dependencies.map { "\($0.from.name) -> \($0.to.name)" } == ["third -> first"])
    }

    @Test("Cut off after any line", arguments: RecordedSplatTests.kinds.map(\.name)) func truncated(name: String) throws
    {
        let lines = try Fixtures.text("recorded-\(name).txt").split(separator: "\n", omittingEmptySubsequences: false)
        var isWhole = false
        for count in lines.indices {
            let (splats, notes) = SplatReader.read(lines[..<count].joined(separator: "\n"))
            #expect(splats.count <= 1)
            if let splat = splats.first {
                isWhole = splat.missing.isEmpty
                #expect(splat.lines.upperBound <= count)
                try RoundTripTests.expectRoundTrip(splat, "\(name), \(count) lines")
            } else if count > 4 {
                #expect(!notes.isEmpty, "\(name), \(count) lines: nothing read and nothing said")
            }
        }
        #expect(isWhole)
    }

    @Test("Bytes changed, taken out and put in at random", arguments: RecordedSplatTests.kinds.map(\.name))
    func mutated(name: String) throws {
        let bytes = Array(try Fixtures.text("recorded-\(name).txt").utf8)
        var random = SplitMix(state: UInt64(bytes.count))
        let spice = Array("(){}[]<>-#:/+.?, 0x\n\u{0}\u{1B}\u{FF}T>".utf8)
        for _ in 0..<60 {
            var copy = bytes
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let place = Int.random(in: 0..<copy.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: copy[place] = spice[Int.random(in: spice.indices, using: &random)]
                case 1: copy.remove(at: place)
                case 2: copy.insert(spice[Int.random(in: spice.indices, using: &random)], at: place)
                default: copy.removeSubrange(place..<min(place + 30, copy.count))
                }
            }
            var reader = SplatReader()
            reader.read(copy.span)
            reader.finish()
            for splat in reader.takeSplats() {
                _ = splat.dependencies
                _ = SplatWriter.text(splat)
            }
        }
    }

    @Test("A banner with nothing after it, as in a mail's subject, is no report") func bannerAlone() {
        let (splats, notes) = SplatReader.read("[ INFO: possible circular locking dependency detected ]\n\nHello,\n")
        #expect(splats.isEmpty)
        #expect(
            notes.map(\.description) == [
                "line 1: a report of possible circular locking dependency with nothing readable after it, skipped"
            ]
        )
        #expect(SplatReader.read("Subject: WARNING: possible recursive locking detected in foo\n").splats.isEmpty)
    }

    @Test(
        "A line that both begins and ends a report",
        arguments: ["BUG: a/1 is trying to acquire lock:", "Kernel panic"]
    )
    func beginningAndEnd(line: String) {
        #expect(SplatReader.read("\(line)\n\(line)\n").splats.isEmpty)
    }

    @Test("/proc files: random bytes and endless chains") func proc() {
        var random = SplitMix(state: 7)
        var reader = LockdepProcReader()
        reader.read(Array("all lock chains:\nirq_context: 0\n".utf8).span)
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        reader.read(noise.span)
        reader.read(Array(String(repeating: "[00000000aaa26a27] a\n", count: 100_000).utf8).span)
        reader.finish()
        #expect(reader.diagnostics.count <= LockdepProcReader.Limits.diagnostics)
        #expect(reader.tables.classes.count <= 2)
    }
}

/// A small generator with a fixed seed, so that a failure can be repeated (Steele, Lea, Flood: SplitMix).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
