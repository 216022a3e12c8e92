// SPDX-License-Identifier: Apache-2.0

internal import CLockRecords

/// The object that a lock is part of, where the object says which class the lock is of.
///
/// On a debug kernel `lockdep_set_class()` makes these differences (facts read in fs/inode.c, fs/super.c and
/// fs/kernfs/file.c of 6.1 and 6.12); a stock kernel compiles it out, so it is done again from the objects themselves.
enum LockContainer: CaseIterable {
    /// `inode.i_rwsem`: by file system, directory or not, and stacking depth.
    case inode
    /// `super_block.s_umount`: by file system.
    case superBlock
    /// `super_block.s_vfs_rename_mutex`: by file system.
    case rename
    /// `kernfs_open_file.mutex`: by whether the file can be mapped.
    case kernfsFile
    /// `address_space.invalidate_lock`: by file system.
    case mapping
    /// `device.mutex`: lockdep does not validate it.
    case device

    /// What the lock is initialised as, on all kernels looked at.
    var initialName: String {
        switch self {
        case .inode: "&inode->i_rwsem"
        case .superBlock: "&s->s_umount"
        case .rename: "&s->s_vfs_rename_mutex"
        case .kernfsFile: "&of->mutex"
        case .mapping: "&mapping->invalidate_lock"
        case .device: "&dev->mutex"
        }
    }

    /// What lockdep calls the lock's class once it is set, whichever of the several it is.
    var annotatedName: String {
        switch self {
        case .inode: "&sb->s_type->i_mutex_key"
        case .superBlock: "&type->s_umount_key"
        case .rename: "&type->s_vfs_rename_key"
        // fs/inode.c, inode_init_always()
        case .mapping: "mapping.invalidate_lock"
        case .kernfsFile, .device: initialName
        }
    }

    /// The struct and the member that is the lock.
    var member: (structName: String, field: String) {
        switch self {
        case .inode: ("inode", "i_rwsem")
        case .superBlock: ("super_block", "s_umount")
        case .rename: ("super_block", "s_vfs_rename_mutex")
        case .kernfsFile: ("kernfs_open_file", "mutex")
        case .mapping: ("address_space", "invalidate_lock")
        case .device: ("device", "mutex")
        }
    }

    /// How the BPF programs know the container; nil for those by which no class is split.
    var recordKind: UInt32? {
        switch self {
        case .inode: LD_INODE.rawValue
        case .superBlock: LD_SUPER_BLOCK.rawValue
        case .rename: LD_RENAME.rawValue
        case .kernfsFile: LD_KERNFS_FILE.rawValue
        case .mapping: LD_MAPPING.rawValue
        case .device: nil
        }
    }

    /// The container whose lock is initialised under a name.
    init?(initialName: String) {
        guard let container = Self.allCases.first(where: { $0.initialName == initialName }) else { return nil }
        self = container
    }

    /// The container at the end of a member path: `ext4_inode_info.vfs_inode.i_rwsem` ends in an inode's.
    init?(memberPath: String) {
        let parts = memberPath.split(separator: ".")
        guard parts.count >= 2 else { return nil }
        switch (parts[parts.count - 2], parts[parts.count - 1]) {
        case (_, "i_rwsem"): self = .inode
        case (_, "invalidate_lock"): self = .mapping
        case ("dev", "mutex"), ("device", "mutex"), ("_dev", "mutex"): self = .device
        default: return nil
        }
    }
}
