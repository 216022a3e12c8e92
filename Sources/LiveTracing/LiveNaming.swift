// SPDX-License-Identifier: Apache-2.0

package import LockEvents
package import LockNaming

/// The running kernel's answers about records, and, while a capture is made, the answers to be written down with it.
package struct LiveNaming<Memory: KernelMemory>: LoggedNaming, ~Copyable {
    package private(set) var namer: LockNamer<Memory>
    private var symbolizer: Symbolizer
    package private(set) var copies: UserCopySites<Memory>
    private var log: DecisionLog?
    /// Names the locks of the `lockdep` source; nil on others.
    private var lockdep: LockdepNamer<Memory>?

    package init(
        namer: consuming LockNamer<Memory>,
        lockdep: LockdepNamer<Memory>? = nil,
        symbolizer: Symbolizer,
        copies: UserCopySites<Memory>
    ) {
        self.namer = namer
        namesByKey = lockdep != nil
        self.lockdep = lockdep
        self.symbolizer = symbolizer
        self.copies = copies
    }

    package let namesByKey: Bool

    /// What was met so far, for the files of a capture that begin later.
    private var met: [Met] = []

    private struct Met {
        var keyed: KeyedClass
        var number: LockClassID
        var lockClass: LockClass
    }

    package mutating func meet(_ keyed: KeyedClass, in tables: inout EventTables) {
        lockdep?.meet(keyed, in: &tables)
        guard log != nil else { return }
        let number = lockClass(key: keyed.key, name: keyed.name)
        guard number != .none else { return }
        let known = Met(keyed: keyed, number: number, lockClass: tables.classes[number])
        met.append(known)
        note(known)
    }

    private mutating func note(_ known: Met) {
        log?.note(key: known.keyed.key, name: known.keyed.name, is: known.number, known.lockClass)
    }

    package func lockClass(key: UInt64, name: UInt32) -> LockClassID {
        lockdep?.lockClass(key: key, name: name) ?? .none
    }

    package mutating func framesOfTracer(_ addresses: UnsafeBufferPointer<UInt64>) -> Int {
        let count = symbolizer.framesOfTracer(addresses)
        if count > 0 { note(addresses[count - 1]) }
        return count
    }

    /// Keeps decisions from now on, all of them anew: a file begins that must make sense by itself.
    package mutating func startLog() {
        log = DecisionLog()
        for known in met { note(known) }
    }

    /// Whether ``takeDecisions()`` has anything to tell.
    package var hasDecisions: Bool { log?.decisions.isEmpty == false }

    /// Decisions since the last call, in order.
    package mutating func takeDecisions() -> [NamingDecision] {
        defer { log?.decisions.removeAll(keepingCapacity: true) }
        return log?.decisions ?? []
    }

    /// Whether there are places for the programs to know of.
    var hasContainerPlaces: Bool { namer.hasContainerPlaces }

    /// Places learned since the last call.
    mutating func takeContainerPlaces() -> [ContainerPlace] { namer.takeContainerPlaces() }

    /// Takes in that a module was loaded.
    mutating func update(symbols: SymbolTable) {
        copies.forget { !symbols.agrees(with: symbolizer.symbols, at: $0) }
        namer.update(symbols: symbols)
        lockdep?.update(symbols: symbols)
        symbolizer.update(symbols: symbols)
        log?.forgetAddresses()
    }

    /// Records were lost, and with them, it may be, that locks were initialised.
    mutating func forgetAddresses() { namer.forgetAddresses() }

    package mutating func initialise(_ evidence: LockEvidence, name: String) { namer.initialise(evidence, name: name) }

    package mutating func lockClass(of evidence: LockEvidence, in tables: inout EventTables) -> LockClassID {
        let lockClass = namer.lockClass(of: evidence, in: &tables)
        log?.note(lock: evidence.lock, is: lockClass, tables)
        return lockClass
    }

    package var hasUnifications: Bool { namer.hasUnifications }

    package mutating func takeUnifications(in tables: EventTables) -> [(kept: LockClassID, gone: LockClassID)] {
        let pairs = namer.takeUnifications()
        for pair in pairs {
            log?.note(pair.kept, tables)
            log?.note(pair.gone, tables)
            log?.decisions.append(.unify(kept: pair.kept, gone: pair.gone))
        }
        return pairs
    }

    package mutating func function(at address: UInt64, in names: inout NameTable) -> NameID {
        note(address)
        return symbolizer.function(at: address, in: &names)
    }

    package mutating func frame(at address: UInt64, in names: inout NameTable) -> NameID {
        note(address)
        return symbolizer.frame(at: address, in: &names)
    }

    package mutating func isInsideLock(_ address: UInt64) -> Bool {
        note(address)
        return symbolizer.isInsideLock(address)
    }

    package mutating func isUserCopy(returningTo address: UInt64) -> Bool {
        let answer = copies.isUserCopy(returningTo: address)
        log?.note(site: address, isUserCopy: answer)
        return answer
    }

    private mutating func note(_ address: UInt64) {
        guard address != 0, log?.isNew(address: address) == true else { return }
        log?.note(address: address, symbolizer.name(of: address))
    }
}
