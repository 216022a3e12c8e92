// SPDX-License-Identifier: Apache-2.0

/// The kernel's symbols by address, as `/proc/kallsyms` lists them.
///
/// Names stay in one buffer, so that 200,000 symbols cost about 20 bytes each beside their names. A lookup is a binary search
/// and allocates only for the answer's string.
public struct SymbolTable: Sendable {
    /// A symbol that covers an address.
    public struct Match: Sendable {
        /// The symbol, without compiler suffixes such as `.isra.0`.
        public var name: String
        /// The module it belongs to; empty for the kernel itself.
        public var module: String
        /// The symbol's address.
        public var start: UInt64
        /// Bytes from the symbol to the address.
        public var offset: UInt64
        /// Bytes to the next symbol.
        public var size: UInt64
    }

    private struct Entry {
        var address: UInt64
        var nameStart: UInt32
        var nameLength: UInt16
        var module: UInt16
    }

    /// Where the kernel's image, its variables and its modules begin, on x86-64 (Documentation/arch/x86/x86_64/mm.rst).
    public static let imageStart: UInt64 = 0xffff_ffff_8000_0000

    /// All names, one behind the other.
    private var text: [UInt8] = []
    private var entries: [Entry] = []
    private var percpu: [Entry] = []
    private var modules: [String] = [""]
    private var moduleIndex: [String: UInt16] = ["": 0]
    private var isSorted = true
    private var named: [String: [UInt64]] = [:]
    /// Hashes of variables' names with their addresses, sorted: static variables of different files share names.
    private var variables: [Variable] = []

    private struct Variable: Comparable {
        var name: UInt64
        var address: UInt64

        static func < (left: Self, right: Self) -> Bool { (left.name, left.address) < (right.name, right.address) }
    }

    /// Symbols looked up by name rather than by address; only these are indexed.
    private static let wanted: Set<String> = [
        "cpu_hotplug_lock", "vmemmap_base", "page_offset_base", "__per_cpu_offset", "__per_cpu_start", "__per_cpu_end",
        "do_user_addr_fault", "lock_mm_and_find_vma", "exc_page_fault", "handle_mm_fault", "nr_cpu_ids",
        "pcpu_base_addr", "pcpu_first_chunk", "device_ktype", "file_systems",
        "bus_ktype", "class_ktype", "slab_caches", "kernfs_locks", "node_data", "__mutex_init", "__mutex_rt_init",
        "__init_rwsem",
        "__percpu_init_rwsem", "__rt_mutex_init", "__sched_text_start", "__sched_text_end",
        "_copy_to_user", "_copy_from_user", "copy_user_generic", "__copy_user_nocache", "strncpy_from_user",
        "strnlen_user", "_copy_to_iter", "_copy_from_iter", "pmus",
        "copy_from_user_toio", "copy_to_user_fromio",
        "rcu_lock_map", "rcu_bh_lock_map", "rcu_sched_lock_map", "rcu_callback_map", "rcu_trace_lock_map",
        "__lockdep_no_track__", "__lockdep_no_validate__", "__might_fault", "lock_acquire", "_stext", "_etext",
        "__preempt_count", "pcpu_hot",
    ]

    /// Parses the text of `/proc/kallsyms`. Lines that are not of its form are passed over.
    public init(kallsyms: [UInt8]) {
        for line in kallsyms.split(separator: UInt8(ascii: "\n")) { take(line) }
        sort()
    }

    /// Reads `/proc/kallsyms`, a piece at a time: its text is several times as large as what is kept of it. Nil where it cannot
    /// be read.
    public init?(readingKallsymsAt path: String) {
        var table = SymbolTable(kallsyms: [])
        guard KernelFile.readLines(of: path, { table.take($0) }) else { return nil }
        table.sort()
        self = table
    }

    /// How many symbols with an address there are. Zero where the kernel hides addresses (`kptr_restrict`).
    public var count: Int { entries.count }

    /// The address of one of the few symbols that are needed by name, or nil.
    public func address(of name: String) -> UInt64? { named[name]?.first }

    /// Every symbol of that name: static ones of different files may share it.
    func addresses(of name: String) -> [UInt64] { named[name] ?? [] }

    /// The symbol that covers `address`, or nil below the first one.
    public func symbol(at address: UInt64) -> Match? { match(address, in: entries) }

    /// The function that a call returns to.
    func caller(returningTo address: UInt64) -> String {
        // A return address may be the first byte of the next function.
        symbol(at: address &- 1)?.name ?? "unknown"
    }

    /// The per-CPU variable at an offset from the start of a processor's area, or nil.
    public func percpuSymbol(at offset: UInt64) -> Match? { match(offset, in: percpu) }

    /// Which of several variables of one name a variable is, counted by address from 1; 1 where the name is unique.
    ///
    /// It is the same on every boot of one kernel image.
    public func ordinal(of variable: Match) -> Int {
        guard let module = modules.firstIndex(of: variable.module) else { return 1 }
        let name = Self.hash(variable.name.utf8, module: UInt16(module))
        var low = 0
        var high = variables.count
        while low < high {
            let middle = (low + high) / 2
            if variables[middle].name < name { low = middle + 1 } else { high = middle }
        }
        let namesakes = variables[low...].prefix { $0.name == name }
        return 1 + namesakes.prefix { $0.address < variable.start }.count
    }

    /// The modules that have symbols, in the order of their first.
    public var moduleNames: [String] { Array(modules.dropFirst()) }

