// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

extension Splat {
    /// A finding of livedep as the report that lockdep would print; nil for kinds that lockdep prints no such report of.
    ///
    /// Where a stack does not begin in the lock's own functions, as lockdep's do, the usual one for type and mode is put
    /// before it, so that reading the text gives type and mode back. Marks and wait types are those that such a lock has
    /// on 6.12.
    ///
    /// - Parameters:
    ///   - finding: A cycle or a recursion.
    ///   - kernel: The release; empty where unknown.
    ///   - types: The type of each class by its printed name; classes that are missing count as mutexes.
    public init?(_ finding: Finding, kernel: String = "", types: [String: LockType] = [:]) {
        guard let closing = finding.steps.last else { return nil }
        switch finding.kind {
        case .cycle: self.init(kind: .circular, lines: 1...1)
        case .recursion: self.init(kind: .recursive, lines: 1...1)
        default: return nil
        }
        if kernel.isEmpty {
            build = "#0"
        } else {
            (self.kernel, build) = (kernel, "#1")
        }
        if !closing.comm.isEmpty || closing.pid != 0 {
            task = SplatTask(comm: closing.comm, pid: Int(closing.pid))
        }
        let lock = { (name: String) in SplatLock(printedName: name, type: types[name] ?? .mutex) }
        let stack = { (step: Finding.Step) in Self.stack(of: step, type: types[step.to] ?? .mutex) }
        var wanted = lock(closing.to)
        wanted.sites = Self.site(closing.site)
        var held = lock(closing.from)
        held.sites = Self.site(closing.heldSite)
        self.wanted = wanted
        self.held = held
        heldCount = 1
        heldLocks = [held]
        backtrace = stack(closing)
        let target = SplatClass(printedName: closing.from)
        let source = SplatClass(printedName: closing.to)
        let targetAction: SplatStep.Action = closing.fromMode == .write ? .lock : .read
        let sourceAction: SplatStep.Action = closing.toMode == .write ? .lock : .read
        if kind == .recursive {
            scenario = [
                SplatStep(cpu: 0, action: .lock, lockClass: target),
                SplatStep(cpu: 0, action: .lock, lockClass: source),
            ]
            return
        }
        let before = finding.steps.dropLast()
        chain = before.enumerated().reversed().map { index, step in
            SplatChainLink(index: index + 1, lock: lock(step.to), stack: stack(step))
        }
        chain.append(SplatChainLink(index: 0, lock: lock(closing.to), stack: backtrace))
        let parent = SplatClass(printedName: before.last?.from ?? closing.to)
        if parent != source { chainSummary = [source, parent, target] }
        scenario = [
            SplatStep(cpu: 0, action: targetAction, lockClass: target),
            SplatStep(cpu: 1, action: .lock, lockClass: parent),
            SplatStep(cpu: 1, action: .lock, lockClass: target),
            SplatStep(cpu: 0, action: sourceAction, lockClass: source),
        ]
    }

    private static func site(_ function: String) -> [SplatFrame] {
        frame(function).map { [$0] } ?? []
    }

    /// A printed frame, whatever of `f+0x1/0x2 [module]` it has.
    private static func frame(_ text: String) -> SplatFrame? {
        let bytes = Bytes(Array(text.utf8)).trimmed
        if let frame = FrameText.frame(bytes) { return frame }
        let name = bytes.prefix(while: ASCII.isSymbol)
        guard let first = name.first, !ASCII.isDigit(first) else { return nil }
        let rest = bytes.dropFirst(name.count)
        // Neither a blank, as in a sentence that says that a stack is missing, nor an operator.
        return rest.isEmpty || rest.hasPrefix("+0x") ? SplatFrame(function: name.string) : nil
    }

    private static func stack(of step: Finding.Step, type: LockType) -> [SplatFrame] {
        var frames = step.stack.compactMap { frame($0) }
        if frames.isEmpty, let site = frame(step.site) { frames = [site] }
        guard !frames.isEmpty else { return [] }
        let told = SplatAcquisition(stack: frames)
        let isRead = step.toMode != .write
        let isTold = told.type?.rawValue == type.name && told.isRead == isRead && told.isMay == step.isMay
        if !isTold { frames.insert(SplatFrame(function: type.function(isRead: isRead, isMay: step.isMay)), at: 0) }
        return frames
    }
}

extension SplatLock {
    /// A class of livedep's, with the marks that lockdep shows for such a lock on 6.12 when only tasks take it.
    fileprivate init(printedName: String, type: LockType) {
        self.init(lockClass: SplatClass(printedName: printedName))
        switch type {
        case .mutex, .wwMutex, .rtMutex: (usage, waitType) = ("+.+.", SplatWaitType(outer: 4, inner: 4))
        case .rwsem: (usage, waitType) = ("++++", SplatWaitType(outer: 4, inner: 4))
        case .percpuRwsem: (usage, waitType) = ("++++", SplatWaitType(outer: 0, inner: 0))
        case .wwContext, .pseudo: (usage, waitType) = ("+.+.", SplatWaitType(outer: 0, inner: 0))
        case .spin: (usage, waitType) = ("+.+.", SplatWaitType(outer: 2, inner: 2))
        case .rwlock: (usage, waitType) = ("++++", SplatWaitType(outer: 2, inner: 2))
        }
    }
}

extension LockType {
    /// The function that takes such a lock.
    fileprivate func function(isRead: Bool, isMay: Bool) -> String {
        if isMay && isRead && self == .rwsem { return "__might_fault" }
        return switch self {
        case .mutex: "mutex_lock"
        case .rwsem: isRead ? "down_read" : "down_write"
        case .percpuRwsem: isRead ? "percpu_down_read" : "percpu_down_write"
        case .wwMutex: "ww_mutex_lock"
        case .wwContext: "ww_acquire_init"
        case .rtMutex: "rt_mutex_lock"
        case .spin: "_raw_spin_lock"
        case .rwlock: isRead ? "_raw_read_lock" : "_raw_write_lock"
        case .pseudo: isRead ? "srcu_lock_acquire" : "lock_map_acquire"
        }
    }
}
