// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

/// A graph as files keep it: classes, dependencies and findings of one or more runs, by names that survive a reboot.
///
/// It is what `report`, `diff`, `path`, `cut` and `merge` work on. Records are kept once by their keys (for a dependency
/// run, classes and modes); where two have the same key, ``GraphSnapshot/insert(_:run:)-dependency`` and its siblings join
/// them so that neither order nor repetition matters: the union is commutative, associative and idempotent.
///
/// Memory: about 250 bytes a dependency, names and stacks apart, which are kept once.
public struct GraphSnapshot: Sendable {
    /// A dependency of one run. Its identifiers are of ``GraphSnapshot/tables``.
    public struct Entry: Sendable {
        /// An index into ``GraphSnapshot/runs``.
        public var run: Int
        /// The dependency; ``Dependency/isNew`` is not kept in files.
        public var dependency: Dependency
    }

    /// A class of one run, and how that run came by its name.
    public struct ClassEntry: Sendable {
        /// An index into ``GraphSnapshot/runs``.
        public var run: Int
        /// The class.
        public var id: LockClassID
        /// How the class came by its name.
        public var naming: String
        /// Whether the name is exact or inferred.
        public var certainty: LockClass.Certainty
        /// False for classes kept out of verdicts.
        public var isValidated: Bool
    }

    /// A finding of one run.
    public struct FindingEntry: Sendable {
        /// An index into ``GraphSnapshot/runs``.
        public var run: Int
        /// The finding as it was reported.
        public var finding: Finding
        /// The identities behind the printed names of the finding's classes.
        public var keys: [String: Baseline.ClassKey]
    }

    /// Names, stacks and classes, each once.
    public internal(set) var tables = EventTables()
    /// The runs, in order of appearance.
    public internal(set) var runs: [GraphRun] = []
    /// The classes, once for each run.
    public internal(set) var classes: [ClassEntry] = []
    /// The dependencies, once for each run.
    public internal(set) var dependencies: [Entry] = []
    /// The findings, once for each run.
    public internal(set) var findings: [FindingEntry] = []
    /// How long locks were held and waited for, once for each run that knows.
    public internal(set) var times: [TimesEntry] = []
    /// How each run ended; a run without was cut off.
    public internal(set) var summaries: [Int: GraphSummary] = [:]
    /// Lines that a reader passed over because they were damaged.
    public var damagedLines = 0

    struct ClassKey: Hashable {
        var run: Int
        var id: LockClassID
    }

    struct DependencyKey: Hashable {
        var run: Int
        var from: LockNode
        var to: LockNode
        var fromMode: LockMode
        var toMode: LockMode

        init(_ dependency: Dependency, run: Int) {
            self.run = run
            from = dependency.from
            to = dependency.to
            fromMode = dependency.fromMode
            toMode = dependency.toMode
        }
    }

    struct FindingKey: Hashable {
        var run: Int
        var signature: Signature
        var kind: FindingKind
    }

    var runIndex: [String: Int] = [:]
    var classIndex: [ClassKey: Int] = [:]
    var dependencyIndex: [DependencyKey: Int] = [:]
    var findingIndex: [FindingKey: Int] = [:]
    var timesIndex: [TimesKey: Int] = [:]

    /// Creates a graph without runs.
    public init() {}

    /// Whether every run in it came to its end and nothing was damaged.
    public var isComplete: Bool { damagedLines == 0 && runs.indices.allSatisfy { summaries[$0] != nil } }

    /// The identity of a node.
    public func key(of node: LockNode) -> Baseline.ClassKey {
        let lockClass = tables.classes[node.lockClass]
        return Baseline.ClassKey(
            name: lockClass.name,
            type: lockClass.type,
            origin: lockClass.origin,
            subclass: node.printedSubclass
        )
    }

    /// Everything in the graph, as what a later one is compared with.
    public var baseline: Baseline {
        var baseline = Baseline()
        for entry in classes { baseline.insert(key(of: LockNode(entry.id))) }
        for entry in dependencies {
            let dependency = entry.dependency
            baseline.insert(
                from: key(of: dependency.from),
                to: key(of: dependency.to),
                fromMode: dependency.fromMode,
                toMode: dependency.toMode
            )
        }
        for entry in findings { baseline.insert(entry.finding.signature) }
        return baseline
    }
}
