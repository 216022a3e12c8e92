// SPDX-License-Identifier: Apache-2.0

extension DependencyOrder {
    /// A largest set of classes each of which leads to each other by strong paths, and the dependencies among them that
    /// are on cycles.
    public struct StrongComponent: Sendable, Equatable {
        /// Class numbers, ascending.
        public var classes: [Int]
        /// Dependency numbers, ascending.
        public var dependencies: [Int]
    }

    /// Whether a dependency is on a strong cycle. Costs one comparison.
    public func isOnCycle(_ number: Int) -> Bool { home(ofDependency: number) != Self.nothing }

    /// The strongly connected components that have cycles, by their lowest dependency. Cost: a pass over all dependencies.
    public func stronglyConnectedComponents() -> [StrongComponent] {
        var index: [UInt32: Int] = [:]
        var result: [StrongComponent] = []
        for number in table.words.indices where table.words[number] != DependencyTable.gone {
            let home = home(ofDependency: number)
            if home == Self.nothing { continue }
            let place = index[home, default: result.count]
            if place == result.count {
                index[home] = place
                result.append(StrongComponent(classes: [], dependencies: []))
            }
            result[place].dependencies.append(number)
        }
        for place in result.indices {
            let ends = result[place].dependencies.map { Int(table.words[$0] >> 32) }
            result[place].classes = Set(ends).sorted()
        }
        return result
    }

    /// The component that a dependency lies in, or `nothing`.
    func home(ofDependency number: Int) -> UInt32 {
        let word = table.words[representative(ofDependency: number)]
        let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
        let from = Int(word >> 32)
        if from == entry.lockClass { return Self.nothing }
        let arrival = component[entry.arrival]
        if component[from << 1] == arrival { return arrival }
        if !entry.fromIsReader && component[from << 1 | 1] == arrival { return arrival }
        return Self.nothing
    }
}
