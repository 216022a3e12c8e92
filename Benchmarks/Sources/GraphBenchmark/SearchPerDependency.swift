// SPDX-License-Identifier: Apache-2.0

/// What lockdep does for every new dependency: breadth-first from its end, looking for its beginning.
///
/// Writers only, in arrays that are reused, so that the comparison is with the method and not with an implementation
/// of it.
struct SearchPerDependency {
    private var successors: [[Int32]]
    private var seen: [Int32]
    private var round: Int32 = 0
    private var queue: [Int32] = []

    init(classes: Int) {
        successors = Array(repeating: [], count: classes)
        seen = Array(repeating: 0, count: classes)
    }

    /// Returns whether the dependency closes a cycle.
    mutating func insert(from: Int32, to: Int32) -> Bool {
        let closes = reaches(from: to, to: from)
        successors[Int(from)].append(to)
        return closes
    }

    private mutating func reaches(from: Int32, to: Int32) -> Bool {
        round += 1
        queue.removeAll(keepingCapacity: true)
        queue.append(from)
        seen[Int(from)] = round
        var next = 0
        while next < queue.count {
            let node = Int(queue[next])
            next += 1
            for index in successors[node].indices {
                let target = successors[node][index]
                if target == to { return true }
                if seen[Int(target)] != round {
                    seen[Int(target)] = round
                    queue.append(target)
                }
            }
        }
        return false
    }
}
