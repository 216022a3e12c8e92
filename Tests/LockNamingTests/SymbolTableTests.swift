// SPDX-License-Identifier: Apache-2.0

import LockNaming
import Testing

@Suite("Kernel symbols")
struct SymbolTableTests {
    private let table = SymbolTable(
        kallsyms: Array(
            """
            0000000000000000 A __per_cpu_start
            000000000001f000 A perf_cpu_context
            000000000001f200 A swevent_htable
            ffffffff81000000 T _stext
            ffffffff81001000 T mutex_lock
            ffffffff81001080 t mm_init.isra.0
            ffffffff81001080 t alias_of_mm_init
            ffffffff82000000 d rcu_state
            ffffffff82001000 D cpu_hotplug_lock
            not a symbol at all
            ffffffffc0200000 t gpu_fault	[livedep_seed]
            ffffffffc0200100 d gpu_lock	[livedep_seed]

            """.utf8
        )
    )

    @Test("an address belongs to the symbol before it, with its offset and size")
    func covering() throws {
        let match = try #require(table.symbol(at: 0xffff_ffff_8100_1010))
        #expect(match.name == "mutex_lock")
        #expect(match.offset == 0x10)
        #expect(match.size == 0x80)
        #expect(match.module.isEmpty)
    }

    @Test("compiler suffixes are no part of a name, and of two names the first counts")
    func suffixes() {
        #expect(table.symbol(at: 0xffff_ffff_8100_1080)?.name == "mm_init")
    }

    @Test("module symbols say their module")
    func modules() {
        #expect(table.symbol(at: 0xffff_ffff_c020_0101)?.name == "gpu_lock")
        #expect(table.symbol(at: 0xffff_ffff_c020_0101)?.module == "livedep_seed")
    }

    @Test("per-CPU variables are found by their offset, and are no addresses")
    func percpu() {
        #expect(table.percpuSymbol(at: 0x1f018)?.name == "perf_cpu_context")
        #expect(table.percpuSymbol(at: 0x1f018)?.offset == 0x18)
        #expect(table.symbol(at: 0x1f018) == nil)
    }

    @Test("symbols that are needed by name are found by name")
    func byName() {
        #expect(table.address(of: "cpu_hotplug_lock") == 0xffff_ffff_8200_1000)
        #expect(table.address(of: "mutex_lock") == nil)
    }

    @Test("a kernel that hides its addresses has no symbols")
    func hidden() {
        let hidden = SymbolTable(kallsyms: Array("0000000000000000 T _stext\n0000000000000000 t mutex_lock\n".utf8))
        #expect(hidden.count == 0)
        #expect(hidden.symbol(at: 0xffff_ffff_8100_0000) == nil)
    }

    @Test("any bytes are survived", arguments: [[], [0x0a], Array("ffff".utf8), Array(repeating: 0xff, count: 1000)])
    func hostile(bytes: [UInt8]) {
        #expect(SymbolTable(kallsyms: bytes).count == 0)
    }
}
