// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// Turns the address of a lock, and what is known about it, into its lock class.
///
/// Methods in order of trust: the name that the lock was initialised with; a known pointer; the symbol of a static or
/// per-CPU variable, with the member in it; the member at the lock's offset in its slab object; last, the function that
/// takes it. A class found by a lesser method is unified with the better one as soon as the two turn out to be one
/// (DESIGN 3.5): take the pairs from ``takeUnifications()``.
///
/// Used by one thread. A known address costs one or two hash probes.
public struct LockNamer<Memory: KernelMemory>: ~Copyable {
    private struct Known {
        var lockClass: LockClassID
        var cache: UInt64
        var offset: UInt32
        var detail: UInt32
        /// Named by its site: another site of the same address is the same class.
        var isBySite: Bool
    }

    private struct Initialised {
        var cache: UInt64
        var offset: UInt32
        /// In ``initialisations``.
        var number: UInt32

        /// Whether a lock is still that one, as far as its memory tells. A ww mutex is initialised as a mutex.
        func isAt(_ place: SlabMember) -> Bool { cache == place.cache && offset == place.offset }
    }

    private struct SlabMember: Hashable {
        var cache: UInt64
        var offset: UInt32
        var type: LockType
    }

    private struct Site: Hashable {
        var address: UInt64
        var memory: SlabMember
    }

    private struct Detail: Hashable {
        var place: SlabMember
        var detail: UInt32
    }

    private static var addressCapacity: Int { 1 << 16 }

    private var symbols: SymbolTable
    private var types: KernelTypes?
    private let memory: Memory
    private var objects = KnownObjects()
    private var initSites = InitSites()
    private var caches: SlabCaches?
    private let percpu: PercpuAreas
    private var known = AgedMap<UInt64, Known>(capacity: addressCapacity)
    private var initialisations = Initialisations()
    private var initialised = AgedMap<UInt64, Initialised>(capacity: addressCapacity)
    private var taught: [SlabMember: ClassUnions.Sighting] = [:]
    private var sites: [Site: ClassUnions.Sighting] = [:]
    private var unions = ClassUnions()
    private var reader: ContainerReader?
    /// Places whose locks are of several classes, by the objects they are in.
    private var containers: [SlabMember: LockContainer] = [:]
    private var refined: [Detail: LockClassID] = [:]
    private var newPlaces: [ContainerPlace] = []
    private var unambiguous: [SlabMember: Bool] = [:]
    private var percpuClasses: [UInt64: LockClassID] = [:]
    private var mmapLock: LockClassID?

    /// Prepares to name locks of the running kernel.
    ///
    /// - Parameters:
    ///   - symbols: the kernel's symbols.
    ///   - types: the kernel's types, if it has any.
    ///   - memory: reads kernel memory.
    ///   - slabLinks: the entries of `/sys/kernel/slab` with the folders they lead to; empty if it has none.
    ///   - processors: how many processors the machine can have.
    public init(
        symbols: SymbolTable,
        types: consuming KernelTypes?,
        memory: Memory,
        slabLinks: [String: String],
        processors: Int
    ) {
        self.symbols = symbols
        self.memory = memory
        initSites.scan(symbols, memory)
        if var types {
            types.add(modules: symbols.moduleNames)
            objects = KnownObjects(types: types, symbols: symbols, memory: memory)
            percpu = PercpuAreas(symbols: symbols, types: types, memory: memory, processors: processors)
            caches = SlabCaches(types: types, links: slabLinks)
            reader = ContainerReader(types: types, symbols: symbols)
            let addresses = SlabCaches.addresses(symbols, types, memory)
            self.types = consume types
            noteInodes(addresses)
        } else {
            percpu = PercpuAreas()
            caches = nil
            reader = nil
            self.types = nil
        }
    }

    /// Takes in that a module was loaded: its symbols, types and initialisers. Locks in memory that went from one module to
    /// another are met anew. Costs a page read for each page of the new module's code.
    public mutating func update(symbols new: SymbolTable) {
        let isOther = { [symbols] (address: UInt64) in
            address >= SymbolTable.imageStart && !new.agrees(with: symbols, at: address)
        }
        known.removeAll(where: isOther)
        initialised.removeAll(where: isOther)
        initialisations.forgetSites()
        symbols = new
        initSites.scan(new, memory)
        types?.add(modules: new.moduleNames)
        switch types {
        case .some(let types): objects = KnownObjects(types: types, symbols: new, memory: memory)
        case .none: break
        }
    }

