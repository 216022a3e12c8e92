// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// What lockdep's annotations say, by the function that takes a lock (DESIGN 3.9).
///
/// `mutex_lock_nested()`, `mutex_lock_nest_lock()`, `lockdep_set_class()` and `lockdep_set_novalidate_class()` are static in
/// the source: a run on a kernel with lockdep writes down what they said where, and a run on a stock build of the same
/// source, on which they are compiled away, is told.
public struct LearnedAnnotations: Sendable {
    /// What one function said of the locks of one class, in one situation.
    public struct Entry: Sendable, Hashable {
        /// The function that takes the lock.
        public var function: String
        /// The lock's class, as lockdep has it.
        public var lockClass: LockClass
        /// The subclasses of the locks of this class that the task holds already, in the order they were taken.
        public var under: [UInt8]
        /// The subclass that the lock is taken with.
        public var subclass: UInt8
        /// The class of the nest lock; empty where there is none.
        public var nest: String

        /// Describes an annotation.
        public init(
            function: String,
            lockClass: LockClass,
            under: [UInt8] = [],
            subclass: UInt8 = 0,
            nest: String = ""
        ) {
            self.function = function
            self.lockClass = lockClass
            self.under = under
            self.subclass = subclass
            self.nest = nest
        }
    }

    /// The release of the kernel that said so; empty where unknown.
    public var kernel: String
    /// What was said, and how often.
    public var entries: [Entry: Int]

    /// Collects annotations.
    public init(kernel: String = "", entries: [Entry: Int] = [:]) {
        self.kernel = kernel
        self.entries = entries
    }
}

/// Nestings of locks of one class that an annotation explained: without it the class would depend on itself.
public struct ExplainedNesting: Sendable, Hashable {
    /// The class's name.
    public var lockClass: String
    /// The function that took the inner lock.
    public var function: String
    /// The subclass that the annotation gave it.
    public var subclass: UInt8
    /// The class of the nest lock that the annotation named and the task held; empty where it named none.
    public var nest: String
    /// How often that was seen.
    public var count: Int

    /// Describes nestings.
    public init(lockClass: String, function: String, subclass: UInt8 = 0, nest: String = "", count: Int = 1) {
        self.lockClass = lockClass
        self.function = function
        self.subclass = subclass
        self.nest = nest
        self.count = count
    }
}
