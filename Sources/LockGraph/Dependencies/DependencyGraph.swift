// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// The order of the lock classes, and what was observed of each dependency in it, by the order's numbers.
///
/// Outside of ``Evidence`` a dependency costs 12 bytes here and about 40 in the ``DependencyOrder``.
struct DependencyGraph: Sendable {
    /// What changes with every observation, or tells whether anything else can.
    struct Observation: Sendable, BitwiseCopyable {
        /// Observations, saturating.
        var count: UInt32
        /// A hash of the circumstances in which the evidence was last looked at; equal ones have nothing new to say. Of a
        /// steady one only the call site counts.
        var context: UInt32
        var flags: Flags
    }

    /// What is known of a dependency in bits.
    struct Flags: OptionSet, Sendable, BitwiseCopyable {
        var rawValue: UInt8
        /// Seen from the innermost held lock.
        static let direct = Flags(rawValue: 1 << 0)
        /// Seen as an acquisition, not only as one that might happen.
        static let real = Flags(rawValue: 1 << 1)
        /// Said again by locks between the two: cycles through it are those through them.
        static let covered = Flags(rawValue: 1 << 2)
        /// Some finding's grade rests on its evidence.
        static let graded = Flags(rawValue: 1 << 3)
        /// The baseline lacks it.
        static let new = Flags(rawValue: 1 << 4)
        /// Nothing but the count can change any more.
        static let settled = Flags(rawValue: 1 << 5)
        /// Besides the count only another call site or a stack can change anything: what few dependencies ever have enough
        /// of. ``Observation/context`` is the call site seen last.
        static let steady = Flags(rawValue: 1 << 6)
    }

    var order = DependencyOrder()
    var observations: [Observation] = []
    var evidence = EvidenceStore()
    /// Instances that dependencies were seen between; bounded, because they come and go.
    var instances = InstanceTable(limit: 1 << 20)
    /// Locks held around dependencies: as many as dependencies have of them.
    var gates = InstanceTable(limit: Int(UInt32.max))
    /// The node that each class of the order stands for.
    var nodeOfClass: [NodeIndex] = []

    init() {}

    /// The nodes of a dependency.
    func ends(of number: Int) -> (from: NodeIndex, to: NodeIndex) {
        let dependency = order[number]
        return (nodeOfClass[dependency.from], nodeOfClass[dependency.to])
    }
}