    /// Pairs of classes that turned out to be one since the last call; the first of each pair has the better name.
    public mutating func takeUnifications() -> [(kept: LockClassID, gone: LockClassID)] {
        unions.takeNews()
    }

    /// Whether ``takeUnifications()`` has anything to tell.
    public var hasUnifications: Bool { !unions.news.isEmpty }

    /// Notes that a lock was initialised: what was known of its address is over.
    public mutating func initialise(_ evidence: LockEvidence, name: String) {
        let place = SlabMember(cache: evidence.cache, offset: evidence.offset, type: evidence.type)
        known[evidence.lock] = nil
        let number = initialisations.number(of: name, at: evidence.site, in: symbols)
        initialised[evidence.lock] = Initialised(cache: place.cache, offset: place.offset, number: number)
        // Told at once: from the first use on the programs then say what the object was at that moment.
        if let container = LockContainer(initialName: name) { note(container, at: place) }
    }

    /// Forgets which lock is at which address: what was lost may have said that one was initialised.
    ///
    /// What is known of places in memory and of call sites stays, and names most locks again.
    public mutating func forgetAddresses() {
        known = AgedMap(capacity: Self.addressCapacity)
        initialised = AgedMap(capacity: Self.addressCapacity)
    }

    /// The class of a lock that is being taken.
    public mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID {
        let place = SlabMember(cache: evidence.cache, offset: evidence.offset, type: evidence.type)
        if let entry = known[evidence.lock] {
            // Memory that went to another cache holds another lock, initialised before tracing began or by copying. What a
            // container was like while its lock was used is better than what was read of it later.
            if entry.cache == evidence.cache, entry.offset == evidence.offset || evidence.cache == 0,
                entry.detail == evidence.detail || evidence.detail == 0
            {
                let lockClass = current(entry.lockClass)
                if entry.isBySite { learn(site: evidence.site, of: place, is: lockClass) }
                return lockClass
            }
            known[evidence.lock] = nil
        }
        let (lockClass, isBySite) = name(evidence, place, &tables)
        known[evidence.lock] = Known(
            lockClass: lockClass,
            cache: evidence.cache,
            offset: evidence.offset,
            detail: evidence.detail,
            isBySite: isBySite
        )
        return lockClass
    }

    // MARK: Methods, in order of trust

    private mutating func name(
        _ evidence: LockEvidence,
        _ place: SlabMember,
        _ tables: inout EventTables
    ) -> (LockClassID, isBySite: Bool) {
        if let initialised = initialised[evidence.lock], initialised.isAt(place) {
            let start = initialisations[initialised.number]
            if let container = LockContainer(initialName: start.name) {
                note(container, at: place)
                return (refined(container, evidence, place, &tables) ?? unset(container, evidence, &tables), false)
            }
            let lockClass = tables.classes.intern(
                LockClass(
                    name: Self.annotated[start.name] ?? start.name,
                    type: evidence.type,
                    origin: start.function,
                    naming: "init"
                )
            )
            teach(place, lockClass, tables)
            learn(site: evidence.site, of: place, is: lockClass)
            if start.name == Self.mmapLockName { meetMmapLock(lockClass) }
            return (current(lockClass), false)
        }
        if evidence.isOwnMmapLock {
            if let mmapLock { return (current(mmapLock), false) }
            let site = initSites.site(
                ofMember: Self.mmapLockName,
                type: evidence.type,
                offset: 0,
                name: Self.mmapLockName
            )
            let lockClass = tables.classes.intern(
                LockClass(
                    name: Self.mmapLockName,
                    type: evidence.type,
                    origin: site?.function ?? "mm_init",
                    naming: "known pointer"
                )
            )
            if site == nil { unions.noteProvisional(lockClass) }
            meetMmapLock(lockClass)
            teach(place, lockClass, tables)
            return (current(lockClass), false)
        }
        if let lockClass = named(bySymbol: evidence, &tables) { return (lockClass, false) }
        if let lockClass = named(byPercpu: evidence, &tables) { return (lockClass, false) }
        if let container = containers[place] {
            if let lockClass = refined(container, evidence, place, &tables) { return (lockClass, false) }
            if container == .inode { return (unset(container, evidence, &tables), false) }
        }
        if evidence.cache != 0, let cache = caches?.cache(at: evidence.cache, in: memory) {
            if let lockClass = named(byStructOf: evidence, place, &tables) { return (lockClass, false) }
            if cache.isGeneral, let lockClass = named(byObject: evidence, slabOffset: evidence.offset, &tables) {
                return (lockClass, false)
            }
            if isOfOneKind(place, in: cache) {
                if case .one(let lockClass) = taught[place] { return (current(lockClass), false) }
                if taught[place] == nil, let lockClass = named(byMemberOf: cache, evidence, &tables) {
                    if containers[place] == nil { teach(place, lockClass, tables) }
                    return (current(lockClass), false)
                }
            }
            return (named(bySite: evidence, place, "\(cache.name)+\(evidence.offset)", &tables), true)
        }
        if let lockClass = named(byObject: evidence, slabOffset: nil, &tables) { return (lockClass, false) }
        return (named(bySite: evidence, place, memoryKind(evidence.lock), &tables), true)
    }

