// SPDX-License-Identifier: Apache-2.0

import LockEvents
import Testing

@testable import LockGraph

/// The engine's findings against what an exhaustive search over all dependencies says, on random event streams.
@Suite("random events")
struct RandomEventTests {
    private struct Stream {
        var random: SplitMix
        var words: [String] = []

        init(seed: UInt64) {
            random = SplitMix(state: seed)
            for _ in 0..<12 {
                var letters = Array("ABCDEFGH")
                var word = ""
                for _ in 0..<(2 + random.next(below: 3)) {
                    let letter = letters.remove(at: Int(random.next(below: UInt64(letters.count))))
                    word += ["w", "r", "R"][Int(random.next(below: 3))] + String(letter)
                    if random.next(below: 6) == 0 { word += "?" }
                }
                words.append(word)
            }
        }
    }

    /// The classes of every strong component of the two-node graph that has a cycle, by searching from every node.
    private func components(_ dependencies: [Dependency]) -> Set<Set<LockNode>> {
        struct State: Hashable {
            var node: LockNode
            var isRecursive: Bool
        }
        func next(_ state: State) -> [State] {
            dependencies.filter { $0.from == state.node && !(state.isRecursive && $0.fromMode != .write) }
                .map { State(node: $0.to, isRecursive: $0.toMode == .recursive) }
        }
        func reachable(_ start: State) -> Set<State> {
            var seen: Set<State> = []
            var work = next(start)
            while let state = work.popLast() {
                if seen.insert(state).inserted { work += next(state) }
            }
            return seen
        }
        let starts = Set(dependencies.map { State(node: $0.to, isRecursive: $0.toMode == .recursive) })
        let reached = Dictionary(uniqueKeysWithValues: starts.map { ($0, reachable($0)) })
        var result: Set<Set<LockNode>> = []
        for start in starts {
            guard let after = reached[start], after.contains(start) else { continue }
            let mutual = after.filter { reached[$0]?.contains(start) ?? false }
            result.insert(Set(mutual.map(\.node)))
        }
        return result
    }

    @Test("every component with a cycle has a finding, every finding is a strong cycle", arguments: 0..<400)
    func verdicts(seed: UInt64) {
        var script = EventScript(EngineOptions(sameClass: .strict), type: .rwlock)
        for word in Stream(seed: seed).words { script.play(word) }
        let engine = script.engine
        let dependencies = engine.dependencies
        let components = components(dependencies)
        let byName = Dictionary(uniqueKeysWithValues: engine.lockNodes.map { (engine.printedName(of: $0), $0) })
        let cycles = engine.findings.of(.cycle).map { Set($0.classes.compactMap { byName[$0] }) }
        for component in components { #expect(cycles.contains { $0.isSubset(of: component) }) }
        for cycle in cycles { #expect(components.contains { cycle.isSubset(of: $0) }) }
        for finding in engine.findings.of(.cycle) {
            #expect(Set(finding.classes).count == finding.classes.count)
            for (step, following) in zip(finding.steps, finding.steps.dropFirst() + finding.steps.prefix(1)) {
                #expect(step.to == following.from)
                #expect(!(step.toMode == .recursive && following.fromMode != .write))
            }
        }
        #expect(Set(engine.findings.map(\.signature)).count == engine.findings.count)
    }

    @Test("the order of the words does not change the graph", arguments: 0..<50)
    func permuted(seed: UInt64) {
        func keys(_ words: [String]) -> Set<String> {
            var script = EventScript(EngineOptions(sameClass: .strict), type: .rwlock)
            for word in words { script.play(word) }
            let engine = script.engine
            return Set(
                engine.dependencies.map {
                    "\(engine.printedName(of: $0.from)) \($0.fromMode) \(engine.printedName(of: $0.to)) \($0.toMode) \($0.count) \($0.isDirect)"
                }
            )
        }
        let words = Stream(seed: seed).words
        #expect(keys(words) == keys(words.reversed()))
    }

    @Test("records that carry the held list give what rebuilt stacks give", arguments: 0..<50, [true, false])
    func shown(seed: UInt64, isFiltered: Bool) {
        var script = EventScript(EngineOptions(sameClass: .instance), type: .rwlock)
        script.recorder = []
        for word in Stream(seed: seed).words { script.play(word) }
        var other = LockOrderEngine(options: EngineOptions(isFiltered: isFiltered))
        other.tables = script.engine.tables
        var held: [TaskID: [HeldLock]] = [:]
        for event in script.recorder ?? [] {
            var mine = held[event.task, default: []]
            switch event.operation {
            case .acquire, .tryAcquire:
                other.consume(event, held: mine.span)
                mine.append(HeldLock(event))
            default:
                mine.removeAll { $0.lock == event.lock }
                // A filter sends no release.
                if !isFiltered { other.consume(event) }
            }
            held[event.task] = mine
        }
        #expect(other.summary.resyncs == 0)
        #expect(other.findings.map(\.signature) == script.engine.findings.map(\.signature))
        #expect(other.findings.map(\.grade) == script.engine.findings.map(\.grade))
        #expect(other.dependencies.map(\.count) == script.engine.dependencies.map(\.count))
    }
}
