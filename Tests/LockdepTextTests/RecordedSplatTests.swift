// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("Reports recorded in a guest, every kind, in every layout of logs and mails")
struct RecordedSplatTests {
    static let kinds: [(name: String, kind: Splat.Kind)] = [
        ("circular", .circular), ("sync", .circular), ("reader", .circular), ("recursive", .recursive),
        ("unlock", .unlockBalance), ("freed", .heldLockFreed), ("nest", .nestLockNotTaken), ("user", .returnToUser),
        ("kthread", .stillHeld), ("state", .inconsistentState), ("inversion", .irqInversion), ("order", .irqOrder),
        ("context", .waitContext), ("rcu", .suspiciousRCU),
    ]

    static func read(_ name: String) throws -> Splat {
        let (splats, notes) = SplatReader.read(try Fixtures.text("recorded-\(name).txt"))
        #expect(notes.isEmpty)
        return try #require(splats.count == 1 ? splats.first : nil)
    }

    @Test("Every kind is read whole", arguments: kinds) func kind(name: String, kind: Splat.Kind) throws {
        let splat = try Self.read(name)
        #expect(splat.kind == kind)
        #expect(splat.kernel == "6.12.117")
        #expect(splat.build == "#1")
        #expect(splat.missing == [])
        #expect(splat.task?.comm == (name == "kthread" ? "splat/0" : "insmod"))
        #expect(splat.heldCount == splat.heldLocks.count)
        try RoundTripTests.expectRoundTrip(splat, "\(name)")
    }

    @Test("Every layout gives the same report", arguments: Layout.all) func layout(layout: Layout) throws {
        for (name, _) in Self.kinds {
            let plain = try Self.read(name)
            let text = layout.apply(try Fixtures.recorded(name))
            let (splats, notes) = SplatReader.read(text)
            let splat = try #require(splats.count == 1 ? splats.first : nil, "\(name): \(splats.count) reports")
            Self.expectSame(splat, plain, name)
            #expect(!notes.contains { $0.severity == .warning }, "\(name): \(notes)")
            if !layout.hasForeignLines { #expect(notes.isEmpty, "\(name): \(notes)") }
        }
    }

    @Test("Every layout of every file of the collection gives the same report", arguments: Layout.all)
    func collection(layout: Layout) throws {
        SplatCollection.note
        for row in SplatCollection.rows {
            let file = try #require(try SplatCollection.text(row.file))
            let original = try #require(SplatReader.read(file).splats.first)
            guard let text = SplatWriter.text(original) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
            let splats = SplatReader.read(layout.apply(lines)).splats
            let splat = try #require(splats.count == 1 ? splats.first : nil, "\(row.file)")
            Self.expectSame(splat, original, row.file)
        }
    }

    static func expectSame(_ splat: Splat, _ other: Splat, _ name: String) {
        var copy = splat
        copy.lines = other.lines
        if copy == other { return }
        // One part at a time, for a readable failure.
        let source = Comment(rawValue: name)
        #expect(copy.kind == other.kind, source)
        #expect(copy.kernel == other.kernel && copy.build == other.build, source)
        #expect(copy.taint == other.taint, source)
        #expect(copy.task == other.task, source)
        #expect(copy.wanted == other.wanted, source)
        #expect(copy.held == other.held, source)
        #expect(copy.chain.map(\.lock) == other.chain.map(\.lock), source)
        for (link, same) in zip(copy.chain, other.chain) { #expect(link.stack == same.stack, source) }
        #expect(copy.chainSummary == other.chainSummary, source)
        #expect(copy.scenario == other.scenario, source)
        #expect(copy.heldLocks == other.heldLocks && copy.heldCount == other.heldCount, source)
        #expect(copy.backtrace == other.backtrace, source)
        #expect(copy.usages == other.usages, source)
        #expect(copy.detail == other.detail, source)
        #expect(copy.missing == other.missing, source)
    }

    @Test("A chain's dependencies run forwards, each with its own stack, the closing one last") func order() throws {
        let splat = try Self.read("circular")
        #expect(
            splat.chain.map { "#\($0.index) \($0.lock.lockClass.printedName)" } == [
                "#2 third", "#1 second", "#0 first",
            ]
        )
        let told = splat.dependencies.map {
            "\($0.from.name) -> \($0.to.name)\($0.toRead ? " (R)" : "") in \($0.site?.function ?? "?")"
        }
        #expect(
            told == [
                "first -> second in first_then_second", "second -> third (R) in second_then_third",
                "third -> first in third_then_first",
            ]
        )
        #expect(splat.dependencies.map(\.isClosing) == [false, false, true])
        #expect(splat.dependencies.last?.heldSite?.function == "third_then_first")
        #expect(splat.type(of: SplatClass(printedName: "third")) == .rwsem)
        #expect(splat.type(of: SplatClass(printedName: "first")) == .mutex)
    }

