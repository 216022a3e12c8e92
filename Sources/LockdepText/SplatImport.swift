// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph

/// Puts what a report or `/proc/lockdep*` says into an engine, and makes the findings that an engine cannot.
///
///     var imported = SplatImport()
///     imported.add(splat)
///     imported.engine.findings        // the cycle that the report closes
///     imported.findings               // an unlock of a lock not held, for example
///
/// One value holds one boot of one kernel: two classes of one name (`lock#3`, `lock#6`) stay apart in it.
public struct SplatImport: Sendable {
    /// Classes, dependencies, and the cycles among them.
    public private(set) var engine: LockOrderEngine
    /// Findings of the kinds that are not about dependencies, as they came.
    public private(set) var findings: [Finding] = []
    /// The version first seen of each name, which is the one that goes without an origin.
    private var firstVersion: [String: Int] = [:]

    /// Nothing imported yet. The policy is lockdep's.
    public init() {
        engine = LockOrderEngine(options: EngineOptions(sameClass: .strict, deadlockPersistence: nil))
    }

    /// Adds the dependencies of a report, the closing one last, and its finding.
    public mutating func add(_ splat: Splat) {
        let comm = engine.tables.names.intern(splat.task?.comm ?? "")
        for dependency in splat.dependencies where dependency.from != dependency.to {
            var witness = Witness(heldSite: name(dependency.heldSite?.function ?? ""))
            witness.site = name(site(of: dependency, in: splat))
            witness.stack = engine.tables.internStack(dependency.stack.map(\.description))
            if dependency.isClosing, let task = splat.task {
                // Who made the others, lockdep does not keep.
                witness.task = TaskID(rawValue: UInt64(task.pid))
                witness.pid = UInt32(clamping: task.pid)
                witness.comm = comm
            }
            engine.add(
                Dependency(
                    from: node(dependency.from, type: splat.type(of: dependency.from)),
                    to: node(dependency.to, type: splat.type(of: dependency.to)),
                    fromMode: dependency.fromRead ? .read : .write,
                    toMode: dependency.toRead ? .read : .write,
                    isMay: dependency.isMay,
                    sites: [witness.site],
                    witness: witness
                )
            )
        }
        if let kind = splat.findingKind { findings.append(finding(kind, of: splat)) }
    }

