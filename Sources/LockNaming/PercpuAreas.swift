// SPDX-License-Identifier: Apache-2.0

/// Where each processor's copy of per-CPU memory lies.
///
/// Covers the first chunk: the static variables and what was allocated early in boot behind them (mm/percpu.c).
struct PercpuAreas {
    private let bases: [UInt64]
    private let size: UInt64
    /// Where perf's CPU-wide contexts lie in an area: kernels before 6.2 allocate them, one for each kind of PMU.
    private let perfContexts: [UInt64]

    /// No areas: every address is elsewhere.
    init() {
        bases = []
        size = 0
        perfContexts = []
    }

    init(symbols: SymbolTable, types: borrowing KernelTypes, memory: some KernelMemory, processors: Int) {
        var bases: [UInt64] = []
        if let table = symbols.address(of: "__per_cpu_offset") {
            for processor in 0..<min(processors, 512) {
                guard let base = memory.word(at: table + UInt64(processor * 8)), base != 0 else { break }
                bases.append(base)
            }
        }
        self.bases = bases
        size = Self.firstChunk(symbols, types, memory) ?? symbols.address(of: "__per_cpu_end") ?? 0
        perfContexts = Self.perfContexts(symbols, types, memory)
    }

    /// The bytes from the start of the `perf_cpu_context` that a per-CPU offset may lie in, or nil where it lies in none.
    func offsetInPerfContext(_ offset: UInt64) -> Int? {
        perfContexts.last { $0 <= offset && offset - $0 < 4096 }.map { Int(offset - $0) }
    }

    /// Follows the list of PMUs (kernel/events/core.c, `pmus`) to their contexts.
    private static func perfContexts(
        _ symbols: SymbolTable,
        _ types: borrowing KernelTypes,
        _ memory: some KernelMemory
    ) -> [UInt64] {
        // Drivers have variables of that name too; the list is what its first entry points back at.
        let lists = symbols.addresses(of: "pmus")
        guard
            let head = lists.first(where: { head in memory.word(at: head).flatMap { memory.word(at: $0 &+ 8) } == head }
            ),
            let entry = types.offset(of: "entry", in: "pmu"),
            let context = types.offset(of: "pmu_cpu_context", in: "pmu")
        else { return [] }
        var contexts: Set<UInt64> = []
        var position = memory.word(at: head)
        // The list changes under us when a driver comes or goes: a bound, not trust, ends the walk.
        for _ in 0..<256 {
            guard let node = position, node != head, node != 0 else { break }
            if let pointer = memory.word(at: node &- UInt64(entry) &+ UInt64(context)), pointer != 0 {
                contexts.insert(pointer)
            }
            position = memory.word(at: node)
        }
        return contexts.sorted()
    }

    /// Bytes of a processor's area in the first chunk. Units are larger; what lies behind was given back to the system.
    private static func firstChunk(
        _ symbols: SymbolTable,
        _ types: borrowing KernelTypes,
        _ memory: some KernelMemory
    ) -> UInt64? {
        guard let area = symbols.address(of: "pcpu_base_addr").flatMap({ memory.word(at: $0) }),
            let chunk = symbols.address(of: "pcpu_first_chunk").flatMap({ memory.word(at: $0) }),
            let base = types.offset(of: "base_addr", in: "pcpu_chunk"),
            let pages = types.offset(of: "nr_pages", in: "pcpu_chunk"),
            let end = types.offset(of: "end_offset", in: "pcpu_chunk"),
            let start = memory.word(at: chunk + UInt64(base)),
            let pageCount = memory.halfWord(at: chunk + UInt64(pages)),
            let unused = memory.halfWord(at: chunk + UInt64(end))
        else { return nil }
        let size = start &- area &+ UInt64(pageCount) * 4096 &- UInt64(unused)
        return size < 1 << 30 ? size : nil
    }

    /// The offset in a processor's area that an address has on any processor, or nil when it is in none.
    func offset(of address: UInt64) -> UInt64? {
        for base in bases where address &- base < size { return address &- base }
        return nil
    }
}
