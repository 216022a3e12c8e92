// SPDX-License-Identifier: Apache-2.0

/// One lockdep report, as read from a log.
///
/// Everything is as printed; what a truncated or garbled report lacks is nil or empty and named in ``missing``.
public struct Splat: Sendable, Hashable {
    /// What lockdep reports (kernel/locking/lockdep.c, kernel/rcu/update.c).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case circular = "possible circular locking dependency"
        case recursive = "possible recursive locking"
        case unlockBalance = "bad unlock balance"
        case inconsistentState = "inconsistent lock state"
        case irqInversion = "possible irq lock inversion dependency"
        case irqOrder = "irq-safe -> irq-unsafe lock order"
        case returnToUser = "lock held when returning to user space"
        case stillHeld = "still has locks held"
        case heldLockFreed = "held lock freed"
        case nestLockNotTaken = "nested lock was not taken"
        case waitContext = "invalid wait context"
        case suspiciousRCU = "suspicious RCU usage"
    }

    /// What it reports.
    public var kind: Kind
    /// First and last line that belong to the report, counted from 1 over all that the reader was fed.
    public var lines: ClosedRange<Int>
    /// The kernel release: `6.12.0-08446-g228a1157fb9f`. Nil where the report prints none.
    public var kernel: String?
    /// The build as printed after the release: `#5`.
    public var build: String?
    /// `Not tainted` or `Tainted: G W`, where printed.
    public var taint: String?
    /// The task that ran into the report.
    public var task: SplatTask?
    /// The lock that the task wanted, released, changed or freed.
    public var wanted: SplatLock?
    /// The lock that the report sets against ``wanted``: already held, or (irq inversion) taken in the past.
    public var held: SplatLock?
    /// The dependency chain as printed, `#N` first.
    public var chain: [SplatChainLink] = []
    /// `Chain exists of: A --> B --> C`: the three names, or empty.
    public var chainSummary: [SplatClass] = []
    /// The possible unsafe locking scenario.
    public var scenario: [SplatStep] = []
    /// How many locks the report says the task holds; ``heldLocks`` has fewer if it was cut off.
    public var heldCount: Int?
    /// The locks the task holds, outermost first.
    public var heldLocks: [SplatLock] = []
    /// The stack of the report itself, innermost first.
    public var backtrace: [SplatFrame] = []
    /// Stacks of the kinds that are about interrupts, in the order printed.
    public var usages: [SplatUsage] = []
    /// The kind's own sentence: `{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}`, `context-{4:4}`, `include/linux/radix-tree.h:238
    /// suspicious rcu_dereference_check() usage`, or the name of the nest lock that is not held.
    public var detail: String?
    /// What the report lacks.
    public var missing: [SplatGap] = []

    /// Begins an empty report.
    public init(kind: Kind, lines: ClosedRange<Int>) {
        self.kind = kind
        self.lines = lines
    }
}

/// One entry of the chain: `-> #1 (cpu_hotplug_lock){++++}-{0:0}:` with its stack.
public struct SplatChainLink: Sendable, Hashable {
    /// The number after `#`; 0 is the lock being taken.
    public var index: Int
    /// The class, with usage and wait type.
    public var lock: SplatLock
    /// Where this class was taken while the class of `index - 1` was held, innermost first; for 0, while `#N` was.
    public var stack: [SplatFrame]

    /// Describes a link.
    public init(index: Int, lock: SplatLock, stack: [SplatFrame] = []) {
        self.index = index
        self.lock = lock
        self.stack = stack
    }
}

/// One line of the possible unsafe locking scenario.
public struct SplatStep: Sendable, Hashable {
    /// What the line says is done.
    public enum Action: String, Sendable, Hashable {
        case lock
        /// A reader (`rlock`).
        case read = "rlock"
        /// Waiting for all readers, as synchronize_srcu does.
        case sync
        case interrupt = "<Interrupt>"
        case disableInterrupts = "local_irq_disable"
    }

    /// 0 or 1: the column.
    public var cpu: Int
    /// What is done.
    public var action: Action
    /// The class, for all but the two about interrupts.
    public var lockClass: SplatClass?

    /// Describes a step.
    public init(cpu: Int, action: Action, lockClass: SplatClass? = nil) {
        self.cpu = cpu
        self.action = action
        self.lockClass = lockClass
    }
}

/// A stack of the reports about interrupts: where a class came into a state, or was taken under the class before it.
public struct SplatUsage: Sendable, Hashable {
    /// The class in question.
    public var lock: SplatLock
    /// `IN-HARDIRQ-W`, `INITIAL USE`, `acquired`.
    public var state: String
    /// Innermost first.
    public var stack: [SplatFrame]

    /// Describes a usage.
    public init(lock: SplatLock, state: String, stack: [SplatFrame] = []) {
        self.lock = lock
        self.state = state
        self.stack = stack
    }
}

/// A part that every complete report of its kind has and this one has not.
public enum SplatGap: Sendable, Hashable, CustomStringConvertible {
    case banner
    case kernel
    case task
    case wantedLock
    case heldLock
    case chain
    /// The chain begins or goes on without the links of these numbers.
    case links(ClosedRange<Int>)
    /// A link of the chain without a stack.
    case stack(of: Int)
    case scenario
    case heldLocks
    /// Entries of the list of held locks that are announced and not there.
    case heldEntries(ClosedRange<Int>)
    /// An entry of the list of held locks without the place where the lock was taken.
    case site(ofHeld: Int)
    case backtrace

    /// A clause for a reader: `#0's stack is missing`.
    public var description: String {
        switch self {
        case .banner: "the banner is missing"
        case .kernel: "the kernel version is missing"
        case .task: "the task is missing"
        case .wantedLock: "the lock being acquired is missing"
        case .heldLock: "the lock already held is missing"
        case .chain: "the dependency chain is missing"
        case .links(let range): "\(Self.numbers(range)) of the chain is missing"
        case .stack(let index): "#\(index)'s stack is missing"
        case .scenario: "the unsafe locking scenario is missing"
        case .heldLocks: "the list of held locks is missing"
        case .heldEntries(let range): "held lock \(Self.numbers(range)) is missing"
        case .site(let index): "where held lock #\(index) was taken is missing"
        case .backtrace: "the stack backtrace is missing"
        }
    }

    private static func numbers(_ range: ClosedRange<Int>) -> String {
        range.count == 1 ? "#\(range.lowerBound)" : "#\(range.lowerBound) to #\(range.upperBound)"
    }
}

/// Something in the text that could not be read, or that was passed over.
public struct SplatDiagnostic: Sendable, Hashable, CustomStringConvertible {
    /// Whether anything of a report was lost.
    public enum Severity: Sendable, Hashable {
        /// A report was read, but a part of it was not.
        case warning
        /// Lines of something else stood inside a report.
        case note
    }

    /// Counted from 1.
    public var line: Int
    /// Whether anything was lost.
    public var severity: Severity
    /// What was found, and what was done about it.
    public var message: String

    /// Describes what was found at a line.
    public init(line: Int, severity: Severity, message: String) {
        self.line = line
        self.severity = severity
        self.message = message
    }

    /// `line 12: ...`.
    public var description: String { "line \(line): \(message)" }
}
