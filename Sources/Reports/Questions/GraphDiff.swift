// SPDX-License-Identifier: Apache-2.0

import LockEvents
public import LockGraph
public import TraceFiles

/// What one graph has and another one lacks, by names that survive a reboot: renumbered `#2`, other addresses and other
/// counts are no difference.
public struct GraphDiff: Sendable {
    /// One side's surplus.
    public struct Side: Sendable {
        /// Classes, by name.
        public var classes: [Baseline.ClassKey]
        /// Dependencies with their witnesses, by the names of both ends.
        public var dependencies: [Finding.Step]
        /// Cycles, by signature.
        public var cycles: [Finding]
    }

    /// What the new graph has and the base lacks.
    public var appeared: Side
    /// What the base has and the new graph lacks.
    public var gone: Side
    /// What makes the comparison doubtful: different sources, damaged files. One sentence each.
    public var warnings: [String]

    /// Compares two graphs, all runs of each together. Cost: a pass over both and a search for their cycles.
    public init(base: GraphSnapshot, new: GraphSnapshot) {
        appeared = Self.surplus(of: new, over: base)
        gone = Self.surplus(of: base, over: new)
        warnings = []
        let sources = [base, new].map { Set($0.runs.map(\.source)).sorted().joined(separator: ", ") }
        if sources[0] != sources[1] {
            warnings.append(
                "the graphs come from different sources (\(sources[0]); \(sources[1])), which see different locks"
            )
        }
        for (name, graph) in [("base", base), ("new", new)] where !graph.isComplete {
            let damage = graph.damagedLines > 0 ? "; \(counted(graph.damagedLines, "damaged line")) passed over" : ""
            warnings.append("the \(name) graph is not complete\(damage)")
        }
    }

    private static func surplus(of graph: GraphSnapshot, over other: GraphSnapshot) -> Side {
        let known = other.baseline
        let knownCycles = Set(other.reportedFindings().filter { $0.kind == .cycle }.map(\.signature))
        let engine = graph.engine()
        var classes = Set(graph.classes.map { graph.key(of: LockNode($0.id)) })
        classes.formUnion(
            graph.dependencies.flatMap { [graph.key(of: $0.dependency.from), graph.key(of: $0.dependency.to)] }
        )
        return Side(
            classes: classes.filter { !known.contains($0) }.sorted { order($0) < order($1) },
            dependencies: graph.merged()
                .filter { dependency in
                    !known.contains(
                        from: graph.key(of: dependency.from),
                        to: graph.key(of: dependency.to),
                        fromMode: dependency.fromMode,
                        toMode: dependency.toMode
                    )
                }
                .map { Finding.Step($0, in: engine) },
            cycles: graph.reportedFindings()
                .filter { $0.kind == .cycle && !knownCycles.contains($0.signature) && !known.contains($0.signature) }
                .sorted { $0.signature.rawValue < $1.signature.rawValue }
        )
    }

    private static func order(_ key: Baseline.ClassKey) -> (String, UInt8, String, Int) {
        (key.name, key.type.rawValue, key.origin, key.subclass)
    }

    /// Whether neither graph has anything that the other one lacks.
    public var isEmpty: Bool {
        [appeared, gone].allSatisfy { $0.classes.isEmpty && $0.dependencies.isEmpty && $0.cycles.isEmpty }
    }
}

extension Finding.Step {
    /// A dependency of a graph that an engine was made of, with all its names.
    init(_ dependency: Dependency, in engine: LockOrderEngine) {
        self.init(
            from: engine.printedName(of: dependency.from),
            to: engine.printedName(of: dependency.to),
            fromMode: dependency.fromMode,
            toMode: dependency.toMode
        )
        let tables = engine.tables
        let witness = dependency.witness
        task = witness.task.rawValue
        pid = witness.pid
        comm = tables.names[witness.comm]
        cpu = witness.cpu
        time = witness.time
        test = tables.names[witness.test]
        heldSite = tables.names[witness.heldSite]
        heldStack = tables.frames(of: witness.heldStack)
        site = tables.names[witness.site]
        stack = tables.frames(of: witness.stack)
        isDirect = dependency.isDirect
        isMay = dependency.isMay
        isNew = dependency.isNew
        count = dependency.count
        siteCount = dependency.sites.count
    }
}
