// SPDX-License-Identifier: Apache-2.0

internal import LockEvents
internal import LockNaming

/// Return addresses to names: functions for sites, `function+0x1/0x2 [module]` for stack frames, as the kernel prints them.
///
/// Each address is looked up once. Kernels have few thousand call sites that take locks.
struct Symbolizer {
    private var symbols: SymbolTable
    private let scheduler: Range<UInt64>
    /// `lock_acquire()`, on a kernel that has it.
    private let tracepoint: Range<UInt64>?
    private var functions: [UInt64: NameID] = [:]
    private var frames: [UInt64: NameID] = [:]

    init(symbols: SymbolTable) {
        self.symbols = symbols
        scheduler = symbols.schedulerText
        tracepoint = symbols.range(of: "lock_acquire")
    }

    /// Replaces the symbols, as after a module was loaded; what was looked up stays.
    mutating func update(symbols: SymbolTable) { self.symbols = symbols }

    /// The function that a return address is in.
    mutating func function(at address: UInt64, in names: inout NameTable) -> NameID {
        if address == 0 { return .none }
        if let known = functions[address] { return known }
        // A call at a function's end returns to the first byte of the next one.
        let id = symbols.symbol(at: address - 1).map { names.intern($0.name) } ?? .none
        functions[address] = id
        return id
    }

    /// A stack as it is kept: without what lies between the lock and whoever took it.
    ///
    /// The trampoline's and the lock's own frames come first; how many depends on the kernel, so they are told by what
    /// they are: everything above the known call site, or else what lies in the lock functions or in no function at all.
    mutating func stack(_ addresses: UnsafeBufferPointer<UInt64>, site: UInt64, in tables: inout EventTables) -> StackID
    {
        var first = 0
        if site != 0, let index = addresses.firstIndex(of: site) {
            first = index
        } else {
            first = framesOfTracepoint(addresses)
            while first < addresses.count, isInsideLock(addresses[first]) { first += 1 }
        }
        var ids: [NameID] = []
        ids.reserveCapacity(addresses.count - first)
        for index in first..<addresses.count { ids.append(frame(at: addresses[index], in: &tables.names)) }
        return tables.stacks.intern(ids)
    }

    /// The first return address outside of the lock functions: the site of an attempt, which only its stack shows.
    func site(in addresses: UnsafeBufferPointer<UInt64>) -> UInt64 {
        addresses.dropFirst(framesOfTracepoint(addresses)).first { !isInsideLock($0) } ?? 0
    }

    /// The function that called `lock_acquire()`: the lock function, or whoever spoke to lockdep itself.
    func lockFunction(in addresses: UnsafeBufferPointer<UInt64>) -> String? {
        let first = framesOfTracepoint(addresses)
        return first < addresses.count ? symbols.symbol(at: addresses[first] - 1)?.name : nil
    }

    /// How many frames lie above lockdep's own tracepoints: BPF's and the tracepoint's, whose code no symbol tells.
    private func framesOfTracepoint(_ addresses: UnsafeBufferPointer<UInt64>) -> Int {
        guard let tracepoint else { return 0 }
        return addresses.prefix(8).firstIndex { tracepoint.contains($0 - 1) }.map { $0 + 1 } ?? 0
    }

    private mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID {
        if let known = frames[address] { return known }
        let text: String
        if let symbol = symbols.symbol(at: address - 1) {
            let offset = String(address - symbol.start, radix: 16)
            let module = symbol.module.isEmpty ? "" : " [\(symbol.module)]"
            text = "\(symbol.name)+0x\(offset)/0x\(String(symbol.size, radix: 16))\(module)"
        } else {
            text = "0x" + String(address, radix: 16)
        }
        let id = names.intern(text)
        frames[address] = id
        return id
    }

    private func isInsideLock(_ address: UInt64) -> Bool {
        // Sleeping locks are in __sched text (kernel/locking/mutex.c); trampolines are in no module's symbol.
        if scheduler.contains(address) { return true }
        guard let symbol = symbols.symbol(at: address) else { return true }
        if symbol.module == "bpf" || symbol.offset > 1 << 20 { return true }
        return [
            "bpf_", "__bpf_", "__traceiter_", "trace_", "__percpu_", "percpu_", "__mutex", "rwsem_", "__might_fault",
            "_raw_",
        ].contains { symbol.name.hasPrefix($0) }
    }
}
