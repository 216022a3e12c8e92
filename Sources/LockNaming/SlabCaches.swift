// SPDX-License-Identifier: Apache-2.0

/// The kernel's slab caches: names by address, and which of them hold objects of several kinds.
///
/// SLUB merges caches of like objects; a merged cache is called after whoever came first, so its name says nothing
/// about the struct. `/sys/kernel/slab` shows merging as several links to one folder.
struct SlabCaches {
    private let known: Set<String>
    private let namesakes: [String: [String]]
    private let nameOffset: Int?
    private let sizeOffset: Int?
    private var names: [UInt64: Cache?] = [:]

    /// One cache.
    struct Cache {
        var name: String
        /// Bytes between two objects.
        var size: Int
        /// Every name that the cache goes by: several where the kernel merged caches.
        var names: [String]

        /// One of the caches behind `kmalloc`.
        var isGeneral: Bool { name.hasPrefix("kmalloc-") || name.hasPrefix("dma-kmalloc-") }
    }

    init(types: borrowing KernelTypes, links: [String: String]) {
        nameOffset = types.offset(of: "name", in: "kmem_cache")
        sizeOffset = types.offset(of: "size", in: "kmem_cache")
        known = Set(links.keys)
        var namesakes: [String: [String]] = [:]
        for group in Dictionary(grouping: links.keys, by: { links[$0] ?? $0 }).values where group.count > 1 {
            for name in group { namesakes[name] = group.sorted() }
        }
        self.namesakes = namesakes
    }

    /// The addresses of all caches, as the kernel lists them (mm/slab_common.c).
    static func addresses(
        _ symbols: SymbolTable,
        _ types: borrowing KernelTypes,
        _ memory: some KernelMemory
    ) -> [UInt64] {
        guard let head = symbols.address(of: "slab_caches"), let link = types.offset(of: "list", in: "kmem_cache")
        else {
            return []
        }
        var addresses: [UInt64] = []
        var position = memory.word(at: head)
        // The list changes under us when a module comes or goes: a bound, not trust, ends the walk.
        while let node = position, node != head, node != 0, addresses.count < 4096 {
            addresses.append(node &- UInt64(link))
            position = memory.word(at: node)
        }
        return addresses
    }

    /// The cache at an address, or nil when what lies there is none.
    mutating func cache(at address: UInt64, in memory: some KernelMemory) -> Cache? {
        if let cache = names[address] { return cache }
        let cache = read(address, memory)
        names[address] = .some(cache)
        return cache
    }

    private func read(_ address: UInt64, _ memory: some KernelMemory) -> Cache? {
        guard let nameOffset, let sizeOffset,
            let pointer = memory.word(at: address &+ UInt64(nameOffset)),
            let name = memory.name(at: pointer),
            let size = memory.halfWord(at: address &+ UInt64(sizeOffset)), size > 0
        else { return nil }
        // The page's type was not tested when the record was made: only a name that the kernel lists is believed.
        guard known.isEmpty || known.contains(name) else { return nil }
        return Cache(name: name, size: Int(size), names: namesakes[name] ?? [name])
    }
}
