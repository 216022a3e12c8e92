// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import Glibc
public import LockEvents
internal import LockNaming

/// lockdep's tracepoints through `perf_event_open`: for kernels that have lockdep and refuse BPF.
///
/// Poorer than the `lockdep` source: no subclass, no nest lock, no key, and of readers only that they read, so all count
/// as recursive, which errs towards silence. Every event comes to user space. Where a ring overflows, or a CPU goes on or off,
/// every task's locks are unknown until it enters a system call, which it does holding none.
///
/// On a kernel without lockdep only `lock:contention_begin` is left. It says that a task waits and not what it holds: such
/// a session counts waits, and its graph stays empty.
public struct PerfSession: ~Copyable, TracingSession {
    private enum Kind {
        case acquire, release, contention, systemCall, hotplug
    }

    private struct Waiting {
        var sample: PerfSample
        var kind: Kind
    }

    private struct Taken: Hashable {
        var task: UInt32
        var lock: UInt64
    }

    private var rings: PerfRings
    private var tests: RunningTests
    private let ringBytes: Int
    private let tracepoints: [(Tracepoint, Kind)]
    private let kinds: [UInt32: Int]
    private var symbolizer: Symbolizer
    private var classes: PerfLockClasses
    private let own = UInt32(getpid())

    /// Read and not yet handed on: others that are older may still come from another processor's ring.
    private var pending: [Waiting] = []
    /// The newest time that each ring's records have told.
    private var newest: [UInt64]
    private var isStopped = false
    /// When a CPU last went on or off; nil when the rings are good. Its events end with it and do not come back, so that
    /// nothing is known until the rings are opened anew.
    private var blindSince: UInt64?
    /// Until when system calls are recorded, to see tasks hold nothing.
    private var recoveryEnd: UInt64 = 0
    /// Locks that might_fault() only said might be taken: their release is none.
    private var mayBeTaken: Set<Taken> = []
    /// Tasks' names. As many as there are tasks alive, and at most twice as many as can be.
    private var names: [UInt32: String] = [:]
    private var ended: Set<UInt32> = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var records = 0
    private var acquisitions: UInt64 = 0
    private var lost: UInt64 = 0
    private var malformed = 0

    private static let stackDepth: UInt16 = 24
    /// Bytes of all rings together, one for each processor.
    private static let allRings = 64 << 20
    private static let recoveryTime: UInt64 = 2_000_000_000
    private static let hotplugTime: UInt64 = 200_000_000
    /// How long a record may take from its time to its place in the ring. A processor may be taken away from a guest
    /// between the two: QEMU's emulator gives each a tenth of a second by turns.
    private static let settlingTime: UInt64 = 200_000_000
    private static let longestWait: Int32 = 20
    // include/linux/trace_events.h: hardirq, softirq, NMI.
    private static let processContext = "!(common_flags & 88)"
    private static let noRCU =
        ["", "_bh", "_sched", "_trace"].map { "name != \"rcu_read_lock\($0)\"" }
        .joined(separator: " && ") + " && name != \"rcu_callback\""