    /// The addresses of all variables whose name begins so, ascending. Visits every variable.
    func variables(startingWith prefix: String) -> [UInt64] {
        let bytes = Array(prefix.utf8)
        return entries.lazy
            .filter { Int($0.nameLength) >= bytes.count && text[Int($0.nameStart)...].starts(with: bytes) }
            .map(\.address)
    }

    /// Each module's extent as far as its symbols tell it, and the kernel's own text.
    var codeRanges: [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        if let start = address(of: "_stext"), let end = address(of: "_etext"), start < end {
            ranges.append(start..<end)
        }
        var spans: [UInt16: (first: UInt64, last: UInt64)] = [:]
        for entry in entries where entry.module != 0 {
            let span = spans[entry.module] ?? (entry.address, entry.address)
            spans[entry.module] = (min(span.first, entry.address), max(span.last, entry.address))
        }
        // A module's parts lie apart; what is between is not its own and cannot all be read.
        for (_, span) in spans where span.last - span.first < 64 << 20 {
            ranges.append(span.first..<(span.last + 4096))
        }
        return ranges.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The extent of a function that is among the symbols needed by name.
    public func range(of name: String) -> Range<UInt64>? {
        guard let start = address(of: name), let match = symbol(at: start) else { return nil }
        return start..<(start + match.size)
    }

    /// The text that the scheduler's and the sleeping locks' functions lie in; empty where it is not told.
    public var schedulerText: Range<UInt64> {
        guard let start = address(of: "__sched_text_start"), let end = address(of: "__sched_text_end"), start < end
        else {
            return 0..<0
        }
        return start..<end
    }

    /// Whether another table has the same symbol at an address.
    public func agrees(with other: SymbolTable, at address: UInt64) -> Bool {
        guard let own = symbol(at: address), let others = other.symbol(at: address) else { return false }
        return own.start == others.start && own.name == others.name && own.module == others.module
    }

    private func match(_ address: UInt64, in entries: [Entry]) -> Match? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        // Of several names for one address the first in the list is the one that stack traces print.
        var index = low - 1
        while index > 0, entries[index - 1].address == entries[index].address { index -= 1 }
        let entry = entries[index]
        let next = low < entries.count ? entries[low].address : entry.address + 4096
        return Match(
            name: name(of: entry),
            module: modules[Int(entry.module)],
            start: entry.address,
            offset: address - entry.address,
            size: next - entry.address
        )
    }

    private func name(of entry: Entry) -> String {
        let bytes = text[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameLength)]
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Takes in one line.
    private mutating func take(_ line: ArraySlice<UInt8>) {
        var cursor = line.startIndex
        var address: UInt64 = 0
        while cursor < line.endIndex, let digit = hexDigit(line[cursor]) {
            address = address << 4 | UInt64(digit)
            cursor += 1
        }
        guard cursor - line.startIndex >= 8, cursor + 3 < line.endIndex, line[cursor] == UInt8(ascii: " ")
        else { return }
        let kind = line[cursor + 1]
        let rest = line[(cursor + 3)...]
        let name = rest.prefix { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: " ") }
        let length = min(stripped(name), Int(UInt16.max))
        let entry = Entry(
            address: address,
            nameStart: UInt32(text.count),
            nameLength: UInt16(length),
            module: module(in: rest[name.endIndex...])
        )
        text += name.prefix(length)
        noteIfWanted(entry)
        guard address != 0 else { return }
        // Per-CPU symbols are offsets, told apart by their size: no kernel address is this small.
        if address < 1 << 32 {
            percpu.append(entry)
            return
        }
        if kind == UInt8(ascii: "A") || kind == UInt8(ascii: "a") { return }
        if let last = entries.last, last.address > address { isSorted = false }
        entries.append(entry)
        if Self.isVariable(kind) { variables.append(Variable(name: nameHash(of: entry), address: address)) }
    }

    /// The number of the module that the end of a line names in brackets.
    private mutating func module(in end: ArraySlice<UInt8>) -> UInt16 {
        guard let open = end.firstIndex(of: UInt8(ascii: "[")),
            let close = end[open...].firstIndex(of: UInt8(ascii: "]"))
        else { return 0 }
        let name = String(decoding: end[(open + 1)..<close], as: UTF8.self)
        if let known = moduleIndex[name] { return known }
        let module = UInt16(modules.count)
        modules.append(name)
        moduleIndex[name] = module
        return module
    }

    private mutating func sort() {
        if !isSorted { entries.sort { ($0.address, $0.nameStart) < ($1.address, $1.nameStart) } }
        percpu.sort { ($0.address, $0.nameStart) < ($1.address, $1.nameStart) }
        variables.sort()
    }

    private static func isVariable(_ kind: UInt8) -> Bool { "dDbBrRvV".utf8.contains(kind) }

    private func nameHash(of entry: Entry) -> UInt64 {
        Self.hash(text[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameLength)], module: entry.module)
    }

    /// FNV-1a.
    private static func hash(_ name: some Sequence<UInt8>, module: UInt16) -> UInt64 {
        name.reduce(0xcbf2_9ce4_8422_2325 ^ UInt64(module)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private mutating func noteIfWanted(_ entry: Entry) {
        guard entry.module == 0, entry.nameLength <= 24 else { return }
        let name = name(of: entry)
        if Self.wanted.contains(name) { named[name, default: []].append(entry.address) }
    }

    /// The name's length without what compilers append to clones of a function.
    private func stripped(_ name: ArraySlice<UInt8>) -> Int {
        guard let dot = name.dropFirst().firstIndex(of: UInt8(ascii: ".")) else { return name.count }
        return dot - name.startIndex
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
