// SPDX-License-Identifier: Apache-2.0

/// What counts as a finding when a task nests locks of one class (DESIGN 3.6).
public enum SameClassPolicy: String, Sendable, Hashable, CaseIterable {
    /// lockdep's: any nesting of one class and subclass without a nest lock.
    case strict
    /// The same instance twice, or two instances in both orders: what is real without lockdep's annotations.
    case instance
}

/// What a run wants from the engine.
public struct EngineOptions: Sendable {
    /// What nesting of one class is judged by.
    public var sameClass: SameClassPolicy
    /// What no path may do.
    public var rules: [LockRule]
    /// What was known before this run; nil when nothing is to be compared.
    public var baseline: Baseline?
    /// How long a circle of waiting tasks must last to be reported, in nanoseconds of event time; nil to look for none.
    public var deadlockPersistence: UInt64?
    /// The events are a filtered selection (DESIGN 3.4): a rebuilt stack then serves only the event whose record shows it,
    /// and nothing is concluded from what is not seen.
    public var isFiltered: Bool
    /// Whether holds and waits are timed (``LockTimes``). A source that does not tell when a lock was obtained or let go has
    /// no times to keep.
    public var keepsTimes: Bool
    /// Locks that may outlive the task that took them: what a file system freeze holds.
    public var mayOutliveTask: [LockPattern]
    /// How many cycles one closing dependency may report, shortest first; one only, when there are thousands already. That
    /// there are more counts in the summary.
    public var cyclesPerDependency: Int
    /// What lockdep's annotations say on a kernel of the same source; nil where nothing was learned.
    public var annotations: LearnedAnnotations?
    /// Whether to learn what the source's annotations say (``LockOrderEngine/learnedAnnotations``).
    public var learnsAnnotations = false

    /// Sensible settings: the instance policy, a second's persistence, no rules, no baseline.
    public init(
        sameClass: SameClassPolicy = .instance,
        rules: [LockRule] = [],
        baseline: Baseline? = nil,
        deadlockPersistence: UInt64? = 1_000_000_000,
        isFiltered: Bool = false
    ) {
        self.sameClass = sameClass
        self.rules = rules
        self.baseline = baseline
        self.deadlockPersistence = deadlockPersistence
        self.isFiltered = isFiltered
        keepsTimes = !isFiltered
        self.mayOutliveTask = LockPattern.freezeLocks
        self.cyclesPerDependency = 8
    }
}
