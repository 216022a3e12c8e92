// SPDX-License-Identifier: Apache-2.0

internal import LockEvents
package import LockNaming

/// Return addresses to names: functions for sites, `function+0x1/0x2 [module]` for stack frames, as the kernel prints them.
///
/// Each address is looked up once. Kernels have few thousand call sites that take locks.
package struct Symbolizer: StackNaming {
    private(set) var symbols: SymbolTable
    private let scheduler: Range<UInt64>
    /// `lock_acquire()`, on a kernel that has it.
    private let tracepoint: Range<UInt64>?
    /// No function is longer, in bytes; the scheduler's text is told by its own bounds.
    private static let longestFunction: UInt64 = 1 << 16
    private var functions: [UInt64: NameID] = [:]
    private var frames: [UInt64: NameID] = [:]

    package init(symbols: SymbolTable) {
        self.symbols = symbols
        scheduler = symbols.schedulerText
        tracepoint = symbols.range(of: "lock_acquire")
    }

    /// Replaces the symbols, as after a module was loaded; what was looked up stays, except where something else is now.
    mutating func update(symbols new: SymbolTable) {
        functions = functions.filter { new.agrees(with: symbols, at: $0.key - 1) }
        frames = frames.filter { new.agrees(with: symbols, at: $0.key - 1) }
        symbols = new
    }

    /// The symbol that an address is in. What lies far behind a module's last one is not in it: BPF's code is laid out there.
    private func symbol(at address: UInt64) -> SymbolTable.Match? {
        guard let symbol = symbols.symbol(at: address), symbol.offset < min(symbol.size, Self.longestFunction) else {
            return nil
        }
        return symbol
    }

    /// The function that a return address is in.
    mutating func function(at address: UInt64, in names: inout NameTable) -> NameID {
        if address == 0 { return .none }
        if let known = functions[address] { return known }
        // A call at a function's end returns to the first byte of the next one.
        let id = symbol(at: address - 1).map { names.intern($0.name) } ?? .none
        functions[address] = id
        return id
    }

    /// The function that called `lock_acquire()`: the lock function, or whoever spoke to lockdep itself.
    func lockFunction(in addresses: UnsafeBufferPointer<UInt64>) -> String? {
        let first = framesOfTracer(addresses)
        return first < addresses.count ? symbol(at: addresses[first] - 1)?.name : nil
    }

    /// How many frames lie above lockdep's own tracepoints: BPF's and the tracepoint's, whose code no symbol tells.
    func framesOfTracer(_ addresses: UnsafeBufferPointer<UInt64>) -> Int {
        guard let tracepoint else { return 0 }
        return addresses.prefix(8).firstIndex { tracepoint.contains($0 - 1) }.map { $0 + 1 } ?? 0
    }

    /// A return address as the kernel prints it in a stack.
    mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID {
        if let known = frames[address] { return known }
        let id = names.intern(frameText(at: address))
        frames[address] = id
        return id
    }

    /// All that is told of an address, for somebody who has no symbols.
    func name(of address: UInt64) -> NamingDecision.AddressName {
        NamingDecision.AddressName(
            function: symbol(at: address - 1)?.name ?? "",
            frame: frameText(at: address),
            isInsideLock: isInsideLock(address),
            isTracepoint: tracepoint?.contains(address - 1) ?? false
        )
    }

    private func frameText(at address: UInt64) -> String {
        guard let symbol = symbol(at: address - 1) else { return "0x" + String(address, radix: 16) }
        let offset = String(address - symbol.start, radix: 16)
        let module = symbol.module.isEmpty ? "" : " [\(symbol.module)]"
        return "\(symbol.name)+0x\(offset)/0x\(String(symbol.size, radix: 16))\(module)"
    }

    /// Whether a return address lies in what is called to take a lock, or in what traces it.
    func isInsideLock(_ address: UInt64) -> Bool {
        // Sleeping locks are in __sched text (kernel/locking/mutex.c); trampolines are in no module's symbol.
        if scheduler.contains(address) { return true }
        guard let symbol = symbol(at: address) else { return true }
        if symbol.module == "bpf" { return true }
        return [
            "bpf_", "__bpf_", "__traceiter_", "trace_", "__percpu_", "percpu_", "__mutex", "rwsem_", "__might_fault",
            "_raw_", "arch_rethook_", "__kretprobe_", "return_to_handler",
        ].contains { symbol.name.hasPrefix($0) }
    }
}
