// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// One thing found, complete in itself: every name is resolved, so that it can be printed, filed and compared anywhere.
public struct Finding: Sendable {
    /// One dependency of a finding, with its witness (DESIGN 3.7).
    public struct Step: Sendable, Hashable {
        /// The printed names of the lock held and of the lock taken.
        public var from: String
        /// The printed name of the lock taken.
        public var to: String
        /// How the lock was held.
        public var fromMode: LockMode
        /// How the new lock was taken.
        public var toMode: LockMode
        /// The task, as the source tells tasks apart.
        public var task: UInt64
        /// Its process id.
        public var pid: UInt32
        /// Its command name.
        public var comm: String
        /// Where it ran.
        public var cpu: UInt32
        /// Nanoseconds on the source's monotonic clock.
        public var time: UInt64
        /// The test that was running; empty where none is known.
        public var test: String
        /// Where the lock held was taken; the stack (innermost first) is empty until one was captured there.
        public var heldSite: String
        /// The stack of the lock held, innermost first.
        public var heldStack: [String]
        /// Where the new lock was taken, and the stack, innermost first.
        public var site: String
        /// The stack of the new lock, innermost first.
        public var stack: [String]
        /// Seen at least once from the innermost held lock.
        public var isDirect: Bool
        /// Only ever seen as something that might happen.
        public var isMay: Bool
        /// Whether the baseline lacks it; nil without a baseline.
        public var isNew: Bool?
        /// How many acquisitions made it when the finding was made.
        public var count: UInt64
        /// How many functions made it, counted up to the few that are kept.
        public var siteCount: Int
        /// A reader that waits here waits for another reader: it needs a writer queued between them.
        public var needsQueuedWriter: Bool
        /// A writer of the class taken was seen in this run.
        public var writerSeen: Bool

        /// Describes a step; everything but the names has a neutral default.
        public init(from: String, to: String, fromMode: LockMode = .write, toMode: LockMode = .write) {
            self.from = from
            self.to = to
            self.fromMode = fromMode
            self.toMode = toMode
            self.task = 0
            self.pid = 0
            self.comm = ""
            self.cpu = 0
            self.time = 0
            self.test = ""
            self.heldSite = ""
            self.heldStack = []
            self.site = ""
            self.stack = []
            self.isDirect = true
            self.isMay = false
            self.isNew = nil
            self.count = 1
            self.siteCount = 0
            self.needsQueuedWriter = false
            self.writerSeen = false
        }
    }

    /// A task of a finding: one that waits (`deadlock`), or one that did what was found.
    public struct Participant: Sendable, Hashable {
        /// The task, as the source tells tasks apart.
        public var task: UInt64
        /// Its process id.
        public var pid: UInt32
        /// Its command name.
        public var comm: String
        /// The printed name of the lock waited for; empty where the task does not wait.
        public var waitsFor: String
        /// The function it was in.
        public var site: String
        /// Where it waits, innermost first.
        public var stack: [String]
        /// The printed names of the locks it holds, outermost first.
        public var holds: [String]

        /// Describes a participant.
        public init(task: UInt64, pid: UInt32 = 0, comm: String = "") {
            self.task = task
            self.pid = pid
            self.comm = comm
            self.waitsFor = ""
            self.site = ""
            self.stack = []
            self.holds = []
        }
    }

    /// What it says.
    public var kind: FindingKind
    /// How much speaks for it: of cycles, rule paths and inversions, otherwise nil.
    public var grade: Grade?
    /// The grade it was reported with before, when later evidence raised it; nil the first time it is reported.
    public var previousGrade: Grade?
    /// Whether every name in it is exact.
    public var namesAreExact: Bool
    /// Stable across reboots, addresses and insertion orders: see ``Signature``.
    public var signature: Signature
    /// The printed names of the classes in it. A cycle starts behind its closing dependency and does not repeat the first.
    public var classes: [String]
    /// The rule as it was given, for ``FindingKind/rule``.
    public var rule: String?
    /// The gate lock's printed name, when the grade is ``Grade/guarded``.
    public var gate: String?
    /// Those who did it, or who wait.
    public var tasks: [Participant]
    /// How each class came by its name.
    public var naming: [Naming]
    /// Its dependencies in order; the closing one of a cycle comes last.
    public var steps: [Step]
    /// Whether the baseline lacks it: one of its dependencies, or, where it has none, the finding; nil without a baseline.
    public var isNew: Bool?
    /// All of it in one line.
    public var text: String

    /// How a class came by its name.
    public struct Naming: Sendable, Hashable {
        /// The printed name of the class.
        public var lockClass: String
        /// How it was named, in a few words.
        public var how: String
        /// Whether the name is exact.
        public var certainty: LockClass.Certainty

        /// Describes a class's naming.
        public init(lockClass: String, how: String, certainty: LockClass.Certainty) {
            self.lockClass = lockClass
            self.how = how
            self.certainty = certainty
        }
    }

    /// Describes a finding; everything but kind and signature has a neutral default.
    public init(kind: FindingKind, signature: Signature) {
        self.kind = kind
        self.signature = signature
        self.grade = nil
        self.previousGrade = nil
        self.namesAreExact = true
        self.classes = []
        self.rule = nil
        self.gate = nil
        self.tasks = []
        self.naming = []
        self.steps = []
        self.isNew = nil
        self.text = ""
    }
}
