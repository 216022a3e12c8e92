// SPDX-License-Identifier: Apache-2.0

/// Reads, from the object around a lock, what its class depends on.
///
/// The object is read a while after its lock was used: a moment on a quiet machine, seconds on a busy one. By then the memory
/// may be another object's. Every pointer on the way is checked against what it must lead to, and where the programs have
/// said what the object was like (`container_detail` of bpf/lock_origin.h), it must still be like that. A file system that
/// the kernel lists is told from what the programs said alone.
struct ContainerReader {
    /// What a container adds to its lock's class.
    struct Refinement: Equatable {
        var name: String
        var origin: String
        var isValidated = true
    }

    private let offsets: [LockContainer: UInt64]
    private let superBlockOfInode: UInt64?
    private let hostOfMapping: UInt64?
    private let mode: UInt64?
    private let typeOfSuperBlock: UInt64?
    private let depthOfSuperBlock: UInt64?
    private let nameOfType: UInt64?
    private let nodeOfFile: UInt64?
    private let sequenceOfFile: UInt64?
    private let ownerOfSequence: UInt64?
    private let operationsOfNode: UInt64?
    private let mmapOfOperations: UInt64?
    private let ktypeOfDevice: UInt64?
    private let deviceKtype: UInt64?
    private let registeredTypes: UInt64?
    private let nextOfType: UInt64?
    /// What the programs' numbers stand for, by container: of file systems that the kernel lists.
    private var listed: [LockContainer: [UInt32: Refinement]] = [:]
    /// How many file systems the kernel listed when ``listed`` was made.
    private var listedTypes = 0
    private var fileSystems: Set<String> = []
    private var rejected: Set<String> = []

    init(types: borrowing KernelTypes, symbols: SymbolTable) {
        let offset = { (types: borrowing KernelTypes, structName: String, field: String) in
            types.offset(of: field, in: structName).map(UInt64.init)
        }
        var offsets: [LockContainer: UInt64] = [:]
        for container in LockContainer.allCases {
            offsets[container] = offset(types, container.member.structName, container.member.field)
        }
        self.offsets = offsets
        hostOfMapping = offset(types, "address_space", "host")
        superBlockOfInode = offset(types, "inode", "i_sb")
        mode = offset(types, "inode", "i_mode")
        typeOfSuperBlock = offset(types, "super_block", "s_type")
        depthOfSuperBlock = offset(types, "super_block", "s_stack_depth")
        nameOfType = offset(types, "file_system_type", "name")
        nodeOfFile = offset(types, "kernfs_open_file", "kn")
        sequenceOfFile = offset(types, "kernfs_open_file", "seq_file")
        ownerOfSequence = offset(types, "seq_file", "private")
        operationsOfNode = offset(types, "kernfs_node", "attr").flatMap { attr in
            offset(types, "kernfs_elem_attr", "ops").map { attr + $0 }
        }
        mmapOfOperations = offset(types, "kernfs_ops", "mmap")
        ktypeOfDevice = offset(types, "device", "kobj").flatMap { object in
            offset(types, "kobject", "ktype").map { object + $0 }
        }
        deviceKtype = symbols.address(of: "device_ktype")
        registeredTypes = symbols.address(of: "file_systems")
        nextOfType = offset(types, "file_system_type", "next")
    }

    /// The offset of a container's lock in it.
    func offset(of container: LockContainer) -> UInt64? { offsets[container] }

    /// What the container around a lock says of its class; nil when it is not such a container, not set up yet, or not any
    /// more what it was when the lock was used.
    ///
    /// - Parameters:
    ///   - detail: what the programs said of the container, or zero.
    ///   - isSure: the lock was initialised as such a container's; otherwise only its place in memory says so.
    mutating func refinement(
        of container: LockContainer,
        lock: UInt64,
        detail: UInt32,
        isSure: Bool,
        in memory: some KernelMemory
    ) -> Refinement? {
        guard let offset = offsets[container] else { return nil }
        let object = lock &- offset
        switch container {
        case .inode, .superBlock, .rename, .mapping:
            // A super block is locked before it is told its file system (fs/super.c, alloc_super()).
            let wasBlank = isSure && container != .inode && detail == Self.blank
            guard let (read, number) = fileSystemObject(container, at: object, memory),
                detail == 0 || detail == number || wasBlank
            else { return detail == 0 ? nil : listedRefinement(of: container, detail, memory) }
            return read
        case .kernfsFile:
            guard isSure || isKernfsFile(object, memory) else { return nil }
            let told = [false, true].first { detail == Self.fold($0 ? 2 : 4) }
            return told.map { Self.kernfsFile(canBeMapped: $0) } ?? kernfsFile(at: object, memory)
        case .device:
            return isDevice(object, memory)
                ? Refinement(name: LockContainer.device.initialName, origin: "device_initialize", isValidated: false)
                : nil
        }
    }

    /// What the programs say of an object that is not set up.
    static let blank = fold(0)

    /// The same as `fold()` of bpf/lock_origin.h.
    private static func fold(_ word: UInt64) -> UInt32 { UInt32((word &* 0x9e37_79b9_7f4a_7c15) >> 32) | 1 }