    @Test("Readers and syncs of SRCU") func readers() throws {
        #expect(try Self.read("reader").scenario.map(\.action) == [.read, .lock, .lock, .lock])
        #expect(try Self.read("reader").dependencies.last?.fromRead == true)
        #expect(try Self.read("sync").scenario.map(\.action) == [.lock, .lock, .lock, .sync])
    }

    @Test("The kinds without a chain") func others() throws {
        let recursive = try Self.read("recursive")
        #expect(recursive.wanted?.lockClass == recursive.held?.lockClass)
        #expect(recursive.wanted?.address != recursive.held?.address)
        #expect(recursive.dependencies.map { $0.site?.function } == ["recursive"])
        #expect(try Self.read("unlock").wanted?.lockClass.printedName == "first")
        #expect(try Self.read("nest").detail == "first")
        #expect(try Self.read("nest").wanted?.lockClass.printedName == "second")
        #expect(try Self.read("freed").wanted?.site?.function == "free_what_is_held")
        #expect(try Self.read("kthread").heldLocks.map(\.lockClass.printedName) == ["first"])
        #expect(try Self.read("state").detail == "{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}")
        #expect(try Self.read("context").detail == "context-{4:4}")
        #expect(try Self.read("rcu").detail?.hasSuffix("suspicious rcu_dereference_check() usage") == true)
    }

    @Test("The kinds about interrupts tell a dependency") func interrupts() throws {
        let inversion = try Self.read("inversion").dependencies
        #expect(
            inversion.map { "\($0.from.name) -> \($0.to.name) in \($0.site?.function ?? "?")" } == [
                "outer -> inner in outer_then_inner"
            ]
        )
        let order = try Self.read("order").dependencies
        #expect(
            order.map { "\($0.from.name) -> \($0.to.name) in \($0.site?.function ?? "?")" } == [
                "outer -> inner in outer_then_inner"
            ]
        )
    }

    @Test("Several reports in one log, with other lines around them") func several() throws {
        let log = try Self.kinds.map { "[    1.0] boot\n" + (try Fixtures.text("recorded-\($0.name).txt")) }.joined()
        let (splats, notes) = SplatReader.read(log)
        #expect(splats.map(\.kind) == Self.kinds.map(\.kind))
        #expect(splats.allSatisfy { $0.missing.isEmpty })
        #expect(!notes.contains { $0.severity == .warning })
        for (one, next) in zip(splats, splats.dropFirst()) { #expect(one.lines.upperBound < next.lines.lowerBound) }
        let lines = log.split(separator: "\n", omittingEmptySubsequences: false)
        for splat in splats {
            let banner = lines[splat.lines.lowerBound - 1]
            #expect(banner.contains("WARNING: ") || banner.contains("BUG: "))
        }
    }

    @Test("Messages that the kernel says it lost are named") func lost() throws {
        var lines = try Fixtures.recorded("circular")
        let place = try #require(lines.firstIndex { $0.contains("-> #1") })
        lines.insert("** 12 printk messages dropped **", at: place)
        lines.append("Lost 33 message(s)!")
        let (splats, notes) = SplatReader.read(lines.joined(separator: "\n"))
        #expect(splats.count == 1)
        #expect(notes.map(\.description) == ["line \(place + 1): the kernel says that it lost messages here"])
    }

    @Test("Chunks may be cut anywhere") func chunks() throws {
        let bytes = Array(try Fixtures.text("recorded-circular.txt").utf8)
        let whole = try Self.read("circular")
        for size in [1, 7, 64, 1000] {
            var reader = SplatReader()
            for start in stride(from: 0, to: bytes.count, by: size) {
                reader.read(Array(bytes[start..<min(start + size, bytes.count)]).span)
            }
            reader.finish()
            #expect(reader.takeSplats() == [whole], "chunks of \(size)")
            #expect(reader.takeSplats().isEmpty)
        }
    }
}
