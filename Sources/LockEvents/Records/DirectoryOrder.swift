// SPDX-License-Identifier: Apache-2.0

/// The one place where directories are locked in no order of their own: under their file system's rename mutex.
///
/// A rename locks both parents, and a directory that moves or goes, in an order that depends on where each lies below the
/// other; two that are unrelated come in the order of the arguments. `s_vfs_rename_mutex` makes that safe, as a nest lock
/// would (Documentation/filesystems/directory-locking.rst); on a debug kernel subclasses say so, which a stock kernel compiles
/// out. Both classes carry the file system as their origin, so a mutex of one does not excuse the directories of another.
@usableFromInline
struct DirectoryOrder {
    private enum Role: UInt8 { case unknown, other, renameMutex, directory }

    private var roles: [Role] = []
    /// Where the file system's name stands, by class; classes of one origin have one number.
    private var fileSystems: [UInt32] = []
    private var numbers: [String: UInt32] = [:]

    @usableFromInline
    init() {}

    /// Whether ``mark(_:count:_:in:)`` has anything to do: a rename mutex is held, or a class was not looked at yet.
    ///
    /// Most records have neither. This asks for no class, so that they do without the tables.
    @usableFromInline
    func concerns(_ held: [HeldLock], count: Int, _ event: LockEvent) -> Bool {
        for index in 0..<count where isOpen(held[index].lockClass) { return true }
        return count > 0 && isOpen(event.lockClass)
    }

    @inline(__always)
    private func isOpen(_ lockClass: LockClassID) -> Bool {
        guard lockClass != .none else { return false }
        let index = Int(lockClass.rawValue)
        return index >= roles.count || roles[index] == .unknown || roles[index] == .renameMutex
    }

    /// Marks the directories among the held locks, and the lock that is being taken, as nested under the rename mutex that
    /// is held below them.
    @usableFromInline
    mutating func mark(
        _ held: inout [HeldLock],
        count: Int,
        _ event: inout LockEvent,
        in classes: LockClassTable
    ) {
        guard count > 0 else { return }
        var mutex = LockID.none
        var fileSystem: UInt32 = 0
        for index in 0..<count {
            let lockClass = held[index].lockClass
            switch role(of: lockClass, in: classes) {
            case .renameMutex:
                mutex = held[index].lock
                fileSystem = fileSystems[Int(lockClass.rawValue)]
            case .directory where mutex != .none && fileSystems[Int(lockClass.rawValue)] == fileSystem:
                held[index].nest = mutex
            default: break
            }
        }
        guard mutex != .none, role(of: event.lockClass, in: classes) == .directory,
            fileSystems[Int(event.lockClass.rawValue)] == fileSystem
        else { return }
        event.nest = mutex
    }

    private mutating func role(of lockClass: LockClassID, in classes: LockClassTable) -> Role {
        guard lockClass != .none else { return .other }
        let index = Int(lockClass.rawValue)
        if index < roles.count, roles[index] != .unknown { return roles[index] }
        while roles.count <= index {
            roles.append(.unknown)
            fileSystems.append(0)
        }
        let described = classes[lockClass]
        var role = Role.other
        switch described.name {
        case "&type->s_vfs_rename_key": role = .renameMutex
        case "&type->i_mutex_dir_key", "&ovl_i_mutex_dir_key[depth]": role = .directory
        default: break
        }
        roles[index] = role
        if role != .other {
            // `overlay, depth 1` is of the file system `overlay`.
            let name = described.origin.split(separator: ",").first.map(String.init) ?? ""
            let number = numbers[name] ?? UInt32(numbers.count + 1)
            numbers[name] = number
            fileSystems[index] = number
        }
        return role
    }
}