    /// Opens the tracepoints. Refused where perf is (`kernel.perf_event_paranoid`, lockdown), or tracefs is not mounted.
    public init(_ options: LiveSession.Options) throws(ProbeError) {
        if options.filter.pid != 0 || !options.filter.comm.isEmpty || options.filter.cgroup != nil {
            throw ProbeError(code: EINVAL, "the perf source follows every task: --pid, --comm and --cgroup need BPF")
        }
        let symbols = try KernelImage.symbols()
        let tracepoints = Self.available
        guard !tracepoints.isEmpty else {
            throw ProbeError(
                code: ENOENT,
                "the kernel has no lock tracepoints, or tracefs is not mounted at /sys/kernel/tracing"
            )
        }
        let ringBytes = options.ringBytes ?? RingLayout.share(of: Self.allRings, among: KernelImage.processors)
        let rings = try Self.open(tracepoints, ringBytes: ringBytes)
        symbolizer = Symbolizer(symbols: symbols)
        classes = PerfLockClasses(
            symbols: symbols,
            sharedNames: LockdepNamer<ProbedMemory>.sharedNames(KernelFile.text(at: "/proc/lockdep") ?? "")
        )
        kinds = Dictionary(tracepoints.enumerated().map { ($1.0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.tracepoints = tracepoints
        newest = Array(repeating: 0, count: rings.count)
        self.rings = rings
        self.ringBytes = ringBytes
        tests = RunningTests(options.test)
    }

    private static var available: [(Tracepoint, Kind)] {
        if let release = Tracepoint("lock/lock_release"), let acquire = Tracepoint("lock/lock_acquire") {
            let calls = Tracepoint("raw_syscalls/sys_enter").map { [($0, Kind.systemCall)] } ?? []
            let hotplug = Tracepoint("cpuhp/cpuhp_enter").map { [($0, Kind.hotplug)] } ?? []
            return [(release, .release), (acquire, .acquire)] + calls + hotplug
        }
        return Tracepoint("lock/contention_begin").map { [($0, .contention)] } ?? []
    }

    /// Whether this kernel has lockdep's tracepoints; nil where it has no lock tracepoints at all.
    public static var tellsOrder: Bool? {
        let available = available
        return available.isEmpty ? nil : available.count > 1
    }

    private static func open(_ tracepoints: [(Tracepoint, Kind)], ringBytes: Int) throws(ProbeError) -> PerfRings {
        // One task's own locks in reading the rings would fill them.
        let notMe = "common_pid != \(kp_thread_number())"
        var filters: [UnsafeMutablePointer<CChar>?] = []
        defer { for filter in filters { free(filter) } }
        var list: [kp_tracepoint] = []
        for (tracepoint, kind) in tracepoints {
            let filter =
                switch kind {
                case .acquire, .release: "\(notMe) && \(processContext) && \(noRCU)"
                case .contention: "\(notMe) && \(processContext)"
                case .systemCall: notMe
                case .hotplug: ""
                }
            filters.append(filter.isEmpty ? nil : strdup(filter))
            list.append(
                kp_tracepoint(
                    id: tracepoint.id,
                    filter: filters.last ?? nil,
                    stack_depth: kind == .acquire ? stackDepth : 1,
                    starts_off: kind == .systemCall
                )
            )
        }
        return try PerfRings(list, ringBytes: ringBytes)
    }

    /// The tracepoints.
    public var hooks: [HookState] {
        tracepoints.map { HookState(function: $0.0.name, attachment: .tracepoint, error: 0) }
    }

    /// Begins to record.
    public mutating func start() {
        rings.enable()
    }

    /// Ends recording.
    public mutating func stop() {
        rings.disable()
        isStopped = true
    }

    /// Counts so far.
    public var summary: LiveSummary {
        LiveSummary(records: records, acquisitions: acquisitions, dropped: lost, malformed: malformed)
    }
}

// MARK: - Events

extension PerfSession {
    /// Waits for records, and hands what is complete to the sink in the order of time.
    @discardableResult
    public mutating func pump(
        into sink: inout some LockEventSink & ~Copyable,
        waitingAtMost milliseconds: Int32
    ) -> Int {
        if milliseconds > 0 {
            rings.wait(milliseconds: pending.isEmpty ? milliseconds : min(milliseconds, Self.longestWait))
        }
        let begun = KernelImage.now
        for change in tests.take(now: begun) {
            sink.run(change.test.isEmpty ? .none : sink.tables.names.intern(change.test), from: change.time)
        }
        let read = readRings(&sink)
        if let blindSince, begun > blindSince + Self.hotplugTime { openAnew(&sink) }
        pending.sort { $0.sample.time < $1.sample.time }
        let settled = begun - min(begun, Self.settlingTime)
        let end = isStopped ? pending.count : pending.firstIndex { $0.sample.time > settled } ?? pending.count
        for waiting in pending[..<end] { send(waiting, to: &sink) }
        pending.removeFirst(end)
        if recoveryEnd != 0, begun > recoveryEnd { switchSystemCalls(on: false) }
        if names.count > 1 << 16 || ended.count > 1 << 16 {
            names.removeAll()
            ended.removeAll()
        }
        sink.advance(to: begun)
        return read
    }

    private mutating func readRings(_ sink: inout some LockEventSink & ~Copyable) -> Int {
        var read = 0
        var hasLost = false
        for ring in 0..<rings.count {
            if rings.mayHaveLost(ring) { hasLost = true }
            while true {
                let size = rings.next(of: ring, into: &buffer)
                if size == 0 { break }
                read += 1
                switch buffer.withUnsafeBytes({ PerfSample.record(UnsafeRawBufferPointer(rebasing: $0[..<size])) }) {
                case .sample(var sample):
                    guard let index = kinds[sample.tracepoint] else {
                        malformed += 1
                        continue
                    }
                    // The clock that is safe in any context may step back a little (kernel/time/timekeeping.c,
                    // ktime_get_mono_fast_ns); the order of one ring's records is certain.
                    newest[ring] = max(newest[ring], sample.time)
                    sample.time = newest[ring]
                    if sample.pid != own { pending.append(Waiting(sample: sample, kind: tracepoints[index].1)) }
                case .lost(let count):
                    lost += count
                    hasLost = true
                case .name(let task, let name):
                    names[task] = name
                case .fork(let task, let parent):
                    // The child may have got a name of its own on a processor whose ring was read before.
                    if names[task] == nil || ended.remove(task) != nil { names[task] = names[parent] }
                case .exit(let task):
                    ended.insert(task)
                case .other:
                    break
                }
            }
        }
        records += read
        if hasLost {
            // Where in the batch they are missing is not told.
            pending.removeAll(keepingCapacity: true)
            lose(&sink)
        }
        return read
    }

    private mutating func lose(_ sink: inout some LockEventSink & ~Copyable) {
        mayBeTaken.removeAll()
        sink.loseAllStacks()
        switchSystemCalls(on: true)
    }

    private mutating func openAnew(_ sink: inout some LockEventSink & ~Copyable) {
        // Refused for want of memory, perhaps: the next round tries again, and nothing is believed until then.
        guard let opened = try? Self.open(tracepoints, ringBytes: ringBytes) else { return }
        newest = Array(repeating: 0, count: opened.count)
        rings = opened
        pending.removeAll(keepingCapacity: true)
        blindSince = nil
        recoveryEnd = 0
        if !isStopped { rings.enable() }
        lose(&sink)
    }

    private mutating func switchSystemCalls(on isOn: Bool) {
        guard let index = tracepoints.firstIndex(where: { $0.1 == .systemCall }) else { return }
        if isOn != (recoveryEnd != 0) { rings.switch(tracepoint: index, on: isOn) }
        recoveryEnd = isOn ? KernelImage.now + Self.recoveryTime : 0
    }

    private mutating func send(_ waiting: Waiting, to sink: inout some LockEventSink & ~Copyable) {
        let sample = waiting.sample
        if waiting.kind == .hotplug {
            if blindSince == nil { lose(&sink) }
            blindSince = KernelImage.now
        }
        if blindSince != nil { return }
        switch waiting.kind {
        case .acquire: acquire(sample, &sink)
        case .release: release(sample, &sink)
        case .contention: acquisitions += 1
        case .hotplug: break
        case .systemCall:
            var event = event(.fail, sample, lock: 0, &sink.tables)
            event.depth = 0
            sink.consume(event)
        }
    }

    private mutating func acquire(_ sample: PerfSample, _ sink: inout some LockEventSink & ~Copyable) {
        let tracepoint = tracepoints[1].0
        guard let flagsAt = tracepoint.offset(of: "flags"), let nameAt = tracepoint.offset(of: "name"),
            let lockAt = tracepoint.offset(of: "lockdep_addr")
        else {
            malformed += 1
            return
        }
        acquisitions += 1
        let flags = sample.word(at: flagsAt)
        let lock = sample.longWord(at: lockAt)
        let isTry = flags & 1 != 0
        let taker = sample.stack.withUnsafeBufferPointer { symbolizer.lockFunction(in: $0) }
        let isMay = taker == "__might_fault"
        var event = event(isMay ? .may : isTry ? .tryAcquire : .acquire, sample, lock: lock, &sink.tables)
        event.mode = flags & 2 != 0 ? .recursive : .write
        event.lockClass = classes.lockClass(
            sample.string(at: nameAt),
            at: lock,
            takenBy: taker,
            in: &sink.tables
        )
        for pair in classes.takeUnifications() { sink.unify(pair.kept, pair.gone) }
        sample.stack.withUnsafeBufferPointer { addresses in
            let site = symbolizer.site(in: addresses)
            event.site = symbolizer.function(at: site, in: &sink.tables.names)
            event.stack = symbolizer.stack(addresses, site: site, in: &sink.tables)
        }
        // Nothing tells that memory was given to another lock; a variable stays what it is.
        if lock < SymbolTable.imageStart { event.flags.insert(.reused) }
        if isMay { mayBeTaken.insert(Taken(task: event.pid, lock: lock)) }
        sink.consume(event)
    }

    private mutating func release(_ sample: PerfSample, _ sink: inout some LockEventSink & ~Copyable) {
        guard let lockAt = tracepoints[0].0.offset(of: "lockdep_addr") else {
            malformed += 1
            return
        }
        let lock = sample.longWord(at: lockAt)
        if mayBeTaken.remove(Taken(task: sample.tid, lock: lock)) != nil { return }
        var event = event(.release, sample, lock: lock, &sink.tables)
        event.flags.insert(.grace)
        sink.consume(event)
    }

    private mutating func event(
        _ operation: LockEvent.Operation,
        _ sample: PerfSample,
        lock: UInt64,
        _ tables: inout EventTables
    ) -> LockEvent {
        // Idle tasks all have number 0.
        let task = sample.tid == 0 ? UInt64(1) << 32 + UInt64(sample.cpu) : UInt64(sample.tid)
        var event = LockEvent(operation, task: TaskID(rawValue: task), lock: LockID(rawValue: lock))
        event.time = sample.time
        event.cpu = sample.cpu
        event.pid = sample.tid
        event.comm = name(of: sample, in: &tables)
        return event
    }

    /// A task's name: perf tells it of tasks that begin or change it, `/proc` of others.
    private mutating func name(of sample: PerfSample, in tables: inout EventTables) -> NameID {
        if sample.tid == 0 { return tables.names.intern("swapper/\(sample.cpu)") }
        let text = names[sample.tid] ?? KernelFile.text(at: "/proc/\(sample.pid)/task/\(sample.tid)/comm") ?? ""
        names[sample.tid] = text
        return tables.names.intern(text)
    }
}