    /// Objects of general caches that say themselves what they are: devices, super blocks.
    private mutating func named(
        byStructOf evidence: LockEvidence,
        _ place: SlabMember,
        _ tables: inout EventTables
    ) -> LockClassID? {
        switch evidence.type {
        case .mutex:
            if reader?.offset(of: .rename) == UInt64(evidence.offset),
                let lockClass = refined(.rename, evidence, place, &tables)
            {
                note(.rename, at: place)
                return lockClass
            }
            return refined(.device, evidence, place, &tables)
        case .rwsem where reader?.offset(of: .superBlock) == UInt64(evidence.offset):
            guard let lockClass = refined(.superBlock, evidence, place, &tables) else { return nil }
            note(.superBlock, at: place)
            return lockClass
        default:
            return nil
        }
    }

    /// A lock in an object that proves what it is.
    private func named(
        byObject evidence: LockEvidence,
        slabOffset: UInt32?,
        _ tables: inout EventTables
    ) -> LockClassID? {
        guard let member = objects.member(at: evidence.lock, slabOffset: slabOffset, in: memory),
            let path = member.field ?? types?.lockMember(in: member.structName, at: member.offset)
        else { return nil }
        let site = initSites.site(
            ofMember: path,
            type: evidence.type,
            offset: member.offset,
            name: member.initialName
        )
        return tables.classes.intern(
            LockClass(
                name: site?.name ?? member.initialName ?? "\(member.structName).\(path)",
                type: evidence.type,
                origin: site?.function ?? "",
                naming: "known object",
                certainty: site == nil ? .inferred : .exact
            )
        )
    }

    /// The class of a lock in a container, as the container has it; nil where it is no such container.
    private mutating func refined(
        _ container: LockContainer,
        _ evidence: LockEvidence,
        _ place: SlabMember,
        _ tables: inout EventTables
    ) -> LockClassID? {
        let detail = Detail(place: place, detail: evidence.detail)
        // Files of kernfs are told apart by one bit, which any object at their place in a shared cache may have.
        let isTelling = evidence.detail != 0 && container != .kernfsFile && evidence.detail != ContainerReader.blank
        if isTelling, let lockClass = refined[detail] { return lockClass }
        // Inodes are made and freed by the thousand: whether this was a directory cannot be read afterwards. From the moment
        // that the programs are told of the place they say so themselves.
        if container == .inode, evidence.detail == 0 { return nil }
        guard
            let answer = reader?.refinement(
                of: container,
                lock: evidence.lock,
                detail: evidence.detail,
                isSure: initialised[evidence.lock]?.isAt(place) ?? false,
                in: memory
            )
        else { return nil }
        let lockClass = tables.classes.intern(
            LockClass(
                name: answer.name,
                type: evidence.type,
                origin: answer.origin,
                naming: "container",
                isValidated: answer.isValidated
            )
        )
        if isTelling { refined[detail] = lockClass }
        return lockClass
    }

