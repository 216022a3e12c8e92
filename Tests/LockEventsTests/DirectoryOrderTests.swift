// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockEvents

@Suite("Directories under their rename mutex")
struct DirectoryOrderTests {
    private var tables = EventTables()
    private var order = DirectoryOrder()
    private let mutex = LockID(rawValue: 0x100)

    private mutating func lock(_ address: UInt64, _ name: String, _ origin: String) -> HeldLock {
        let lockClass = tables.classes.intern(LockClass(name: name, type: .rwsem, origin: origin))
        return HeldLock(lock: LockID(rawValue: address), lockClass: lockClass)
    }

    private mutating func nests(_ held: [HeldLock], taking last: HeldLock) -> [LockID] {
        var held = held
        var event = LockEvent(.acquire, task: TaskID(rawValue: 1), lock: last.lock, lockClass: last.lockClass)
        order.mark(&held, count: held.count, &event, in: tables.classes)
        return held.map(\.nest) + [event.nest]
    }

    @Test("any order is legal under it, as under a nest lock")
    mutating func nested() {
        let marks: [LockID]
        let rename = lock(0x100, "&type->s_vfs_rename_key", "tmpfs")
        let first = lock(0x200, "&type->i_mutex_dir_key", "tmpfs")
        let second = lock(0x300, "&type->i_mutex_dir_key", "tmpfs")
        marks = nests([rename, first], taking: second)
        #expect(marks == [.none, mutex, mutex])
    }

    @Test("an overlay's directories are of any stacking depth")
    mutating func overlay() {
        let marks: [LockID]
        let rename = lock(0x100, "&type->s_vfs_rename_key", "overlay")
        let directory = lock(0x200, "&ovl_i_mutex_dir_key[depth]", "overlay, depth 1")
        marks = nests([rename], taking: directory)
        #expect(marks == [.none, mutex])
    }

    @Test("files, other file systems' directories, and what is taken before it keep their order")
    mutating func others() {
        var marks: [LockID]
        let rename = lock(0x100, "&type->s_vfs_rename_key", "tmpfs")
        let before = lock(0x80, "&type->i_mutex_dir_key", "tmpfs")
        let file = lock(0x200, "&sb->s_type->i_mutex_key", "tmpfs")
        let upper = lock(0x300, "&type->i_mutex_dir_key", "ext4")
        marks = nests([before, rename, file], taking: upper)
        #expect(marks == [.none, .none, .none, .none])
        marks = nests([before], taking: upper)
        #expect(marks == [.none, .none])
    }
}
