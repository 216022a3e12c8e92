// SPDX-License-Identifier: Apache-2.0

/// Finds lockdep reports in any text: dmesg, syslog, CI logs, quoted mail, with other lines between.
///
///     var reader = SplatReader()
///     while let chunk = try file.next() { reader.read(chunk.span) }
///     reader.finish()
///     for splat in reader.takeSplats() { print(splat.kind, splat.chain.map(\.lock.lockClass.printedName)) }
///
/// Nothing in the input is fatal: what cannot be read is named in ``diagnostics`` and reading goes on. Memory is bounded
/// by one open report (``Limits``) plus the finished ones not yet taken; time is linear in the input.
public struct SplatReader: Sendable {
    /// Bounds on what one report may hold; far above what a kernel can print.
    enum Limits {
        static let links = 1024
        static let heldLocks = 64
        static let framesPerStack = 512
        static let framesPerReport = 65_536
        static let usages = 1024
        /// Lines of something else after which a report counts as ended.
        static let foreignLines = 64
        static let diagnostics = 256
    }

    private var lines = LogLines()
    private var open: SplatAssembly?
    private var finished: [Splat] = []
    private var sawOverlong = false

    /// What could not be read, in the order of the lines; the first 256.
    public private(set) var diagnostics: [SplatDiagnostic] = []
    /// How many more there were.
    public private(set) var suppressedDiagnostics = 0

    /// Starts at line 1.
    public init() {}

    /// Reads the next bytes of the text, cut anywhere.
    public mutating func read(_ chunk: Span<UInt8>) {
        var lines = LogLines()
        swap(&lines, &self.lines)
        lines.feed(chunk) { take($0) }
        swap(&lines, &self.lines)
    }

    /// Says that the text has ended, which ends an open report.
    public mutating func finish() {
        var lines = LogLines()
        swap(&lines, &self.lines)
        lines.finish { take($0) }
        swap(&lines, &self.lines)
        close()
    }

    /// The reports that have ended since the last call, in the order of the text.
    public mutating func takeSplats() -> [Splat] {
        defer { finished = [] }
        return finished
    }

    /// Reads a whole text at once.
    public static func read(_ text: String) -> (splats: [Splat], diagnostics: [SplatDiagnostic]) {
        var reader = SplatReader()
        reader.read(Array(text.utf8).span)
        reader.finish()
        return (reader.takeSplats(), reader.diagnostics)
    }

    private mutating func take(_ line: LogLines.Line) {
        if line.isOverlong {
            // Once: a file without line ends is one such line, binary data is many.
            if !sawOverlong {
                diagnose(line.number, "longer than \(LogLines.longest) bytes, passed over, as are others like it")
            }
            sawOverlong = true
            return
        }
        if line.hasControls {
            if open != nil { diagnose(line.number, "control characters in a report, line passed over") }
            return
        }
        let prefix = LogPrefix(line.bytes)
        if let banner = SplatBanner(prefix.text) {
            // A line of another caller's report cannot end ours, but two reports at once do not happen either:
            // lockdep turns itself off at the first, and RCU reports hold no lock while printing.
            close()
            open = SplatAssembly(banner: banner, line: line.number, caller: prefix.caller)
            return
        }
        if open != nil, offer(line.number, prefix) { return }
        // Not part of the report before it, it may begin one of its own.
        if SplatAssembly.begins(with: prefix.text) {
            open = SplatAssembly(headlessAt: line.number, caller: prefix.caller)
            _ = offer(line.number, prefix)
        }
    }

    /// Gives a line to the open report; false if the report has ended before it.
    private mutating func offer(_ number: Int, _ prefix: LogPrefix) -> Bool {
        let isOver = open?.take(number, prefix) == .over
        for note in open?.takeDiagnostics() ?? [] { diagnose(note) }
        if isOver { close() }
        return !isOver
    }

    private mutating func close() {
        guard var assembly = open else { return }
        open = nil
        let splat = assembly.finish()
        for note in assembly.takeDiagnostics() { diagnose(note) }
        if let splat { finished.append(splat) }
    }

    private mutating func diagnose(_ line: Int, _ message: String) {
        diagnose(SplatDiagnostic(line: line, severity: .warning, message: message))
    }

    private mutating func diagnose(_ diagnostic: SplatDiagnostic) {
        if diagnostics.count < Limits.diagnostics {
            diagnostics.append(diagnostic)
        } else {
            suppressedDiagnostics += 1
        }
    }
}