    /// A container that is not set up yet, or of which it was not told what it is: kept out of verdicts, as its class would
    /// be several in one.
    private func unset(
        _ container: LockContainer,
        _ evidence: LockEvidence,
        _ tables: inout EventTables
    ) -> LockClassID {
        tables.classes.intern(
            LockClass(
                name: container.annotatedName,
                type: evidence.type,
                origin: "not set up",
                naming: "init",
                isValidated: false
            )
        )
    }

    /// Tells the programs of inodes before there is anything to name: what they do not say of an object has to be read later,
    /// when its memory may be another's.
    private mutating func noteInodes(_ addresses: [UInt64]) {
        guard let lock = types?.offset(of: "i_rwsem", in: "inode"),
            let pages = types?.offset(of: "i_data", in: "inode"),
            let invalidation = types?.offset(of: "invalidate_lock", in: "address_space")
        else { return }
        for address in addresses {
            guard let cache = caches?.cache(at: address, in: memory), !cache.isGeneral else { continue }
            for name in cache.names {
                for structName in SlabStructs.candidates(for: name) {
                    guard let start = startOfInode(in: structName) else { continue }
                    let place = { (offset: Int) in
                        SlabMember(cache: address, offset: UInt32(start + offset), type: .rwsem)
                    }
                    note(.inode, at: place(lock))
                    note(.mapping, at: place(pages + invalidation))
                    break
                }
            }
        }
    }

    /// Where in a file system's own struct the inode lies.
    private func startOfInode(in structName: String) -> Int? {
        if structName == "inode" { return 0 }
        for member in ["vfs_inode", "inode", "i_vnode", "i_inode"] {
            guard let start = types?.offset(of: member, in: structName),
                types?.lockMember(in: structName, at: start + (types?.offset(of: "i_rwsem", in: "inode") ?? 0))
                    == "\(member).i_rwsem"
            else { continue }
            return start
        }
        return nil
    }

    private mutating func note(_ container: LockContainer, at place: SlabMember) {
        guard place.cache != 0, containers.updateValue(container, forKey: place) == nil else { return }
        guard let kind = container.recordKind else { return }
        newPlaces.append(ContainerPlace(cache: place.cache, offset: place.offset, kind: kind))
    }

    /// Places learned since the last call, for the programs to tell their locks apart by.
    public mutating func takeContainerPlaces() -> [ContainerPlace] {
        defer { newPlaces.removeAll(keepingCapacity: true) }
        return newPlaces
    }

    /// Whether ``takeContainerPlaces()`` has anything to tell.
    public var hasContainerPlaces: Bool { !newPlaces.isEmpty }

    private mutating func named(bySymbol evidence: LockEvidence, _ tables: inout EventTables) -> LockClassID? {
        guard evidence.lock >= SymbolTable.imageStart, let symbol = symbols.symbol(at: evidence.lock) else {
            return nil
        }
        guard symbol.offset < 1 << 20 else { return nil }
        let name: String
        var certainty = LockClass.Certainty.exact
        if let member = member(of: symbol), !member.path.isEmpty {
            if StaticStructs.isInitialisedAtRunTime(member.structName) || member.path.contains("[i]"),
                let site = initSites.site(ofMember: member.path, type: evidence.type, offset: Int(symbol.offset))
            {
                return tables.classes.intern(
                    LockClass(name: site.name, type: evidence.type, origin: site.function, naming: "symbol")
                )
            }
            // include/linux/notifier.h, BLOCKING_NOTIFIER_INIT()
            let variable = member.structName == "blocking_notifier_head" ? "(\(symbol.name))" : symbol.name
            name = "\(variable).\(member.path)"
            if LockContainer(memberPath: name) == .device,
                let lockClass = named(byDeviceOf: evidence, &tables)
            {
                return lockClass
            }
        } else if symbol.offset == 0 {
            name = symbol.name
        } else if let lockClass = named(byDeviceOf: evidence, &tables) {
            return lockClass
        } else {
            name = "\(symbol.name)+0x\(String(symbol.offset, radix: 16))"
            certainty = .inferred
        }
        // Several files may each have a `static DEFINE_MUTEX(lock)`.
        let number = symbols.ordinal(of: symbol)
        return tables.classes.intern(
            LockClass(
                name: name,
                type: evidence.type,
                origin: number == 1 ? symbol.module : "\(symbol.module)#\(number)",
                naming: "symbol",
                certainty: certainty,
                isStatic: !name.contains("[i]")
            )
        )
    }

