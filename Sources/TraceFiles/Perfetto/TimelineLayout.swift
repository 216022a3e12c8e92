// SPDX-License-Identifier: Apache-2.0

/// Puts an episode's slices on tracks on which they nest.
///
/// A slice goes to the first track where the slice it would lie in lasts at least as long. Locks let go in the reverse order
/// of their taking all share the first track.
struct TimelineLayout {
    /// One step of drawing an episode; on each track the times do not go backwards.
    enum Step {
        case begin(Int, lane: Int)
        case end(Int, lane: Int, time: UInt64)
        case instant(Int, lane: Int)
    }

    /// The steps that draw the items; slices that go on are begun, and not ended.
    static func steps(_ items: [TaskTimeline.Item], isLast: Bool) -> [Step] {
        var layout = TimelineLayout(items, isLast: isLast)
        for index in items.indices { layout.place(index) }
        for lane in layout.lanes.indices { layout.pop(lane, until: TaskTimeline.open) }
        return layout.steps
    }

    private let items: [TaskTimeline.Item]
    private let isLast: Bool
    private var lanes: [[Int]] = []
    private var laneOf: [Int: Int] = [:]
    /// Tracks that a slice which began in an earlier part, or goes on behind this one, has for itself.
    private var isTaken: [Bool] = []
    private var steps: [Step] = []

    private init(_ items: [TaskTimeline.Item], isLast: Bool) {
        self.items = items
        self.isLast = isLast
        for (index, item) in items.enumerated() {
            guard item.begunOn >= 0 else { continue }
            let lane = item.begunOn
            makeLanes(lane + 1)
            isTaken[lane] = true
            lanes[lane] = [index]
            laneOf[index] = lane
        }
    }

    private mutating func place(_ index: Int) {
        let item = items[index]
        for lane in lanes.indices where !isTaken[lane] { pop(lane, until: item.begin) }
        if item.begunOn >= 0 { return }
        if item.kind == .instant {
            steps.append(.instant(index, lane: laneOf[item.parent] ?? 0))
            return
        }
        // Nobody knows yet what a slice that goes on will outlast.
        let goesOn = item.end == TaskTimeline.open && !isLast
        let lane = lanes.indices.first { lane in
            guard !isTaken[lane], let outer = lanes[lane].last else { return !isTaken[lane] }
            return !goesOn && items[outer].end >= item.end
        }
        let chosen = lane ?? lanes.count
        makeLanes(chosen + 1)
        if goesOn { isTaken[chosen] = true }
        lanes[chosen].append(index)
        laneOf[index] = chosen
        steps.append(.begin(index, lane: chosen))
    }

    /// Ends what is over on a track.
    private mutating func pop(_ lane: Int, until time: UInt64) {
        while let index = lanes[lane].last, items[index].end <= time, items[index].end != TaskTimeline.open {
            lanes[lane].removeLast()
            steps.append(.end(index, lane: lane, time: items[index].end))
        }
    }

    private mutating func makeLanes(_ count: Int) {
        while lanes.count < count {
            lanes.append([])
            isTaken.append(false)
        }
    }
}
