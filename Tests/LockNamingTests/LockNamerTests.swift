// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockNaming
import Testing

@Suite("Naming a lock")
struct LockNamerTests {
    private func lock(_ address: UInt64, at site: UInt64, cache: UInt64 = 0, offset: UInt32 = 0) -> LockEvidence {
        LockEvidence(lock: address, site: site, type: .mutex, cache: cache, offset: offset)
    }

    @Test("the name it was initialised with comes first, with the function that did it")
    func initialised() {
        var namer = namer()
        var tables = EventTables()
        namer.initialise(lock(FakeKernel.heap, at: FakeKernel.deviceInit), name: "&dev->lock")
        let id = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        let named = tables.classes[id]
        #expect(named.name == "&dev->lock")
        #expect(named.origin == "device_init")
        #expect(named.naming == "init")
        #expect(named.certainty == .exact)
    }

    @Test("a ww mutex is initialised as the mutex that it has")
    func initialisedAsMutex() {
        var namer = namer()
        var tables = EventTables()
        var taken = lock(FakeKernel.heap, at: FakeKernel.deviceOpen)
        namer.initialise(taken, name: "reservation_ww_class_mutex")
        taken.type = .wwMutex
        let id = namer.lockClass(of: taken, in: &tables)
        #expect(tables.classes[id].name == "reservation_ww_class_mutex")
        #expect(tables.classes[id].type == .wwMutex)
    }

    @Test("a static lock is its symbol; inside a larger object, the offset in it")
    func staticLocks() {
        var namer = namer()
        var tables = EventTables()
        let whole = namer.lockClass(of: lock(0xffff_ffff_8200_0000, at: FakeKernel.deviceOpen), in: &tables)
        let inside = namer.lockClass(of: lock(0xffff_ffff_8200_0058, at: FakeKernel.deviceOpen), in: &tables)
        #expect(tables.classes[whole].name == "gpu_lock")
        #expect(tables.classes[whole].certainty == .exact)
        #expect(tables.classes[inside].name == "rcu_state+0x18")
        #expect(tables.classes[inside].certainty == .inferred)
    }

    @Test("an unknown lock is called after who takes it, and says that this is a guess")
    func bySite() {
        var namer = namer()
        var tables = EventTables()
        let id = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        let named = tables.classes[id]
        #expect(named.name == "mutex@device_open")
        #expect(named.certainty == .inferred)
        #expect(named.naming == "call site")
    }