    /// A device that is a variable, in no slab.
    private mutating func named(byDeviceOf evidence: LockEvidence, _ tables: inout EventTables) -> LockClassID? {
        refined(.device, evidence, SlabMember(cache: 0, offset: 0, type: evidence.type), &tables)
    }

    /// The path to a lock in a variable; empty where the variable is the lock.
    private func member(of symbol: SymbolTable.Match) -> (structName: String, path: String)? {
        let offset = Int(symbol.offset)
        if let path = types?.lockMember(inVariable: symbol.name, at: offset) { return ("", path) }
        for structName in StaticStructs.candidates(for: symbol.name) {
            guard let size = types?.size(of: structName), UInt64(size) <= symbol.size else { continue }
            if let path = types?.lockMember(in: structName, at: offset) { return (structName, path) }
        }
        return nil
    }

    private mutating func named(byPercpu evidence: LockEvidence, _ tables: inout EventTables) -> LockClassID? {
        guard let offset = percpu.offset(of: evidence.lock) else { return nil }
        if let lockClass = percpuClasses[offset] { return current(lockClass) }
        let lockClass: LockClass
        if let inside = percpu.offsetInPerfContext(offset),
            let member = types?.lockMember(in: "perf_cpu_context", at: inside)
        {
            lockClass = LockClass(
                name: "perf_cpu_context.\(member)",
                type: evidence.type,
                naming: "known pointer, per-CPU member"
            )
        } else if let symbol = symbols.percpuSymbol(at: offset), symbol.offset < symbol.size, symbol.offset < 1 << 16 {
            let member =
                types?.lockMember(inVariable: symbol.name, at: Int(symbol.offset))
                ?? types?.lockMember(in: symbol.name, at: Int(symbol.offset))
            if LockContainer(memberPath: "\(symbol.name).\(member ?? "")") == .device,
                let id = named(byDeviceOf: evidence, &tables)
            {
                percpuClasses[offset] = id
                return id
            }
            if let member, !member.isEmpty {
                lockClass = LockClass(name: "\(symbol.name).\(member)", type: evidence.type, naming: "per-CPU")
            } else if symbol.offset == 0 {
                lockClass = LockClass(name: symbol.name, type: evidence.type, naming: "per-CPU")
            } else {
                lockClass = bySite(evidence, origin: "per-CPU", naming: "per-CPU memory, by call site")
            }
        } else {
            lockClass = bySite(evidence, origin: "per-CPU", naming: "per-CPU memory, by call site")
        }
        let id = tables.classes.intern(lockClass)
        percpuClasses[offset] = id
        return id
    }

    private mutating func named(
        byMemberOf cache: SlabCaches.Cache,
        _ evidence: LockEvidence,
        _ tables: inout EventTables
    ) -> LockClassID? {
        let members = members(of: cache, at: evidence.offset)
        guard members.count == 1, let name = members.first else { return nil }
        if let container = LockContainer(memberPath: name) {
            let place = SlabMember(cache: evidence.cache, offset: evidence.offset, type: evidence.type)
            note(container, at: place)
            return refined(container, evidence, place, &tables) ?? unset(container, evidence, &tables)
        }
        let path = name.split(separator: ".", maxSplits: 1).last.map(String.init) ?? name
        if let site = initSites.site(ofMember: path, type: evidence.type, offset: Int(evidence.offset)) {
            return tables.classes.intern(
                LockClass(name: site.name, type: evidence.type, origin: site.function, naming: "slab member")
            )
        }
        let lockClass = tables.classes.intern(
            LockClass(
                name: name,
                type: evidence.type,
                origin: cache.name,
                naming: "slab member",
                certainty: .inferred
            )
        )
        unions.noteProvisional(lockClass)
        return lockClass
    }

