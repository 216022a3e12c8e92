// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Distinct dependencies in the random order in which they arrive.
struct Workload {
    struct Step {
        var from: Int32
        var to: Int32
        var held: LockMode
        var acquired: LockMode
    }

    var name: String
    var classes: Int
    var steps: [Step]

    /// Random dependencies between random classes.
    ///
    /// - Parameters:
    ///   - hasCycles: If false, all follow one hidden order of the classes.
    ///   - recursive: The share of acquisitions that are recursive reads; as many locks are held for reading.
    init(_ name: String, classes: Int, dependencies: Int, hasCycles: Bool, recursive: Double = 0) {
        var random = SplitMix(state: 0x11FE_DE90)
        let rank = (0..<classes).shuffled(using: &random)
        var seen: Set<UInt64> = []
        seen.reserveCapacity(dependencies)
        steps = []
        steps.reserveCapacity(dependencies)
        while steps.count < dependencies {
            var from = Int.random(in: 0..<classes, using: &random)
            var to = Int.random(in: 0..<classes, using: &random)
            if from == to { continue }
            if !hasCycles && rank[from] > rank[to] { swap(&from, &to) }
            guard seen.insert(UInt64(from) << 32 | UInt64(to)).inserted else { continue }
            let held: LockMode = Double.random(in: 0..<1, using: &random) < recursive ? .read : .write
            let acquired: LockMode = Double.random(in: 0..<1, using: &random) < recursive ? .recursive : .write
            steps.append(Step(from: Int32(from), to: Int32(to), held: held, acquired: acquired))
        }
        self.name = name
        self.classes = classes
    }
}

/// SplitMix64: the same workload on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
