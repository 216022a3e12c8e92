// SPDX-License-Identifier: Apache-2.0

/// Everything found so far, each signature once, and what of it nobody has taken yet.
@usableFromInline
struct FindingBook: Sendable {
    /// A finding and what its grade and its steps rest on.
    struct Entry: Sendable {
        var finding: Finding
        /// Its dependencies by the order's numbers; empty where its steps are not dependencies of the graph.
        var dependencies: [Int]
        /// The nodes whose identities its signature is made of.
        var nodes: [NodeIndex]
    }

    private(set) var entries: [Entry] = []
    private var bySignature: [Signature: Int] = [:]
    /// Findings whose grade may rise with a dependency's evidence.
    private var byDependency: [Int: [Int]] = [:]
    private var fresh: [Finding] = [] {
        didSet { hasFresh = !fresh.isEmpty }
    }
    /// Whether ``takeFresh()`` has something to give. Asked after every event, by other modules too: hence no method.
    @usableFromInline private(set) var hasFresh = false

    init() {}

    /// The finding with a signature, by its place.
    func find(_ signature: Signature) -> Int? { bySignature[signature] }

    /// Adds a finding with a new signature and gives its place.
    mutating func add(_ entry: Entry) {
        let place = entries.count
        bySignature[entry.finding.signature] = place
        entries.append(entry)
        fresh.append(entry.finding)
        for dependency in entry.dependencies { byDependency[dependency, default: []].append(place) }
    }

    /// Lets a finding with a known signature take the place of what was reported with a lower grade.
    mutating func raise(_ place: Int, to entry: Entry) {
        var entry = entry
        entry.finding.previousGrade = entries[place].finding.grade
        for dependency in entry.dependencies where !entries[place].dependencies.contains(dependency) {
            byDependency[dependency, default: []].append(place)
        }
        entries[place] = entry
        fresh.append(entry.finding)
    }

    /// The findings that rest on a dependency.
    func findings(on dependency: Int) -> [Int] { byDependency[dependency] ?? [] }

    /// What was added or raised since the last call.
    mutating func takeFresh() -> [Finding] {
        defer { fresh.removeAll() }
        return fresh
    }

    /// Lets a signature also stand for a finding whose classes turned out to be others.
    mutating func alias(_ signature: Signature, to place: Int) {
        if bySignature[signature] == nil { bySignature[signature] = place }
    }

    /// Dependencies were folded into others.
    mutating func replace(dependency: Int, by other: Int) {
        guard let places = byDependency.removeValue(forKey: dependency) else { return }
        byDependency[other, default: []] += places
        for place in places {
            entries[place].dependencies = entries[place].dependencies.map { $0 == dependency ? other : $0 }
        }
    }

    /// Nodes were merged into others.
    mutating func renameNodes(_ map: (NodeIndex) -> NodeIndex) {
        for place in entries.indices { entries[place].nodes = entries[place].nodes.map(map) }
    }
}
