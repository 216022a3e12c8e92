// SPDX-License-Identifier: Apache-2.0

/// Reads, from the object around a lock, what its class depends on.
///
/// The object is read a moment after its lock was used. Slab memory keeps its type that long in all but the rarest cases,
/// and every pointer on the way is checked against what it must lead to, so that other memory gives no answer rather than
/// a wrong one.
struct ContainerReader {
    /// What a container adds to its lock's class.
    struct Refinement {
        var name: String
        var origin: String
        var isValidated = true
    }

    private let offsets: [LockContainer: UInt64]
    private let superBlockOfInode: UInt64?
    private let mode: UInt64?
    private let typeOfSuperBlock: UInt64?
    private let depthOfSuperBlock: UInt64?
    private let nameOfType: UInt64?
    private let nodeOfFile: UInt64?
    private let operationsOfNode: UInt64?
    private let mmapOfOperations: UInt64?
    private let ktypeOfDevice: UInt64?
    private let deviceKtype: UInt64?
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
        superBlockOfInode = offset(types, "inode", "i_sb")
        mode = offset(types, "inode", "i_mode")
        typeOfSuperBlock = offset(types, "super_block", "s_type")
        depthOfSuperBlock = offset(types, "super_block", "s_stack_depth")
        nameOfType = offset(types, "file_system_type", "name")
        nodeOfFile = offset(types, "kernfs_open_file", "kn")
        operationsOfNode = offset(types, "kernfs_node", "attr").flatMap { attr in
            offset(types, "kernfs_elem_attr", "ops").map { attr + $0 }
        }
        mmapOfOperations = offset(types, "kernfs_ops", "mmap")
        ktypeOfDevice = offset(types, "device", "kobj").flatMap { object in
            offset(types, "kobject", "ktype").map { object + $0 }
        }
        deviceKtype = symbols.address(of: "device_ktype")
    }

    /// The offset of a container's lock in it.
    func offset(of container: LockContainer) -> UInt64? { offsets[container] }

    /// What the container around a lock says of its class; nil when it is not such a container, or not set up yet.
    mutating func refinement(of container: LockContainer, lock: UInt64, in memory: some KernelMemory) -> Refinement? {
        guard let offset = offsets[container] else { return nil }
        let object = lock &- offset
        switch container {
        case .inode: return inode(at: object, memory)
        case .superBlock:
            return fileSystem(ofSuperBlock: object, memory).map { Refinement(name: "&type->s_umount_key", origin: $0) }
        case .rename:
            return fileSystem(ofSuperBlock: object, memory)
                .map { Refinement(name: "&type->s_vfs_rename_key", origin: $0) }
        case .kernfsFile: return kernfsFile(at: object, memory)
        case .device:
            return isDevice(object, memory)
                ? Refinement(name: LockContainer.device.initialName, origin: "device_initialize", isValidated: false)
                : nil
        }
    }

    /// Whether memory that nothing named is a device, told by its kobject's type.
    private func isDevice(_ object: UInt64, _ memory: some KernelMemory) -> Bool {
        guard let ktypeOfDevice, let deviceKtype else { return false }
        return memory.word(at: object &+ ktypeOfDevice) == deviceKtype
    }

    private mutating func inode(at inode: UInt64, _ memory: some KernelMemory) -> Refinement? {
        guard let superBlockOfInode, let mode, let depthOfSuperBlock,
            let superBlock = memory.word(at: inode &+ superBlockOfInode),
            let fileSystem = fileSystem(ofSuperBlock: superBlock, memory),
            let bits = memory.halfWord(at: inode &+ mode),
            let depth = memory.halfWord(at: superBlock &+ depthOfSuperBlock)
        else { return nil }
        let isDirectory = bits & 0o170000 == 0o040000
        if fileSystem == "overlay" {
            // fs/overlayfs/inode.c: ovl_lockdep_annotate_inode_mutex_key()
            let name = isDirectory ? "&ovl_i_mutex_dir_key[depth]" : "&ovl_i_mutex_key[depth]"
            return Refinement(name: name, origin: "overlay, depth \(depth)")
        }
        return Refinement(
            name: isDirectory ? "&type->i_mutex_dir_key" : "&sb->s_type->i_mutex_key",
            origin: fileSystem
        )
    }

    private func kernfsFile(at file: UInt64, _ memory: some KernelMemory) -> Refinement? {
        guard let nodeOfFile, let operationsOfNode, let mmapOfOperations,
            let node = memory.word(at: file &+ nodeOfFile),
            let operations = memory.word(at: node &+ operationsOfNode),
            let mmap = memory.word(at: operations &+ mmapOfOperations)
        else { return nil }
        return Refinement(
            name: LockContainer.kernfsFile.initialName,
            origin: mmap == 0 ? "kernfs_fop_open" : "kernfs_fop_open, file with mmap"
        )
    }

    private mutating func fileSystem(ofSuperBlock superBlock: UInt64, _ memory: some KernelMemory) -> String? {
        guard let typeOfSuperBlock, let nameOfType,
            let type = memory.word(at: superBlock &+ typeOfSuperBlock),
            let pointer = memory.word(at: type &+ nameOfType),
            let name = memory.name(at: pointer, limit: 32), isFileSystem(name)
        else { return nil }
        return name
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
