// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("/proc/lockdep and /proc/lockdep_chains")
struct LockdepProcTests {
    private static func read(_ text: String) -> LockdepProcReader {
        var reader = LockdepProcReader()
        reader.read(Array(text.utf8).span)
        reader.finish()
        return reader
    }

    private static func named(_ pairs: some Sequence<LockdepProc.Pair>, _ tables: LockdepProc) -> Set<String> {
        Set(
            pairs.map { pair in
                let names = [pair.from, pair.to].map { tables.classes[$0].lockClass.printedName }
                return names.joined(separator: " -> ")
            }
        )
    }

    @Test("Classes with their counts, adjacent dependencies, chains as all held pairs") func small() {
        let reader = Self.read(
            """
            all lock classes:
            00000000aaa26a27 FD:  160 BD:   22 ++++: cpu_hotplug_lock
             -> [000000001f7fc37a] &pipe->mutex#2/1

            000000001f7fc37a OPS:      12 FD:    3 BD:    1 +.+.: &pipe->mutex#2/1

            all lock chains:
            irq_context: 0
            [00000000aaa26a27] cpu_hotplug_lock

            irq_context: 0
            [00000000aaa26a27] cpu_hotplug_lock
            [00000000c0ffee00] (work_completion)(&x->work)
            [000000001f7fc37a] &pipe->mutex#2/1

            irq_context: softirq
            [000000001f7fc37a] &pipe->mutex#2/1
            [00000000aaa26a27] cpu_hotplug_lock


            """
        )
        #expect(reader.diagnostics.isEmpty)
        let tables = reader.tables
        #expect(tables.classes.count == 3)
        #expect(tables.classes[0].forward == 160)
        #expect(tables.classes[0].backward == 22)
        #expect(tables.classes[0].usage == "++++")
        let pipe = tables.classes[1].lockClass
        #expect((pipe.name, pipe.version, pipe.subclass) == ("&pipe->mutex", 2, 1))
        #expect(tables.classes[1].usage == "+.+.")
        #expect(Self.named(tables.adjacent, tables) == ["cpu_hotplug_lock -> &pipe->mutex#2/1"])
        #expect(tables.chainCount == 3)
        #expect(
            Self.named(tables.heldPairs(), tables) == [
                "cpu_hotplug_lock -> &pipe->mutex#2/1", "(work_completion)(&x->work) -> &pipe->mutex#2/1",
            ]
        )
        #expect(Self.named(tables.heldPairs(in: .softirq), tables) == ["&pipe->mutex#2/1 -> cpu_hotplug_lock"])
    }

    @Test("A line that cannot be read is named, and its chain left out") func broken() {
        let reader = Self.read(
            """
            all lock chains:
            irq_context: 0
            [00000000aaa26a27] a
            [zzz] b
            [00000000aaa26a29] c

            irq_context: sometimes
            what

            irq_context: 0
            [00000000aaa26a27] a
            [00000000aaa26a29] c

            """
        )
        #expect(reader.diagnostics.map(\.line) == [4, 7, 8])
        #expect(reader.tables.chainCount == 1)
        #expect(Self.named(reader.tables.heldPairs(), reader.tables) == ["a -> c"])
    }

    @Test("Recorded in a guest: 200 classes and the chains among them") func recorded() throws {
        var reader = LockdepProcReader()
        let classes = try Fixtures.unpacked("proc-lockdep.gz")
        let chains = try Fixtures.unpacked("proc-lockdep_chains.gz")
        let isRecognised = [classes, chains, Array("[ INFO: possible".utf8)].map {
            LockdepProcReader.recognises($0.span)
        }
        #expect(isRecognised == [true, true, false])
        reader.read(classes.span)
        reader.read(chains.span)
        reader.finish()
        #expect(reader.diagnostics.isEmpty)
        let tables = reader.tables
        #expect(tables.classes.count == 200)
        #expect(tables.classes.allSatisfy { $0.usage.utf8.count == 4 })
        #expect(tables.classes[0].lockClass.name == "cpu_hotplug_lock")
        let lines = String(decoding: chains, as: UTF8.self).split(separator: "\n")
        #expect(tables.chainCount == lines.count { $0.hasPrefix("irq_context: ") })
        let dependencies = String(decoding: classes, as: UTF8.self).split(separator: "\n")
        #expect(tables.adjacent.count == dependencies.count { $0.hasPrefix(" -> ") })
        // In process context, what lockdep calls adjacent was taken under the other in some chain of some context.
        let all = LockdepProc.Context.allCases.map { tables.heldPairs(in: $0) }.reduce(into: Set()) { $0.formUnion($1) }
        let held = Self.named(all, tables)
        #expect(held.contains("cpu_hotplug_lock -> static_call_mutex"))
        #expect(held.contains("cpu_hotplug_lock -> text_mutex"))
        #expect(held.count > 500)
    }
}
