// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import FoundationEssentials
internal import Glibc
public import LockEvents
internal import LockNaming

/// One run of tracing the live kernel: prepared, started, pumped by one thread, stopped.
///
///     let session = try LiveSession(LiveSession.Options(), on: RunningKernel())
///     session.start()
///     while !stop { session.pump(into: &sink, waitingAtMost: 50) }
///     session.stop()
///     session.pump(into: &sink, waitingAtMost: 0)
///
/// What was lost on the way is in ``summary``, each cause by itself.
public struct LiveSession: ~Copyable {
    /// What a session is to record.
    public struct Options: Sendable {
        /// Where the events come from.
        public var source = EventSource.functions
        /// Every acquisition and release, instead of chains not seen before.
        public var isUnfiltered = false
        /// Which kinds of hooks are tried; the functions source's.
        public var attach = AttachKind.auto
        /// Which tasks are followed.
        public var filter = TaskFilter()
        /// The test that runs; nil to learn from the kernel's log which one does.
        public var test: String?
        /// Bytes of each ring, a power of two; nil for what usually suffices.
        public var ringBytes: Int?

        /// The settings of a watch.
        public init() {}
    }

    private let probe: KernelProbe
    private var rings: RingSet
    private var decoder: RecordDecoder<LiveNaming<ProbedMemory>>
    private var tests: RunningTests
    private var lastTime: UInt64 = 0
    private var seenMisses: UInt64 = 0
    private var seenDrops: UInt64 = 0
    private var seenModules: UInt64 = 0
    /// Symbols are not read again before this time, in nanoseconds, on a machine that loads modules all the time.
    private var nextReading: UInt64 = 0
    private var missesAtStart: UInt64 = 0
    private let startUp: UInt64
    private let countsMisses: Bool

    /// Loads and attaches the programs, behind a closed gate. Takes a second or two, most of it the kernel's verifier.
    public init(_ options: Options, on kernel: RunningKernel) throws(ProbeError) {
        let began = KernelImage.now
        let symbols = try KernelImage.symbols()
        let types = kernel.takeTypes()
        var configuration = ProbeConfiguration(symbols: symbols, pageStructSize: types?.size(of: "page"))
        configuration.source = options.source
        configuration.attach = options.attach
        configuration.isUnfiltered = options.isUnfiltered
        configuration.filter = options.filter
        configuration.ringBytes = options.ringBytes
        let probe = try KernelProbe(configuration, types: types)
        try probe.load()
        probe.setMemoryMap(symbols)
        probe.leaveOutUntraceable(symbols)
        try probe.attach()
        let rings = try probe.mapRings()
        let memory = probe.memory
        let lockdep =
            options.source == .lockdep
            ? LockdepNamer(
                symbols: symbols,
                types: types,
                memory: memory,
                processors: KernelImage.processors,
                lockdep: KernelFile.text(at: "/proc/lockdep") ?? ""
            ) : nil
        let namer = LockNamer(
            symbols: symbols,
            // lockdep names its classes itself: no lock's place in memory is asked for.
            types: options.source == .functions ? types : nil,
            memory: memory,
            slabLinks: KernelImage.slabLinks(),
            processors: KernelImage.processors
        )
        decoder = RecordDecoder(
            naming: LiveNaming(
                namer: namer,
                lockdep: lockdep,
                symbolizer: Symbolizer(symbols: symbols),
                copies: UserCopySites(symbols: symbols, memory: memory)
            )
        )
        tests = RunningTests(options.test)
        // What tracepoint programs miss are their own locks and interrupts: bpf/lockdep_list.h.
        countsMisses = options.source == .functions
        self.rings = rings
        startUp = KernelImage.now - began
        self.probe = probe
    }

    /// How each function of the hook table fared.
    public var hooks: [HookState] { probe.hooks }

    /// Opens the gate.
    public mutating func start() {
        tellContainerPlaces()
        missesAtStart = probe.misses
        seenMisses = missesAtStart
        probe.start()
    }

    /// Closes the gate at once. What is in the rings can still be pumped out.
    public func stop() { probe.stop() }

    /// Waits for records, and hands what has come to the sink.
    ///
    /// - Returns: how many records there were.
    @discardableResult
    public mutating func pump(
        into sink: inout some LockEventSink & ~Copyable,
        waitingAtMost milliseconds: Int32
    ) -> Int {
        if rings.isEmpty { rings.wait(milliseconds: milliseconds) }
        rings.fixEnd(now: KernelImage.now)
        // After the batch's end is fixed and before any of it is believed: a miss that could have spoiled a record
        // in the batch happened before the record was made, and so shows now.
        checkMisses(&sink)
        checkCounters()
        // After the end is fixed, too: whoever made these records had announced itself by now.
        for change in tests.take(now: KernelImage.now) { tell(change, to: &sink) }
        let records = rings.drain { decoder.decode($0, into: &sink) }
        tellContainerPlaces()
        sink.advance(to: KernelImage.now)
        return records
    }

