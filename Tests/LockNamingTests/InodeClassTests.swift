// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockNaming
import Testing

/// Locks of inodes, with the types of the kernel that the tests run on.
@Suite("Naming the lock of an inode")
struct InodeClassTests {
    private static let directory: UInt64 = 0o040755
    private static let file: UInt64 = 0o100644

    /// A tmpfs with one inode, and the programs' word for what it is.
    private struct Machine: ~Copyable {
        static let cache: UInt64 = 0xffff_8880_0001_0000
        static let inode: UInt64 = 0xffff_8880_0002_0000
        static let superBlock: UInt64 = 0xffff_8880_0003_0000
        static let fileSystem: UInt64 = 0xffff_ffff_8300_0000

        var namer: LockNamer<FakeMemory>
        var tables = EventTables()
        var lock = LockEvidence(lock: 0, site: FakeKernel.deviceOpen, type: .rwsem, cache: Self.cache, offset: 0)

        /// What `container_detail()` of bpf/lock_origin.h says of a file (0) or a directory (1) there.
        static func detail(_ isDirectory: UInt64) -> UInt32 {
            UInt32(((fileSystem + isDirectory) &* 0x9e37_79b9_7f4a_7c15) >> 32) | 1
        }

        private struct Missing: Error, CustomStringConvertible {
            var description: String
        }

        private static func offset(
            _ field: String,
            _ structName: String,
            _ types: borrowing KernelTypes
        ) throws -> UInt64 {
            guard let offset = types.offset(of: field, in: structName) else {
                throw Missing(description: "this kernel has no \(structName).\(field)")
            }
            return UInt64(offset)
        }

        /// The inode's memory says `mode` when it is read.
        init(mode: UInt64) throws {
            guard let types = KernelTypes() else { throw Missing(description: "this kernel has no BTF") }
            var memory = FakeMemory()
            func text(_ name: String, at address: UInt64) {
                let bytes = Array(name.utf8) + Array(repeating: 0, count: 64)
                for index in stride(from: 0, to: 64, by: 8) {
                    memory.words[address + UInt64(index)] = bytes[index..<(index + 8)].reversed().reduce(0) {
                        $0 << 8 | UInt64($1)
                    }
                }
            }
            memory.words[Self.cache + (try Self.offset("name", "kmem_cache", types))] = Self.cache + 0x800
            memory.words[Self.cache + (try Self.offset("size", "kmem_cache", types))] = 1024
            text("livedep_inode_cache", at: Self.cache + 0x800)
            memory.words[Self.inode + (try Self.offset("i_mode", "inode", types))] = mode
            memory.words[Self.inode + (try Self.offset("i_sb", "inode", types))] = Self.superBlock
            memory.words[Self.superBlock + (try Self.offset("s_stack_depth", "super_block", types))] = 0
            memory.words[Self.superBlock + (try Self.offset("s_type", "super_block", types))] = Self.fileSystem
            memory.words[Self.fileSystem + (try Self.offset("name", "file_system_type", types))] =
                Self.fileSystem + 0x800
            text("tmpfs", at: Self.fileSystem + 0x800)
            let place = try Self.offset("i_rwsem", "inode", types)
            lock.lock = Self.inode + place
            lock.offset = UInt32(place)
            namer = LockNamer(
                symbols: SymbolTable(kallsyms: Array(FakeKernel.symbols.utf8)),
                types: types,
                memory: memory,
                slabLinks: ["livedep_inode_cache": ":0001024"],
                processors: 1
            )
            namer.initialise(lock, name: "&inode->i_rwsem")
        }

        mutating func lockClass(detail: UInt32) -> LockClass {
            lock.detail = detail
            let id = namer.lockClass(of: lock, in: &tables)
            return tables.classes[id]
        }
    }

    @Test("what the programs said while it was locked tells a directory from a file")
    func told() throws {
        var machine = try Machine(mode: Self.directory)
        #expect(machine.lockClass(detail: Machine.detail(1)).name == "&type->i_mutex_dir_key")
        #expect(machine.lockClass(detail: Machine.detail(1)).origin == "tmpfs")
        var other = try Machine(mode: Self.file)
        #expect(other.lockClass(detail: Machine.detail(0)).name == "&sb->s_type->i_mutex_key")
    }

    @Test("what nobody said then is not read later: the memory may be another inode's", arguments: [file, directory])
    func untold(mode: UInt64) throws {
        var machine = try Machine(mode: mode)
        let early = machine.lockClass(detail: 0)
        #expect(!early.isValidated)
        #expect(early.origin == "not set up")
        // The programs learned of the place from the first one.
        let isTold = machine.namer.hasContainerPlaces
        #expect(isTold)
        #expect(machine.lockClass(detail: Machine.detail(mode == Self.directory ? 1 : 0)).isValidated)
    }

    @Test("memory that says something else than the programs did is not believed")
    func changed() throws {
        var machine = try Machine(mode: Self.file)
        #expect(!machine.lockClass(detail: Machine.detail(1)).isValidated)
    }
}
