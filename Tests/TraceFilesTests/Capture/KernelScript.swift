// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockEvents

/// Records as the kernel side would send them of tasks that do what a script says.
struct KernelScript {
    private(set) var records: [[UInt8]] = []
    private var clock: UInt64 = 1000
    private var sequences: [UInt32: UInt32] = [:]
    private var held: [UInt32: [ld_held]] = [:]

    /// Names a task.
    mutating func name(_ tid: UInt32, _ name: String) {
        send(header(LD_TASK, tid), held: [], stack: [], name: name)
    }

    /// Initialises a lock, under a name if it was not told before.
    mutating func initialise(_ tid: UInt32, _ lock: UInt64, name: String?) {
        var record = header(LD_INIT, tid)
        record.lock = lock
        record.aux = 0x5000
        send(record, held: [], stack: [], name: name)
    }

    /// Takes a lock, with the held list before it and a stack.
    mutating func acquire(_ tid: UInt32, _ lock: UInt64, mode: ld_mode = LD_WRITE, stack: [UInt64] = []) {
        var record = header(LD_ACQUIRE, tid)
        record.lock = lock
        record.mode = UInt8(mode.rawValue)
        record.site = 0x100 + lock
        send(record, held: held[tid] ?? [], stack: stack, name: nil)
        var entry = ld_held()
        entry.lock = lock
        entry.site = record.site
        entry.mode = record.mode
        held[tid, default: []].append(entry)
    }

    mutating func release(_ tid: UInt32, _ lock: UInt64) {
        var record = header(LD_RELEASE, tid)
        record.lock = lock
        send(record, held: [], stack: [], name: nil)
        held[tid, default: []].removeAll { $0.lock == lock }
    }

    /// A record whose time is before that of the one before it: another processor's.
    mutating func stepBack(_ nanoseconds: UInt64) { clock -= nanoseconds }

    /// Records that never come out of the ring.
    mutating func drop(_ tid: UInt32, _ count: UInt32) { sequences[tid, default: 0] += count }

    private mutating func header(_ kind: ld_kind, _ tid: UInt32) -> ld_record {
        var record = ld_record()
        record.kind = UInt8(kind.rawValue)
        record.hook = UInt8(LD_HOOK_mutex_lock.rawValue)
        record.tid = tid
        record.tgid = tid / 10 * 10
        record.cpu = UInt16(tid % 2)
        record.seq = sequences[tid, default: 0]
        record.depth = UInt8(held[tid]?.count ?? 0)
        sequences[tid, default: 0] += 1
        clock += 10
        record.time = clock
        return record
    }

    private mutating func send(_ record: ld_record, held: [ld_held], stack: [UInt64], name: String?) {
        var record = record
        record.nheld = UInt8(held.count)
        record.nstack = UInt8(stack.count)
        record.nname = name == nil ? 0 : UInt32(LD_NAME_LEN)
        let size =
            MemoryLayout<ld_record>.size + held.count * MemoryLayout<ld_held>.size + stack.count * 8 + Int(record.nname)
        record.size = UInt16(size)
        var bytes = withUnsafeBytes(of: record) { [UInt8]($0) }
        for entry in held { withUnsafeBytes(of: entry) { bytes += $0 } }
        for address in stack { withUnsafeBytes(of: address) { bytes += $0 } }
        if let name { bytes += Array(name.utf8) + Array(repeating: 0, count: Int(LD_NAME_LEN) - name.utf8.count) }
        records.append(bytes)
    }
}

/// Names that a test chooses, as the live kernel's would be: each lock is a class, until two turn out to be one.
struct ScriptedNaming: LoggedNaming, ~Copyable {
    private var log: DecisionLog?
    private var names: [UInt64: String] = [:]
    private var pending: [(kept: LockClassID, gone: LockClassID)] = []
    private var unified: [LockClassID: LockClassID] = [:]

    mutating func startLog() { log = DecisionLog() }
    var hasDecisions: Bool { log?.decisions.isEmpty == false }
    mutating func takeDecisions() -> [NamingDecision] {
        defer { log?.decisions = [] }
        return log?.decisions ?? []
    }

    mutating func initialise(_ evidence: LockEvidence, name: String) { names[evidence.lock] = name }

    mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID {
        var id = tables.classes.intern(
            LockClass(name: names[evidence.lock] ?? "lock \(evidence.lock)", type: evidence.type, origin: "script")
        )
        // The tenth lock is found out to be the first.
        if evidence.lock == 10, unified[id] == nil {
            let first = tables.classes.intern(LockClass(name: "lock 1", type: evidence.type, origin: "script"))
            unified[id] = first
            pending.append((kept: first, gone: id))
        }
        id = unified[id] ?? id
        log?.note(lock: evidence.lock, is: id, tables)
        return id
    }

    var hasUnifications: Bool { !pending.isEmpty }
    mutating func takeUnifications(in tables: EventTables) -> [(kept: LockClassID, gone: LockClassID)] {
        for pair in pending {
            log?.note(pair.kept, tables)
            log?.note(pair.gone, tables)
            log?.decisions.append(.unify(kept: pair.kept, gone: pair.gone))
        }
        defer { pending = [] }
        return pending
    }

    mutating func function(at address: UInt64, in names: inout NameTable) -> NameID {
        note(address)
        return address == 0 ? .none : names.intern("function\(address)")
    }
    mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID {
        note(address)
        return names.intern("function\(address)+0x1/0x2")
    }
    mutating func isInsideLock(_ address: UInt64) -> Bool {
        note(address)
        return address < 0x40
    }
    mutating func isUserCopy(returningTo address: UInt64) -> Bool {
        log?.note(site: address, isUserCopy: true)
        return true
    }

    private mutating func note(_ address: UInt64) {
        guard address != 0, log?.isNew(address: address) == true else { return }
        let name = NamingDecision.AddressName(
            function: "function\(address)",
            frame: "function\(address)+0x1/0x2",
            isInsideLock: address < 0x40
        )
        log?.note(address: address, name)
    }
}

/// Writes down what a sink is told, with names instead of numbers.
struct TellingSink: LockEventSink {
    var tables = EventTables()
    var told: [String] = []

    mutating func consume(_ event: LockEvent) { told.append(text(event)) }

    mutating func consume(_ event: LockEvent, held: Span<HeldLock>) {
        var line = text(event) + " under"
        for index in held.indices {
            let lock = held[index]
            line += " \(tables.classes[lock.lockClass].name)(\(lock.mode.name) at \(tables.names[lock.site]))"
        }
        told.append(line)
    }

    mutating func loseAllStacks() { told.append("all stacks lost") }
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) {
        told.append("\(tables.classes[gone].name) is \(tables.classes[kept].name)")
    }
    mutating func advance(to time: UInt64) { told.append("time \(time)") }
    mutating func run(_ test: NameID, from time: UInt64) { told.append("test '\(tables.names[test])' from \(time)") }

    private func text(_ event: LockEvent) -> String {
        let lockClass = event.lockClass == .none ? "-" : tables.classes[event.lockClass].name
        let stack = tables.frames(of: event.stack).joined(separator: " < ")
        return
            "\(event.time) \(event.task.rawValue)/\(tables.names[event.comm]) \(event.operation.name) \(event.lock.rawValue) "
            + "\(lockClass) \(event.mode.name) depth \(event.depth) at \(tables.names[event.site]) [\(stack)]"
    }
}