    /// Adds all held pairs of the chains in process context; without chains, the adjacent dependencies.
    ///
    /// The files tell no modes. A class that only readers were ever seen to take counts as one of recursive readers, so
    /// that what is not known is not reported.
    public mutating func add(_ tables: LockdepProc) {
        let nodes = tables.classes.map { entry in
            let lock = SplatLock(lockClass: entry.lockClass, usage: entry.usage)
            return node(
                entry.lockClass,
                type: SplatLockType(name: entry.lockClass.name) ?? SplatLockType(marksOf: lock)
            )
        }
        let modes = tables.classes.map { $0.hasOnlyReaders ? LockMode.recursive : .write }
        let adjacent = Set(tables.adjacent)
        let held = tables.chainCount == 0 ? adjacent : tables.heldPairs()
        for pair in held.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) }) where pair.from != pair.to {
            engine.add(
                Dependency(
                    from: nodes[pair.from],
                    to: nodes[pair.to],
                    fromMode: modes[pair.from],
                    toMode: modes[pair.to],
                    isDirect: adjacent.isEmpty || adjacent.contains(pair)
                )
            )
        }
    }

    /// The identities behind the printed names of a finding's classes, as a graph file keeps them.
    public func keys(of finding: Finding) -> [String: Baseline.ClassKey] {
        var keys: [String: Baseline.ClassKey] = [:]
        for (lockClass, node) in known {
            // The engine numbers classes of one name itself; the other findings keep lockdep's numbers.
            let name = finding.kind == .cycle ? engine.printedName(of: node) : lockClass.printedName
            if finding.classes.contains(name) { keys[name] = key(of: node) }
        }
        return keys
    }

    private var known: [SplatClass: LockNode] = [:]

    private mutating func node(_ lockClass: SplatClass, type: SplatLockType) -> LockNode {
        if let node = known[lockClass] { return node }
        let first = firstVersion[lockClass.name] ?? lockClass.version
        firstVersion[lockClass.name] = first
        let id = engine.tables.classes.intern(
            LockClass(
                name: lockClass.name,
                type: LockType(name: type.rawValue) ?? .pseudo,
                origin: first == lockClass.version ? "" : "#\(lockClass.version)",
                naming: "lockdep"
            )
        )
        let node = LockNode(id, subclass: UInt8(clamping: lockClass.subclass))
        known[lockClass] = node
        return node
    }

    private func key(of node: LockNode) -> Baseline.ClassKey {
        let lockClass = engine.tables.classes[node.lockClass]
        return Baseline.ClassKey(
            name: lockClass.name,
            type: lockClass.type,
            origin: lockClass.origin,
            subclass: node.printedSubclass
        )
    }

    private mutating func name(_ text: String) -> NameID { engine.tables.names.intern(text) }

    /// Who reads the dependency must see that a stack is missing, and not take it for one without a function.
    private func site(of dependency: SplatDependency, in splat: Splat) -> String {
        if let site = dependency.site { return site.function }
        let index = splat.chain.first { $0.lock.lockClass == dependency.to }?.index
        return index.map { "#\($0)'s stack is missing" } ?? "stack missing"
    }

    private mutating func finding(_ kind: FindingKind, of splat: Splat) -> Finding {
        let locks = splat.findingLocks
        let nodes = locks.map { node($0.lockClass, type: splat.type(of: $0.lockClass)) }
        var finding = Finding(kind: kind, signature: Signature(kind: kind, classes: nodes.map { key(of: $0) }))
        finding.classes = locks.map(\.lockClass.printedName)
        finding.naming = finding.classes.map { Finding.Naming(lockClass: $0, how: "lockdep", certainty: .exact) }
        var task = Finding.Participant(
            task: UInt64(splat.task?.pid ?? 0),
            pid: UInt32(clamping: splat.task?.pid ?? 0),
            comm: splat.task?.comm ?? ""
        )
        task.holds = splat.heldLocks.map(\.lockClass.printedName)
        task.stack = splat.backtrace.filter(\.isReliable).map(\.description)
        task.site = splat.wanted?.site?.function ?? ""
        finding.tasks = [task]
        if kind == .recursion, let dependency = splat.dependencies.first {
            var step = Finding.Step(from: dependency.from.printedName, to: dependency.to.printedName)
            step.fromMode = dependency.fromRead ? .read : .write
            step.toMode = dependency.toRead ? .read : .write
            (step.task, step.pid, step.comm) = (task.task, task.pid, task.comm)
            step.heldSite = dependency.heldSite?.function ?? ""
            step.site = site(of: dependency, in: splat)
            step.stack = dependency.stack.map(\.description)
            finding.steps = [step]
        }
        finding.text = splat.sentence
        return finding
    }
}

extension LockdepProc.Class {
    /// Marks stand for hardirq write, hardirq read, softirq write, softirq read.
    var hasOnlyReaders: Bool {
        let marks = Array(usage.utf8)
        guard marks.count >= 4 else { return false }
        return marks[0] == ASCII.dot && marks[2] == ASCII.dot && (marks[1] != ASCII.dot || marks[3] != ASCII.dot)
    }
}

extension Splat {
    /// The kind of the finding that no dependency tells; nil for cycles, which the engine finds, and for the kinds about
    /// interrupts, wait contexts and RCU, of which livedep has none.
    var findingKind: FindingKind? {
        switch kind {
        case .recursive: .recursion
        case .unlockBalance: .release
        case .returnToUser, .stillHeld: .exit
        case .heldLockFreed: .initialize
        case .nestLockNotTaken: .nest
        case .circular, .inconsistentState, .irqInversion, .irqOrder, .waitContext, .suspiciousRCU: nil
        }
    }

    fileprivate var findingLocks: [SplatLock] {
        switch kind {
        case .returnToUser, .stillHeld: heldLocks
        default: wanted.map { [$0] } ?? []
        }
    }

    /// The report in one line.
    var sentence: String {
        let who = task.map { "\($0.comm)/\($0.pid)" } ?? "a task"
        let what = findingLocks.map(\.lockClass.printedName).joined(separator: ", ")
        let place = wanted?.site.map { " at \($0.function)" } ?? ""
        switch kind {
        case .recursive: return "\(who) takes \(what) while it holds one of that class\(place)"
        case .unlockBalance: return "\(who) releases \(what), which it does not hold\(place)"
        case .returnToUser: return "\(who) returns to user space with \(what) held"
        case .stillHeld: return "\(who) ends with \(what) held"
        case .heldLockFreed: return "\(who) frees the memory of \(what), which it holds\(place)"
        case .nestLockNotTaken:
            return "\(who) takes \(what) under \(detail ?? "a nest lock"), which it does not hold\(place)"
        default: return "\(who): \(kind.rawValue)"
        }
    }
}
