// SPDX-License-Identifier: Apache-2.0

/// Names as decisions that were written down: what replays a capture asks instead of a kernel.
///
/// Memory grows with the locks and addresses of the capture, about 40 bytes each.
public struct RecordedNaming: RecordNaming, ~Copyable {
    /// Lock to the number of its class, as the capture numbers classes.
    private var locks = FlatTable()
    /// The capture's number of a class to this run's.
    private var classes: [UInt32: LockClassID] = [:]
    /// Code address to an index of ``addresses``.
    private var addressIndex = FlatTable()
    private var addresses: [Address] = []
    private var userCopies: [UInt64: Bool] = [:]
    private var keys: [Key: LockClassID] = [:]
    /// Whether the capture's locks are named by lockdep's keys.
    public let namesByKey: Bool
    private var unifications: [(kept: LockClassID, gone: LockClassID)] = []
    /// Questions to which the capture has no answer; none where it is whole.
    public private(set) var unanswered = 0

    private struct Address {
        var function: NameID
        var frame: NameID
        var isInsideLock: Bool
        var isTracepoint: Bool
    }

    private struct Key: Hashable {
        var address: UInt64
        var name: UInt32
    }

    /// Knows nothing yet.
    ///
    /// - Parameter namesByKey: whether the capture is of the `lockdep` source.
    public init(namesByKey: Bool = false) { self.namesByKey = namesByKey }

    /// Takes a decision in. Times, tasks and losses are no names: they are the replay's affair.
    public mutating func note(_ decision: NamingDecision, in tables: inout EventTables) {
        switch decision {
        case .lockClass(let number, let lockClass):
            classes[number.rawValue] = tables.classes.intern(lockClass)
        case .lock(let lock, let number):
            guard let lockClass = classes[number.rawValue] else {
                unanswered += 1
                return
            }
            locks.insert(lock.rawValue, lockClass.rawValue)
        case .key(let address, let name, let number):
            guard let lockClass = classes[number.rawValue] else {
                unanswered += 1
                return
            }
            keys[Key(address: address, name: name)] = lockClass
        case .address(let address, let name):
            addressIndex.insert(address, UInt32(addresses.count))
            addresses.append(
                Address(
                    function: tables.names.intern(name.function),
                    frame: tables.names.intern(name.frame),
                    isInsideLock: name.isInsideLock,
                    isTracepoint: name.isTracepoint
                )
            )
        case .userCopy(let site, let isCopy):
            userCopies[site] = isCopy
        case .unify(let kept, let gone):
            guard let kept = classes[kept.rawValue], let gone = classes[gone.rawValue] else {
                unanswered += 1
                return
            }
            unifications.append((kept: kept, gone: gone))
        case .distrust, .trust, .time, .task, .test:
            break
        }
    }

    /// Nothing is learned from an initialisation: what followed from it was written down.
    public mutating func initialise(_ evidence: LockEvidence, name: String) {}

    /// The class that was written down last for the lock.
    public mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID {
        let found = locks.find(evidence.lock)
        if found != FlatTable.absent { return LockClassID(rawValue: found) }
        unanswered += 1
        // A class of its own, which no verdict rests on: a guess could join what is apart.
        return tables.classes.intern(
            LockClass(
                name: "unknown",
                type: evidence.type,
                naming: "not in the capture",
                certainty: .inferred,
                isValidated: false
            )
        )
    }

    /// Nothing is learned from a class's first record: what followed from it was written down.
    public mutating func meet(_ keyed: KeyedClass, in tables: inout EventTables) {}

    /// The class that was written down last for the key; none where the record that tells of it was lost.
    public func lockClass(key: UInt64, name: UInt32) -> LockClassID {
        keys[Key(address: key, name: name)] ?? .none
    }

    /// Whether unifications were written down since the last call.
    public var hasUnifications: Bool { !unifications.isEmpty }

    /// Those unifications.
    public mutating func takeUnifications(in tables: EventTables) -> [(kept: LockClassID, gone: LockClassID)] {
        defer { unifications.removeAll(keepingCapacity: true) }
        return unifications
    }

    /// The function that was written down for the address.
    public mutating func function(at address: UInt64, in names: inout NameTable) -> NameID {
        if address == 0 { return .none }
        return self.address(address)?.function ?? .none
    }

    /// The address as stacks of the live run showed it.
    public mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID {
        self.address(address)?.frame ?? names.intern("0x" + String(address, radix: 16))
    }

    /// How many frames lie above the tracepoint, where the stack has one.
    public func framesOfTracer(_ frames: UnsafeBufferPointer<UInt64>) -> Int {
        guard namesByKey else { return 0 }
        let tracepoint = frames.prefix(8).firstIndex { frame in
            let index = addressIndex.find(frame)
            return index != FlatTable.absent && addresses[Int(index)].isTracepoint
        }
        return tracepoint.map { $0 + 1 } ?? 0
    }

    /// As it was found live.
    public mutating func isInsideLock(_ address: UInt64) -> Bool { self.address(address)?.isInsideLock ?? false }

    /// As it was found live.
    public mutating func isUserCopy(returningTo address: UInt64) -> Bool {
        if let answer = userCopies[address] { return answer }
        unanswered += 1
        return false
    }

    private mutating func address(_ address: UInt64) -> Address? {
        let index = addressIndex.find(address)
        if index != FlatTable.absent { return addresses[Int(index)] }
        unanswered += 1
        return nil
    }
}
