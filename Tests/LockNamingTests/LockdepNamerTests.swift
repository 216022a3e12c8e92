// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockNaming

/// A page of kernel code that loads one key in each of two functions.
private struct Code: KernelMemory {
    static let start: UInt64 = 0xffff_ffff_8100_0000

    func read(at address: UInt64, count: Int) -> [UInt8]? {
        guard address == Self.start else { return nil }
        var code = [UInt8](repeating: 0x90, count: count)
        // mov $key, %rdx in mm_init, mov $key, %r8 in alloc_super.
        code.replaceSubrange(0x10..<0x17, with: [0x48, 0xc7, 0xc2, 0x00, 0x10, 0x00, 0x82])
        code.replaceSubrange(0x110..<0x117, with: [0x49, 0xc7, 0xc0, 0x10, 0x10, 0x00, 0x82])
        return code
    }
}

@Suite("lockdep's classes")
struct LockdepNamerTests {
    private static let symbols = """
        ffffffff81000000 T _stext
        ffffffff81000008 t mm_init
        ffffffff81000100 t alloc_super
        ffffffff81000200 T _etext
        ffffffff82000000 d pmus_lock
        ffffffff82000100 d ext4_fs_type
        ffffffff82000200 d lock
        ffffffff82000300 d lock
        ffffffff82001000 b __key.1
        ffffffff82001010 b __key.2
        ffffffff82001020 b __key.3
        ffffffff82002000 d __lockdep_no_validate__
        ffffffffc0000000 d gpu_lock	[seed]
        ffffffffc0001000 d end	[seed]

        """

    private var tables = EventTables()
    private var namer: LockdepNamer<Code>
    private var nameAddress: UInt32 = 0

    init() {
        namer = LockdepNamer(
            symbols: SymbolTable(kallsyms: Array(Self.symbols.utf8)),
            types: nil,
            memory: Code(),
            processors: 1,
            lockdep: """
                all lock classes:
                ffffffff82001020 FD:    1 BD:   10 ..-.: &zone->lock
                ffffffff82001030 FD:   22 BD:    5 +.+.: &x->wait#2
                 -> [ffffffff82001020] &zone->lock

                """
        )
    }

    private mutating func meet(_ name: String, key: UInt64, lock: UInt64 = 0xffff_8880_0000_0000) -> LockClass {
        nameAddress += 1
        namer.meet(
            KeyedClass(
                key: key,
                name: nameAddress,
                text: name,
                lock: lock,
                type: .mutex,
                isChecked: true,
                isOrdered: false
            ),
            in: &tables
        )
        return tables.classes[namer.lockClass(key: key, name: nameAddress)]
    }

    @Test("a lock that is its own key is known by its name and its module")
    mutating func ownKey() {
        let pmus = meet("pmus_lock", key: 0xffff_ffff_8200_0040, lock: 0xffff_ffff_8200_0040)
        #expect(pmus.name == "pmus_lock" && pmus.origin.isEmpty && pmus.isStatic)
        let gpu = meet("gpu_lock", key: 0xffff_ffff_c000_0040, lock: 0xffff_ffff_c000_0040)
        #expect(gpu.origin == "seed")
    }

    @Test("static locks that share a name are told apart, the same on each boot")
    mutating func namesakes() {
        let second = meet("lock", key: 0xffff_ffff_8200_0340, lock: 0xffff_ffff_8200_0340)
        let first = meet("lock", key: 0xffff_ffff_8200_0240, lock: 0xffff_ffff_8200_0240)
        #expect(first.origin.isEmpty)
        #expect(second.origin == "#2")
    }

    @Test("a key in a variable is known by the variable")
    mutating func variable() {
        #expect(meet("sb_writers", key: 0xffff_ffff_8200_0110).origin == "ext4_fs_type")
    }

    @Test("an initialiser's key is known by the function whose code loads it")
    mutating func function() {
        #expect(meet("&mm->mmap_lock", key: 0xffff_ffff_8200_1000).origin == "mm_init")
        #expect(meet("&s->s_sync_lock", key: 0xffff_ffff_8200_1010).origin == "alloc_super")
    }

    @Test("where that function is gone, its number serves only names that need one")
    mutating func bootCode() {
        #expect(meet("&zone->lock", key: 0xffff_ffff_8200_1020).origin == "boot code")
        #expect(meet("&x->wait", key: 0xffff_ffff_8200_1020).origin == "__key#3")
    }

    @Test("keys of run time that share a name are numbered as they come")
    mutating func dynamic() {
        #expect(meet("jbd2_handle", key: 0xffff_8880_1000_0000).origin.isEmpty)
        #expect(meet("jbd2_handle", key: 0xffff_8880_2000_0000).origin == "#2")
    }

    @Test("a lock without validation is kept out of verdicts")
    mutating func unvalidated() {
        let device = meet("&dev->mutex", key: 0xffff_ffff_8200_2000)
        #expect(!device.isValidated)
    }

    @Test("no address is part of an identity")
    mutating func identity() {
        let here = meet("&mm->mmap_lock", key: 0xffff_ffff_8200_1000, lock: 0xffff_8880_0000_0010)
        let there = meet("&mm->mmap_lock", key: 0xffff_ffff_8200_1000, lock: 0xffff_8880_7777_0010)
        #expect(here == there)
    }
}
