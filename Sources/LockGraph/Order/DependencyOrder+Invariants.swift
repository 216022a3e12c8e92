// SPDX-License-Identifier: Apache-2.0

extension DependencyOrder {
    /// Everything that must hold of the stored order and does not, one sentence each; empty if all is well.
    ///
    /// For tests: the strongly connected components are worked out anew (Tarjan) and compared. Cost: linear.
    public func checkInvariants() -> [String] {
        var broken: [String] = []
        checkOrder(&broken)
        checkLists(&broken)
        checkComponents(&broken)
        return broken
    }

    private func isLive(_ number: Int) -> Bool { canonical[number] == UInt32(number) }

    /// The edges of nodes that a dependency makes.
    func edges(ofDependency number: Int) -> [(source: Int, target: Int)] {
        let word = table.words[number]
        guard word != DependencyTable.gone else { return [] }
        let entry = DependencyEntry(bits: UInt32(truncatingIfNeeded: word))
        let from = Int(word >> 32)
        if from == entry.lockClass { return [] }
        var result = [(from << 1, entry.arrival)]
        if !entry.fromIsReader && component[from << 1 | 1] != Self.nothing {
            result.append((from << 1 | 1, entry.arrival))
        }
        return result
    }

    private func checkOrder(_ broken: inout [String]) {
        var taken: [UInt32: Int] = [:]
        for node in component.indices where component[node] == UInt32(node) {
            if let other = taken.updateValue(node, forKey: places[node].position) {
                broken.append("components \(other) and \(node) share place \(places[node].position)")
            }
            var members = 0
            var member = UInt32(node)
            repeat {
                if component[Int(member)] != UInt32(node) { broken.append("node \(member) is in the wrong ring") }
                members += 1
                member = nextMember[Int(member)]
            } while member != UInt32(node)
            if members != Int(places[node].size) {
                broken.append("component \(node) has \(members) nodes, not \(places[node].size)")
            }
        }
        for number in table.words.indices {
            for (source, target) in edges(ofDependency: number) {
                let (before, after) = (component[source], component[target])
                if before == Self.nothing || after == Self.nothing {
                    broken.append("dependency \(number) has an end that does not exist")
                } else if before != after && places[Int(before)].position >= places[Int(after)].position {
                    broken.append("dependency \(number) goes backwards in the order")
                }
            }
        }
    }

    private func checkLists(_ broken: inout [String]) {
        var seen: [UInt64: [Int]] = [:]
        for number in canonical.indices {
            for (kind, isOut) in [(ListKind.openOut, true), (.settledOut, true), (.openIn, false), (.settledIn, false)]
            {
                for entry in lists.entries(of: number << 2 | kind.rawValue) {
                    let word = isOut ? entry.word(from: number) : entry.naming(number).word(from: entry.lockClass)
                    seen[word & DependencyEntry.keyMask, default: [0, 0]][isOut ? 0 : 1] += 1
                    guard let index = table.find(word) else {
                        broken.append("class \(number) lists a dependency that was never inserted")
                        continue
                    }
                    if isOut && (table.words[index] ^ word) & 1 != 0 {
                        broken.append("dependency \(index) is direct in one place only")
                    }
                    let isSettled = kind == .settledOut || kind == .settledIn
                    let isInside = edges(ofDependency: index).allSatisfy {
                        component[$0.source] == component[$0.target]
                    }
                    if kind == .openOut && !openOutgoing.contains(number << 1)
                        || kind == .openIn && !openIncoming.contains(number << 1 | (entry.toIsRecursive ? 1 : 0))
                    {
                        broken.append("class \(number) has open dependencies that no search would look at")
                    }
                    if isSettled && !isInside { broken.append("dependency \(index) is settled and not inside") }
                }
            }
        }
        for (index, word) in table.words.enumerated() where word != DependencyTable.gone {
            if table.find(word) != index { broken.append("dependency \(index) is not found by its key") }
            let isReflexive = Int(word >> 32) == DependencyEntry(bits: UInt32(truncatingIfNeeded: word)).lockClass
            let expected = isReflexive ? [0, 0] : [1, 1]
            if seen[word & DependencyEntry.keyMask, default: [0, 0]] != expected {
                broken.append("dependency \(index) is not in exactly one outgoing and one incoming list")
            }
        }
    }

    private func checkComponents(_ broken: inout [String]) {
        var successors = [[Int]](repeating: [], count: component.count)
        for number in table.words.indices {
            for (source, target) in edges(ofDependency: number) { successors[source].append(target) }
        }
        let expected = StrongConnectivity.components(of: successors)
        var stored: [UInt32: Int] = [:]
        for node in component.indices where component[node] != Self.nothing {
            if let name = stored.updateValue(expected[node], forKey: component[node]), name != expected[node] {
                broken.append("node \(node) is in a component that it is not strongly connected with")
            }
        }
        var found: [Int: UInt32] = [:]
        for node in component.indices where component[node] != Self.nothing {
            if let name = found.updateValue(component[node], forKey: expected[node]), name != component[node] {
                broken.append("node \(node) is not in the component that it is strongly connected with")
            }
        }
        for number in canonical.indices where !isLive(number) && component[number << 1] != Self.nothing {
            broken.append("class \(number) was unified and still has a node")
        }
    }
}