    /// What an inode or a super block says now, and the number that the programs would give for that.
    private mutating func fileSystemObject(
        _ container: LockContainer,
        at object: UInt64,
        _ memory: some KernelMemory
    ) -> (Refinement, UInt32)? {
        var superBlock = object
        var isDirectory = false
        var depth: UInt32 = 0
        if container == .mapping {
            guard let hostOfMapping, let superBlockOfInode,
                let inode = memory.word(at: object &+ hostOfMapping),
                let pointer = memory.word(at: inode &+ superBlockOfInode)
            else { return nil }
            superBlock = pointer
        } else if container == .inode {
            guard let superBlockOfInode, let mode, let depthOfSuperBlock,
                let pointer = memory.word(at: object &+ superBlockOfInode),
                let bits = memory.halfWord(at: object &+ mode),
                let stacked = memory.halfWord(at: pointer &+ depthOfSuperBlock)
            else { return nil }
            superBlock = pointer
            isDirectory = bits & 0o170000 == 0o040000
            depth = stacked
        }
        guard let typeOfSuperBlock, let type = memory.word(at: superBlock &+ typeOfSuperBlock),
            let name = name(ofType: type, memory), isFileSystem(name)
        else { return nil }
        return Self.described(container, type: type, name, isDirectory: isDirectory, depth: depth)
    }

    /// What the programs' number stands for, by the file systems that the kernel lists (fs/filesystems.c).
    private mutating func listedRefinement(
        of container: LockContainer,
        _ detail: UInt32,
        _ memory: some KernelMemory
    ) -> Refinement? {
        if let known = listed[container]?[detail] { return known }
        guard let registeredTypes, let nextOfType else { return nil }
        var types: [(address: UInt64, name: String)] = []
        var position = memory.word(at: registeredTypes)
        // The list changes under us when a module comes or goes: a bound, not trust, ends the walk.
        while let type = position, type != 0, types.count < 512, let name = name(ofType: type, memory) {
            types.append((type, name))
            position = memory.word(at: type &+ nextOfType)
        }
        guard types.count != listedTypes else { return nil }
        listedTypes = types.count
        listed = [:]
        for type in types {
            for container in [LockContainer.superBlock, .rename, .mapping] {
                let (refinement, number) = Self.described(container, type: type.address, type.name)
                listed[container, default: [:]][number] = refinement
            }
            // FILESYSTEM_MAX_STACK_DEPTH of include/linux/fs.h.
            for depth in UInt32(0)...2 {
                for isDirectory in [false, true] {
                    let (refinement, number) = Self.described(
                        .inode,
                        type: type.address,
                        type.name,
                        isDirectory: isDirectory,
                        depth: depth
                    )
                    listed[.inode, default: [:]][number] = refinement
                }
            }
        }
        return listed[container]?[detail]
    }

    private static func described(
        _ container: LockContainer,
        type: UInt64,
        _ fileSystem: String,
        isDirectory: Bool = false,
        depth: UInt32 = 0
    ) -> (Refinement, UInt32) {
        var name = container.annotatedName
        var origin = fileSystem
        if container == .inode, fileSystem == "overlay" {
            // fs/overlayfs/inode.c: ovl_lockdep_annotate_inode_mutex_key()
            name = isDirectory ? "&ovl_i_mutex_dir_key[depth]" : "&ovl_i_mutex_key[depth]"
            origin = "overlay, depth \(depth)"
        } else if isDirectory {
            name = "&type->i_mutex_dir_key"
        }
        let number = fold(type &+ (isDirectory ? 1 : 0) &+ UInt64(depth) << 1)
        return (Refinement(name: name, origin: origin), number)
    }

    /// Whether memory that nothing named is a device, told by its kobject's type.
    private func isDevice(_ object: UInt64, _ memory: some KernelMemory) -> Bool {
        guard let ktypeOfDevice, let deviceKtype else { return false }
        return memory.word(at: object &+ ktypeOfDevice) == deviceKtype
    }

    /// Whether memory that nothing named is an open file of kernfs: its seq_file points back at it (fs/kernfs/file.c).
    private func isKernfsFile(_ object: UInt64, _ memory: some KernelMemory) -> Bool {
        guard let sequenceOfFile, let ownerOfSequence, let sequence = memory.word(at: object &+ sequenceOfFile) else {
            return false
        }
        return memory.word(at: sequence &+ ownerOfSequence) == object
    }

    private func kernfsFile(at file: UInt64, _ memory: some KernelMemory) -> Refinement? {
        guard let nodeOfFile, let operationsOfNode, let mmapOfOperations,
            let node = memory.word(at: file &+ nodeOfFile),
            let operations = memory.word(at: node &+ operationsOfNode),
            let mmap = memory.word(at: operations &+ mmapOfOperations)
        else { return nil }
        return Self.kernfsFile(canBeMapped: mmap != 0)
    }

    private static func kernfsFile(canBeMapped: Bool) -> Refinement {
        Refinement(
            name: LockContainer.kernfsFile.initialName,
            origin: canBeMapped ? "kernfs_fop_open, file with mmap" : "kernfs_fop_open"
        )
    }

    private func name(ofType type: UInt64, _ memory: some KernelMemory) -> String? {
        guard let nameOfType, let pointer = memory.word(at: type &+ nameOfType) else { return nil }
        return memory.name(at: pointer, limit: 32)
    }

    /// Whether the kernel lists a file system of that name; the list is read again when a new name turns up.
    private mutating func isFileSystem(_ name: String) -> Bool {
        if fileSystems.contains(name) { return true }
        guard rejected.insert(name).inserted else { return false }
        let lines = (KernelFile.text(at: "/proc/filesystems") ?? "").split(separator: "\n")
        fileSystems = Set(lines.compactMap { $0.split(whereSeparator: \.isWhitespace).last.map(String.init) })
        // Not every type registers itself: these are mounted by the kernel alone.
        fileSystems.formUnion(["pipefs", "sockfs", "bdev", "anon_inodefs", "devtmpfs", "rootfs", "nsfs", "dmabuf"])
        return fileSystems.contains(name)
    }
}