    @Test("two sites that lock one address are one class")
    func sitesUnify() {
        var namer = namer()
        var tables = EventTables()
        let first = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        let second = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceClose), in: &tables)
        #expect(first == second)
        let other = namer.lockClass(of: lock(FakeKernel.heap + 4096, at: FakeKernel.deviceClose), in: &tables)
        #expect(other == first)
    }

    @Test("a site seen with a named lock names those that were initialised before tracing began")
    func siteLearnsName() {
        var namer = namer()
        var tables = EventTables()
        let early = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        namer.initialise(lock(FakeKernel.heap + 64, at: FakeKernel.deviceInit), name: "&dev->lock")
        let late = namer.lockClass(of: lock(FakeKernel.heap + 64, at: FakeKernel.deviceOpen), in: &tables)
        #expect(tables.classes[late].name == "&dev->lock")
        let unifications = namer.takeUnifications()
        #expect(unifications.map(\.kept) == [late])
        #expect(unifications.map(\.gone) == [early])
        #expect(namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables) == late)
    }

    @Test("memory that is initialised again is another lock")
    func reinitialised() {
        var namer = namer()
        var tables = EventTables()
        namer.initialise(lock(FakeKernel.heap, at: FakeKernel.deviceInit), name: "&a->lock")
        let first = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        namer.initialise(lock(FakeKernel.heap, at: FakeKernel.deviceInit), name: "&b->lock")
        let second = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        #expect(tables.classes[first].name == "&a->lock")
        #expect(tables.classes[second].name == "&b->lock")
        #expect(namer.takeUnifications().isEmpty)
    }

    @Test("a site that takes locks of two names names neither of a third")
    func ambiguousSite() {
        var namer = namer()
        var tables = EventTables()
        for (index, name) in ["&a->lock", "&b->lock"].enumerated() {
            let address = FakeKernel.heap + UInt64(index) * 64
            namer.initialise(lock(address, at: FakeKernel.deviceInit), name: name)
            _ = namer.lockClass(of: lock(address, at: FakeKernel.deviceOpen), in: &tables)
        }
        let third = namer.lockClass(of: lock(FakeKernel.heap + 640, at: FakeKernel.deviceOpen), in: &tables)
        #expect(tables.classes[third].name == "mutex@device_open")
    }

    @Test("current->mm's lock is mmap_lock, before and after its initialiser was seen")
    func mmapLock() {
        var namer = namer()
        var tables = EventTables()
        var own = LockEvidence(lock: FakeKernel.heap, site: FakeKernel.deviceOpen, type: .rwsem)
        own.isOwnMmapLock = true
        let early = namer.lockClass(of: own, in: &tables)
        #expect(tables.classes[early].name == "&mm->mmap_lock")
        let made = LockEvidence(lock: FakeKernel.heap + 64, site: FakeKernel.deviceInit, type: .rwsem)
        namer.initialise(made, name: "&mm->mmap_lock")
        let late = namer.lockClass(of: made, in: &tables)
        #expect(namer.takeUnifications().map(\.gone) == [early])
        #expect(namer.lockClass(of: own, in: &tables) == late)
    }

    @Test("static locks of one name in one kernel are classes of their own, the same ones on every boot")
    func staticNamesakes() {
        var namer = namer(
            """
            ffffffff82000000 d lock
            ffffffff82000020 d gpu_lock
            ffffffff82000040 d lock
            ffffffff82000060 d lock\t[mod]
            ffffffff82001000 D _end

            """
        )
        var tables = EventTables()
        let addresses: [UInt64] = [0xffff_ffff_8200_0000, 0xffff_ffff_8200_0040, 0xffff_ffff_8200_0060]
        var classes: [LockClass] = []
        for address in addresses {
            let id = namer.lockClass(of: lock(address, at: FakeKernel.deviceOpen), in: &tables)
            classes.append(tables.classes[id])
        }
        #expect(classes.map(\.name) == ["lock", "lock", "lock"])
        #expect(classes.map(\.origin) == ["", "#2", "mod"])
        #expect(classes.allSatisfy { $0.isStatic })
    }

    @Test("after a loss no address is what it was: what was initialised since may not have been told")
    func forgottenAddresses() {
        var namer = namer()
        var tables = EventTables()
        namer.initialise(lock(FakeKernel.heap, at: FakeKernel.deviceInit), name: "&a->lock")
        let before = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceOpen), in: &tables)
        namer.forgetAddresses()
        let elsewhere = namer.lockClass(of: lock(FakeKernel.heap, at: FakeKernel.deviceClose), in: &tables)
        #expect(tables.classes[elsewhere].name == "mutex@device_close")
        // The site is still known for what it takes.
        let after = namer.lockClass(of: lock(FakeKernel.heap + 64, at: FakeKernel.deviceOpen), in: &tables)
        #expect(after == before)
    }

    @Test("slab reuse: the same memory in another cache, or at another place in its objects, is another lock")
    func slabReuse() {
        var namer = namer()
        var tables = EventTables()
        let first = LockEvidence(lock: FakeKernel.heap, site: FakeKernel.deviceInit, type: .mutex, cache: 1, offset: 8)
        namer.initialise(first, name: "&a->lock")
        var use = first
        use.site = FakeKernel.deviceOpen
        let same = namer.lockClass(of: use, in: &tables)
        #expect(tables.classes[same].name == "&a->lock")
        use.cache = 2
        use.site = FakeKernel.deviceClose
        let inAnotherCache = namer.lockClass(of: use, in: &tables)
        #expect(tables.classes[inAnotherCache].name == "mutex@device_close")
        use.cache = 1
        use.offset = 16
        let elsewhere = namer.lockClass(of: use, in: &tables)
        #expect(tables.classes[elsewhere].name == "mutex@device_close")
    }
}
