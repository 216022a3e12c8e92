// SPDX-License-Identifier: Apache-2.0

public import CLockRecords

// What the `lockdep` source says in a record's fields that the other does not (bpf/records, the head of lock_records.h).
extension RecordDecoder where Naming: ~Copyable {
    @usableFromInline
    mutating func meetClass(_ record: ld_record, name: String, in tables: inout EventTables) {
        let keyed = KeyedClass(
            key: record.origin.cache,
            name: record.origin.detail,
            text: name,
            lock: record.lock,
            type: Self.type(record.type),
            isChecked: UInt32(record.mode) & LD_CLASS_UNCHECKED.rawValue == 0,
            isOrdered: UInt32(record.mode) & LD_CLASS_ORDERED.rawValue != 0
        )
        answering.meet(keyed, in: &tables)
    }

    @usableFromInline
    mutating func lockClass(of record: ld_record, site: UInt64, in tables: inout EventTables) -> LockClassID {
        guard namesByKey else { return answering.lockClass(of: Self.evidence(record, site: site), in: &tables) }
        return answering.lockClass(key: record.origin.cache, name: record.origin.detail)
    }

    @usableFromInline
    mutating func lockClass(of entry: ld_held, in tables: inout EventTables) -> LockClassID {
        guard namesByKey else { return answering.lockClass(of: Self.evidence(entry), in: &tables) }
        return answering.lockClass(key: entry.origin.cache, name: entry.origin.detail)
    }

    @usableFromInline
    func complete(_ event: inout LockEvent, _ record: ld_record, in tables: EventTables) {
        event.subclass = UInt8(truncatingIfNeeded: record.origin.offset)
        // A ww context is the nest lock of the mutexes under it.
        if isWW(event.lockClass, in: tables) { return }
        event.nest = event.context
        event.context = .none
    }

    @usableFromInline
    func complete(_ lock: inout HeldLock, _ entry: ld_held, in tables: EventTables) {
        lock.subclass = UInt8(truncatingIfNeeded: entry.origin.offset)
        lock.isAwaited = UInt32(entry.flags) & LD_H_AWAITED.rawValue != 0
        if isWW(lock.lockClass, in: tables) { return }
        lock.nest = lock.context
        lock.context = .none
    }

    private func isWW(_ lockClass: LockClassID, in tables: EventTables) -> Bool {
        lockClass != .none && tables.classes[lockClass].type == .wwMutex
    }
}
