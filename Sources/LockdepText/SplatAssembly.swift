// SPDX-License-Identifier: Apache-2.0

/// The report that is being read.
///
/// Lines are recognised by what they say and only then by where they stand, so that a report with missing, foreign or
/// broken lines still gives all that is left of it. Indentation is never relied on: CI logs and mailers change it.
struct SplatAssembly: Sendable {
    enum Outcome {
        case goesOn
        /// The line is no longer part of this report.
        case over
    }

    /// What a line of its own is awaited as.
    enum Expectation: Sendable {
        case nothing
        case kernel
        case wanted
        case held
        /// The lock names between the headings of the kinds about interrupts, which repeat what is known.
        case repeated
        case nestLock
        case releaseSite
        case rcuSentence
    }

    /// Where frames go.
    enum Trace: Sendable {
        case none
        case link
        case usage
        case backtrace
    }

    /// Where a lock that was read stands.
    enum LockPlace: Sendable {
        case wanted
        case held
        case entry
    }

    /// A line that began something and did not end it.
    struct Partial: Sendable {
        enum Subject: Sendable {
            case link(Int)
            case entry(Int)
            case lock(LockPlace)
            case site(LockPlace)
            case usage
            case summary
            case step(cpu: Int)
            /// A heading that a mailer wrapped.
            case sentence
        }

        var isSentence: Bool {
            if case .sentence = subject { return true }
            return false
        }

        var subject: Subject
        var text: [UInt8]
        var line: Int
        var joins = 0
        var foreign = 0
    }

    var splat: Splat
    let caller: LogPrefix.Caller?
    var hasBanner: Bool
    var expectation = Expectation.nothing
    var trace = Trace.none
    var partial: Partial?
    /// The lock whose `, at:` a broken line may still bring.
    var openSite: LockPlace?
    /// Where the last line's frame went, for annotations that a mailer wrapped.
    var lastFrame: FrameTarget?
    /// A symbol on a line of its own, whose `file:line` may follow.
    var loneSymbol: [UInt8]?
    /// The line before told the kernel: a rest of the taint may follow.
    var isAfterKernel = false
    /// The class whose states the reports about interrupts are listing.
    var blockLock: SplatLock?
    /// Announced by a heading: entries `#0: ...` are held locks.
    var isListingHeld = false
    var heldIndices: [Int] = []
    var isBacktraceClosed = false
    /// Column of `CPU0` in the scenario's heading.
    var cpu0Column = 7
    private var frameCount = 0
    private var isFull = false
    private var foreignRun = 0
    private var foreignStart = 0
    private var diagnostics: [SplatDiagnostic] = []

    enum FrameTarget: Sendable {
        case link
        case usage
        case backtrace
        case site(LockPlace)
    }

    /// Begins at a banner.
    init(banner: SplatBanner, line: Int, caller: LogPrefix.Caller?) {
        splat = Splat(kind: banner.kind, lines: line...line)
        splat.task = banner.task
        splat.detail = banner.detail
        self.caller = caller
        hasBanner = true
        expectation = .kernel
    }

    /// Begins in the middle of a circular report whose banner is not in the text.
    init(headlessAt line: Int, caller: LogPrefix.Caller?) {
        splat = Splat(kind: .circular, lines: line...line)
        self.caller = caller
        hasBanner = false
    }

    /// Whether a line without a banner before it begins a report: mails often quote the chain alone.
    static func begins(with text: Bytes) -> Bool {
        let text = text.trimmed
        if let rest = text.after("-> #")?.leadingNumber?.rest.trimmed {
            return rest.isEmpty || rest.first == ASCII.open
        }
        return text.hasPrefix("the existing dependency chain") || text.hasSuffix(" is trying to acquire lock:")
    }

    /// Takes the next line. Cost: linear in the line.
    mutating func take(_ number: Int, _ prefix: LogPrefix) -> Outcome {
        if let caller, let other = prefix.caller, caller != other { return passOver(number) }
        let text = prefix.text.trimmed
        if text.isEmpty { return .goesOn }
        if isBacktraceClosed || isEnd(text) { return .over }
        guard recognise(text, indentation: prefix.text.indentation, raw: prefix.text, line: number) else {
            return passOver(number)
        }
        noteForeign()
        splat.lines = splat.lines.lowerBound...number
        return .goesOn
    }

    /// The warnings and notes since the last call.
    mutating func takeDiagnostics() -> [SplatDiagnostic] {
        defer { diagnostics = [] }
        return diagnostics
    }

    mutating func warn(_ line: Int, _ message: String) {
        diagnostics.append(SplatDiagnostic(line: line, severity: .warning, message: message))
    }

    /// Stores a frame where the current trace goes.
    mutating func store(_ frame: SplatFrame, line: Int) {
        frameCount += 1
        let room = frameCount <= SplatReader.Limits.framesPerReport
        switch trace {
        case .link where room && splat.chain.last.map({ $0.stack.count < SplatReader.Limits.framesPerStack }) == true:
            splat.chain[splat.chain.count - 1].stack.append(frame)
            lastFrame = .link
        case .usage where room && splat.usages.last.map({ $0.stack.count < SplatReader.Limits.framesPerStack }) == true:
            splat.usages[splat.usages.count - 1].stack.append(frame)
            lastFrame = .usage
        case .backtrace where room && splat.backtrace.count < SplatReader.Limits.framesPerStack:
            splat.backtrace.append(frame)
            lastFrame = .backtrace
        default:
            lastFrame = nil
            if !isFull { warn(line, "the stack is deeper than any kernel prints, the rest is left out") }
            isFull = true
        }
    }

    /// Changes the lock at a place.
    mutating func withLock(_ place: LockPlace, _ change: (inout SplatLock) -> Void) {
        switch place {
        case .wanted:
            guard var lock = splat.wanted else { return }
            change(&lock)
            splat.wanted = lock
        case .held:
            guard var lock = splat.held else { return }
            change(&lock)
            splat.held = lock
        case .entry:
            if let last = splat.heldLocks.indices.last { change(&splat.heldLocks[last]) }
        }
    }

    private mutating func passOver(_ number: Int) -> Outcome {
        if foreignRun == 0 { foreignStart = number }
        foreignRun += 1
        lastFrame = nil
        if foreignRun > SplatReader.Limits.foreignLines { return .over }
        // A report without a backtrace ends with its list of held locks.
        let isComplete = splat.kind == .returnToUser && splat.heldCount == heldIndices.count
        return isComplete ? .over : .goesOn
    }

    /// Names the foreign lines passed over, once the report is known to go on after them.
    private mutating func noteForeign() {
        guard foreignRun > 0 else { return }
        let count = foreignRun == 1 ? "a line that is" : "\(foreignRun) lines that are"
        diagnostics.append(
            SplatDiagnostic(
                line: foreignStart,
                severity: .note,
                message: "\(count) not part of the report, passed over"
            )
        )
        foreignRun = 0
    }

    /// Lines that only other kinds of kernel messages begin with.
    private func isEnd(_ text: Bytes) -> Bool {
        if text.hasPrefix("------------[ cut here") || text.hasPrefix("---[ end trace") { return true }
        if text.hasPrefix("Kernel panic") || text.hasPrefix("WARNING: CPU:") || text.hasPrefix("BUG: ") { return true }
        // A second dump begins where the first has its frames already.
        let isDump = text.hasPrefix("Call Trace:") || text.hasPrefix("Call trace:") || text.hasPrefix("CPU: ")
        return isDump && (trace != .backtrace || !splat.backtrace.isEmpty)
    }
}
