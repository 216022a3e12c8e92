// SPDX-License-Identifier: Apache-2.0

/// Where each processor's copy of per-CPU memory lies.
///
/// Covers the first chunk: the static variables and what was allocated early in boot behind them (mm/percpu.c).
struct PercpuAreas {
    private let bases: [UInt64]
    private let unitSize: UInt64

    init(symbols: SymbolTable, memory: some KernelMemory, processors: Int) {
        var bases: [UInt64] = []
        if let table = symbols.address(of: "__per_cpu_offset") {
            for processor in 0..<min(processors, 512) {
                guard let base = memory.word(at: table + UInt64(processor * 8)), base != 0 else { break }
                bases.append(base)
            }
        }
        self.bases = bases
        unitSize = symbols.address(of: "pcpu_unit_size").flatMap { memory.halfWord(at: $0) }.map(UInt64.init) ?? 1 << 18
    }

    /// The offset in a processor's area that an address has on any processor, or nil when it is in none.
    func offset(of address: UInt64) -> UInt64? {
        for base in bases where address &- base < unitSize { return address &- base }
        return nil
    }
}
