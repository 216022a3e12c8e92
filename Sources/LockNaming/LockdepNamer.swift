// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// Lock classes as lockdep has them: by class key, with lockdep's own names.
///
/// A key's address tells classes of one name apart within a boot and is gone after it, so it is not part of a class's
/// identity. What stands for it (``LockClass/origin``) is, in this order:
/// - for a lock that is its own key (`DEFINE_MUTEX`): the module, as the name is the variable's; the variable where it is
///   called otherwise;
/// - for a key in a variable: the variable (`ext4_fs_type`), a per-CPU one too;
/// - for the `__key` that `mutex_init()` makes: the function it is made in (``KeySites``), or "boot code" where that
///   function was thrown away after booting;
/// - for a key registered at run time: nothing. Of several with one name each is a class of its own, numbered as met.
///
/// Variables that share a name are numbered by address, which is the same on every boot of one image.
///
/// Used by one thread. A known key costs one hash probe.
public struct LockdepNamer<Memory: KernelMemory> {
    /// What tells two classes apart while the kernel runs.
    private struct Key: Hashable {
        var address: UInt64
        /// A key's memory can go to another key: the name's address, its low half, tells that.
        var name: UInt32
    }

    private struct Dynamic: Hashable {
        var name: String
        var type: LockType
    }

    private var symbols: SymbolTable
    private let memory: Memory
    private let percpu: PercpuAreas
    private var sites: KeySites?
    private var classes: [Key: LockClassID] = [:]
    private var dynamic: [Dynamic: [Key]] = [:]
    /// Names that lockdep itself has several classes for.
    private let sharedNames: Set<String>

    /// Prepares to name the running kernel's classes.
    ///
    /// - Parameters:
    ///   - symbols: the kernel's symbols.
    ///   - types: the kernel's types; without, per-CPU locks are not told from others.
    ///   - memory: reads kernel memory.
    ///   - processors: how many processors the machine can have.
    ///   - lockdep: the text of `/proc/lockdep`; empty where it cannot be read.
    public init(
        symbols: SymbolTable,
        types: borrowing KernelTypes?,
        memory: Memory,
        processors: Int,
        lockdep: String
    ) {
        self.symbols = symbols
        sharedNames = Self.sharedNames(lockdep)
        self.memory = memory
        switch types {
        case .some(let types):
            percpu = PercpuAreas(symbols: symbols, types: types, memory: memory, processors: processors)
        case .none:
            percpu = PercpuAreas()
        }
    }

    /// Replaces the symbols, as after a module was loaded.
    public mutating func update(symbols: SymbolTable) {
        self.symbols = symbols
        // Read again when one of the module's keys is met.
        sites = nil
    }

    /// The class of a key, or none if it has not been met.
    public func lockClass(key: UInt64, name: UInt32) -> LockClassID {
        classes[Key(address: key, name: name)] ?? .none
    }

    /// Notes a class.
    public mutating func meet(_ keyed: KeyedClass, in tables: inout EventTables) {
        let key = Key(address: keyed.key, name: keyed.name)
        let (origin, isStatic) = origin(of: key, keyed.text, keyed.lock, keyed.type)
        var lockClass = LockClass(
            name: keyed.text.isEmpty ? "unnamed" : keyed.text,
            type: keyed.type,
            origin: origin,
            naming: "lockdep",
            isValidated: keyed.isChecked && keyed.key != symbols.address(of: "__lockdep_no_validate__"),
            isStatic: isStatic
        )
        lockClass.isOrdered = keyed.isOrdered
        classes[key] = tables.classes.intern(lockClass)
    }

    /// Names that stand in `/proc/lockdep` with a number: `KEY FD: n BD: n ....: NAME#2/1`.
    public static func sharedNames(_ text: String) -> Set<String> {
        var names: Set<String> = []
        for line in text.split(separator: "\n") where !line.hasPrefix(" ") {
            // The name comes behind the usage: four characters out of these and a colon.
            let words = line.split(separator: " ", maxSplits: 16)
            let usage = words.first { $0.hasSuffix(":") && $0.dropLast().allSatisfy { ".+-?".contains($0) } }
            guard let usage, usage.endIndex < line.endIndex else { continue }
            let name = line[line.index(after: usage.endIndex)...]
            guard let mark = name.lastIndex(of: "#"), name[name.index(after: mark)...].first?.isNumber ?? false else {
                continue
            }
            names.insert(String(name[..<mark]))
        }
        return names
    }

    private mutating func origin(
        of key: Key,
        _ name: String,
        _ lock: UInt64,
        _ type: LockType
    ) -> (origin: String, isStatic: Bool) {
        if key.address == symbols.address(of: "__lockdep_no_validate__") { return ("no validation", false) }
        // A lock that lockdep has not met, and no key of its own.
        let isOwnKey = key.address == lock
        let isNameKey = !isOwnKey && UInt32(truncatingIfNeeded: key.address) == key.name
        if let offset = percpu.offset(of: isNameKey ? lock : key.address) {
            return (symbols.percpuSymbol(at: offset)?.name ?? "per-CPU", false)
        }
        if isNameKey { return ("", false) }
        guard key.address >= SymbolTable.imageStart, let symbol = symbols.symbol(at: key.address),
            symbol.offset < 1 << 20
        else {
            return (numbered("", key, name, type), false)
        }
        if KeySites.isKey(symbol.name) {
            if sites == nil { sites = KeySites(symbols: symbols, memory: memory) }
            if let function = sites?.function(using: symbol.start) { return (function, false) }
            // The number is good for one image only, so a name that needs none goes without.
            if sharedNames.contains(name) { return (numbered(symbol.name, symbol), false) }
            return (numbered("boot code", key, name, type), false)
        }
        let isNamedSo = name == symbol.name || name.hasPrefix(symbol.name + ".")
        return (numbered(isOwnKey && isNamedSo ? symbol.module : symbol.name, symbol), isOwnKey)
    }

    private func numbered(_ origin: String, _ symbol: SymbolTable.Match) -> String {
        let number = symbols.ordinal(of: symbol)
        return number == 1 ? origin : "\(origin)#\(number)"
    }

    /// Keys that differ in nothing that outlives them are numbered as they are met.
    private mutating func numbered(_ origin: String, _ key: Key, _ name: String, _ type: LockType) -> String {
        let identity = Dynamic(name: name, type: type)
        var keys = dynamic[identity] ?? []
        let index = keys.firstIndex(of: key) ?? keys.count
        if index == keys.count {
            keys.append(key)
            dynamic[identity] = keys
        }
        return index == 0 ? origin : "\(origin)#\(index + 1)"
    }
}
