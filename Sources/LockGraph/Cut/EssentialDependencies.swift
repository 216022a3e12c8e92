// SPDX-License-Identifier: Apache-2.0

import LockEvents

extension DependencyOrder {
    /// The dependencies on cycles that are direct, or implied without a path of direct ones that says the same.
    ///
    /// A task that holds A and B and takes C makes A -> B and B -> C, which are direct, and A -> C, which is implied. Every
    /// cycle through the implied one is one through the others as well; it is made by the same acquisitions, and if it is
    /// still made when one of them has changed, it is direct then. If B was taken by trylock there is no A -> B, and
    /// A -> C stands for itself. Cost: one search for each implied dependency.
    public func essentialDependencies() -> Set<Int> {
        var result: Set<Int> = []
        for number in stronglyConnectedComponents().flatMap(\.dependencies) {
            if self[number].isDirect || !hasDirectPath(insteadOf: number) { result.insert(number) }
        }
        return result
    }

    /// Whether direct dependencies lead from a dependency's beginning to its end, arriving as it does, and leaving from
    /// wherever it leaves.
    private func hasDirectPath(insteadOf number: Int) -> Bool {
        let dependency = self[number]
        // From (from,R) only what leaves with first letter E: if that arrives, it does so from (from,N) as well.
        let node = dependency.from << 1 | (dependency.held == .write && hasRecursiveArrivals(dependency.from) ? 1 : 0)
        let nodes = nodePath(
            from: [node],
            to: dependency.to,
            arrivals: dependency.acquired == .recursive ? .any : .plain,
            within: nil,
            directOnly: true
        )
        return nodes != nil
    }

    private func hasRecursiveArrivals(_ number: Int) -> Bool { component[number << 1 | 1] != Self.nothing }
}