    /// The same, and keeps all of it in a journal, so that a replay hands a sink of the same kind exactly the same.
    @discardableResult
    public mutating func pump(
        into sink: inout some LockEventSink & ~Copyable,
        keepingIn journal: inout some RecordJournal & ~Copyable,
        waitingAtMost milliseconds: Int32
    ) -> Int {
        if rings.isEmpty { rings.wait(milliseconds: milliseconds) }
        rings.fixEnd(now: KernelImage.now)
        if checkMisses(&sink) { journal.append(.distrust(epoch: decoder.trustedEpoch)) }
        checkCounters()
        for change in tests.take(now: KernelImage.now) {
            tell(change, to: &sink)
            journal.append(.test(change.test, from: change.time))
        }
        let records = rings.drain { record in
            decoder.decode(record, into: &sink, keepingIn: &journal)
        }
        tellContainerPlaces()
        let now = KernelImage.now
        // Records tell the time themselves; between them a hundred times a second is more than any verdict needs.
        if now - lastTime >= 10_000_000 {
            lastTime = now
            journal.append(.time(now))
            sink.advance(to: now)
        }
        return records
    }

    private func tell(_ change: RunningTests.Change, to sink: inout some LockEventSink & ~Copyable) {
        sink.run(change.test.isEmpty ? .none : sink.tables.names.intern(change.test), from: change.time)
    }

    private mutating func tellContainerPlaces() {
        if decoder.naming.hasContainerPlaces { probe.setContainers(decoder.naming.takeContainerPlaces()) }
    }

    /// Looks at what else the programs counted before a batch is believed: what could have spoiled a record of it came
    /// before the record.
    private mutating func checkCounters() {
        let counters = probe.counters
        if counters.dropped != seenDrops {
            seenDrops = counters.dropped
            // What was dropped may have said that a lock was initialised: no address is what it was.
            decoder.naming.forgetAddresses()
            decoder.hasLoss = true
        }
        if counters.modulesLoaded != seenModules { readSymbols(after: counters.modulesLoaded) }
    }

    /// Reads the symbols again, and spends at most half of the time on it.
    private mutating func readSymbols(after modules: UInt64) {
        let began = KernelImage.now
        guard began >= nextReading, let symbols = try? KernelImage.symbols() else { return }
        decoder.naming.update(symbols: symbols)
        seenModules = modules
        let ended = KernelImage.now
        nextReading = ended + (ended - began)
    }

    /// Whether programs missed runs since the last look.
    @discardableResult
    private mutating func checkMisses(_ sink: inout some LockEventSink & ~Copyable) -> Bool {
        guard countsMisses else { return false }
        let misses = probe.misses
        guard misses != seenMisses else { return false }
        seenMisses = misses
        decoder.trustedEpoch = probe.raiseEpoch()
        sink.loseAllStacks()
        return true
    }

    /// Records dropped so far because the ring was full.
    public var dropped: UInt64 { probe.counters.dropped }

    /// Counts so far.
    public var summary: LiveSummary {
        let counters = probe.counters
        let counts = decoder.counts
        var unknown: [String: Int] = [:]
        for (hook, count) in counts.unknownReleases {
            unknown[String(cString: kp_hook_name(Int32(hook))), default: 0] += count
        }
        return LiveSummary(
            records: counts.records,
            acquisitions: counters.acquired,
            filtered: counters.filtered,
            unsentPairs: counters.unsentPairs,
            dropped: counters.dropped,
            misses: seenMisses - missesAtStart,
            gaps: counts.gaps,
            distrusted: counts.distrusted,
            malformed: counts.malformed,
            withoutStorage: counters.withoutStorage,
            overflowed: counters.overflowed,
            inInterrupts: counters.inInterrupts,
            lostCalls: counters.lostCalls,
            stale: counters.stale,
            earlyReleases: counts.earlyReleases,
            unknownReleases: unknown,
            unnamedInitialisations: counts.unnamedInitialisations,
            unclassifiedCopies: decoder.naming.copies.unclassified,
            mapBytes: probe.mapBytes,
            startUp: startUp
        )
    }
}
