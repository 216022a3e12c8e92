// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockEvents

@Suite("task stacks")
struct TaskLockStacksTests {
    private func lock(_ number: UInt64) -> HeldLock {
        HeldLock(lock: LockID(rawValue: number), lockClass: LockClassID(rawValue: 0))
    }

    private func held(_ stacks: TaskLockStacks, _ task: UInt64) -> [UInt64]? {
        stacks.heldLocks(of: TaskID(rawValue: task))?.map(\.lock.rawValue)
    }

    @Test("locks come off in any order, the innermost entry first")
    func order() {
        var stacks = TaskLockStacks()
        let slot = stacks.slot(of: TaskID(rawValue: 1))
        for number in [1, 2, 3, 2] as [UInt64] { stacks.push(lock(number), slot) }
        let first = stacks.remove(LockID(rawValue: 1), slot)
        #expect(first != nil)
        #expect(held(stacks, 1) == [2, 3, 2])
        let second = stacks.remove(LockID(rawValue: 2), slot)
        #expect(second != nil)
        #expect(held(stacks, 1) == [2, 3])
        let third = stacks.remove(LockID(rawValue: 9), slot)
        #expect(third == nil)
    }

    @Test("deep stacks move to larger pieces, and pieces are used again")
    func deep() {
        var stacks = TaskLockStacks()
        for _ in 0..<50 {
            for task in 0..<20 as Range<UInt64> {
                let slot = stacks.slot(of: TaskID(rawValue: task))
                for number in 0..<100 as Range<UInt64> { stacks.push(lock(task * 1000 + number), slot) }
            }
            #expect(held(stacks, 7) == Array(7000..<7100))
            for task in 0..<20 as Range<UInt64> { stacks.end(stacks.slot(of: TaskID(rawValue: task))) }
            #expect(stacks.holder(of: LockID(rawValue: 7000)) == nil)
        }
        #expect(stacks.entries.count < 20 * 300)
        #expect(stacks.taskCount == 1000)
    }

    @Test("a stack beyond every kernel's depth is given up")
    func tooDeep() {
        var stacks = TaskLockStacks()
        let slot = stacks.slot(of: TaskID(rawValue: 1))
        let pushed = (1...UInt64(TaskLockStacks.maximumDepth)).filter { stacks.push(lock($0), slot) }
        #expect(pushed.count == TaskLockStacks.maximumDepth)
        let isPushed = stacks.push(lock(5000), slot)
        #expect(!isPushed)
        #expect(held(stacks, 1) == nil)
    }

    @Test("idle tasks are forgotten, busy ones are not")
    func sweep() {
        var stacks = TaskLockStacks()
        for task in 0..<50_000 as Range<UInt64> {
            let slot = stacks.slot(of: TaskID(rawValue: task))
            stacks.push(lock(task + 1), slot)
            if task % 100 != 0 { _ = stacks.remove(LockID(rawValue: task + 1), slot) }
        }
        #expect(stacks.slotCount < 10_000)
        #expect(held(stacks, 49_900) == [49_901])
        #expect(stacks.holder(of: LockID(rawValue: 101)).map { stacks.task($0.slot).rawValue } == 100)
    }

    @Test("loss of all concerns tasks not seen yet, and ends with a task")
    func loss() {
        var stacks = TaskLockStacks()
        stacks.push(lock(1), stacks.slot(of: TaskID(rawValue: 1)))
        stacks.loseAll()
        #expect(held(stacks, 1) == nil)
        #expect(held(stacks, 2) == nil)
        stacks.end(stacks.slot(of: TaskID(rawValue: 2)))
        #expect(held(stacks, 2) == [])
        stacks.showEmpty(stacks.slot(of: TaskID(rawValue: 1)))
        #expect(held(stacks, 1) == [])
        #expect(!stacks.mayBeHeld(LockID(rawValue: 1)))
    }

    @Test("a flat table keeps what it is given, against a dictionary")
    func table() {
        var table = FlatTable()
        var known: [UInt64: UInt32] = [:]
        var state: UInt64 = 7
        for step in 0..<20_000 as Range<UInt32> {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = (state >> 33) % 500
            if state >> 60 < 6 {
                let removed = table.remove(key)
                #expect(removed == known.removeValue(forKey: key) ?? FlatTable.absent)
            } else {
                table.insert(key, step)
                known[key] = step
            }
        }
        #expect(table.count == known.count)
        #expect((0..<500 as Range<UInt64>).allSatisfy { table.find($0) == known[$0] ?? FlatTable.absent })
    }
}