    /// Whether all locks at a place in a cache's objects are of one class.
    ///
    /// A merged cache holds objects of several structs: there only a member that just one of them has says so.
    private mutating func isOfOneKind(_ place: SlabMember, in cache: SlabCaches.Cache) -> Bool {
        if cache.isGeneral { return false }
        if cache.names.count == 1 { return true }
        if let answer = unambiguous[place] { return answer }
        let answer = members(of: cache, at: place.offset).count == 1
        unambiguous[place] = answer
        return answer
    }

    private func members(of cache: SlabCaches.Cache, at offset: UInt32) -> Set<String> {
        Set(cache.names.compactMap { member(ofObjectIn: $0, cache, at: Int(offset)) })
    }

    private func member(ofObjectIn cacheName: String, _ cache: SlabCaches.Cache, at offset: Int) -> String? {
        for structName in SlabStructs.candidates(for: cacheName) {
            // A cache called like its struct may hold less than the whole of it: task_struct's tail depends on the FPU.
            guard let size = types?.size(of: structName), size <= cache.size || structName == cacheName,
                let member = types?.lockMember(in: structName, at: offset)
            else { continue }
            return member.isEmpty ? structName : "\(structName).\(member)"
        }
        return nil
    }

    private mutating func named(
        bySite evidence: LockEvidence,
        _ place: SlabMember,
        _ origin: String,
        _ tables: inout EventTables
    ) -> LockClassID {
        let site = Site(address: evidence.site, memory: place)
        if case .one(let lockClass) = sites[site] { return current(lockClass) }
        let lockClass = tables.classes.intern(bySite(evidence, origin: origin, naming: "call site"))
        if sites[site] == nil {
            unions.noteProvisional(lockClass)
            sites[site] = .one(lockClass)
        }
        return lockClass
    }

    private func bySite(_ evidence: LockEvidence, origin: String, naming: String) -> LockClass {
        LockClass(
            name: "\(evidence.type.name)@\(symbols.caller(returningTo: evidence.site))",
            type: evidence.type,
            origin: origin,
            naming: naming,
            certainty: .inferred
        )
    }

    // MARK: Learning

    /// A (cache, offset) that one class of locks was seen at names the locks there that were initialised earlier.
    ///
    /// An initialiser that is inlined into two functions gives two classes of one name: at one place they are one.
    private mutating func teach(_ place: SlabMember, _ lockClass: LockClassID, _ tables: borrowing EventTables) {
        guard place.cache != 0, let cache = caches?.cache(at: place.cache, in: memory), isOfOneKind(place, in: cache)
        else { return }
        if case .one(let earlier)? = taught[place] {
            let (earlier, lockClass) = (current(earlier), current(lockClass))
            let (first, second) = (tables.classes[earlier], tables.classes[lockClass])
            if earlier != lockClass, first.name == second.name {
                // The same stays on every boot.
                let isKept = first.origin < second.origin
                unions.unify(isKept ? lockClass : earlier, into: isKept ? earlier : lockClass)
                taught[place] = .one(isKept ? earlier : lockClass)
                return
            }
        }
        taught[place] = unions.settle(taught[place], lockClass)
    }

    /// A site names the locks it takes in memory of one kind, and two sites that lock one address are one class.
    private mutating func learn(site address: UInt64, of place: SlabMember, is lockClass: LockClassID) {
        guard address != 0 else { return }
        let site = Site(address: address, memory: place)
        sites[site] = unions.settle(sites[site], lockClass)
    }

    /// There is one class of mmap_lock, however an instance was recognised.
    private mutating func meetMmapLock(_ lockClass: LockClassID) {
        if case .one(let kept) = unions.settle(mmapLock.map { .one($0) }, lockClass) { mmapLock = kept }
    }

    private func current(_ lockClass: LockClassID) -> LockClassID { unions.current(lockClass) }

    // MARK: Names

    /// What lockdep calls classes that are set right after the lock was initialised, all instances alike
    /// (fs/overlayfs/inode.c, ovl_lockdep_annotate_inode_mutex_key()).
    private static var annotated: [String: String] { ["&oi->lock": "&ovl_i_lock_key[depth]"] }

    private static var mmapLockName: String { "&mm->mmap_lock" }

    private func memoryKind(_ address: UInt64) -> String {
        address >= 0xffff_c900_0000_0000 && address < 0xffff_e900_0000_0000 ? "vmalloc" : "memory"
    }
}
