// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("The mail that began it")
struct SeedTests {
    @Test("Five locks in order, each dependency with the function that made it, and #0's stack missing")
    func seed() throws {
        SplatCollection.note
        guard let text = SplatCollection.seed else { return }
        let (splats, diagnostics) = SplatReader.read(text)
        #expect(diagnostics.isEmpty)
        let splat = try #require(splats.count == 1 ? splats.first : nil)
        #expect(splat.chain.map(\.index) == [4, 3, 2, 1, 0])
        let order = splat.dependencies.map { "\($0.from.printedName) -> \($0.to.printedName)" }
        #expect(
            order == [
                "rcu_state.barrier_mutex -> cpu_hotplug_lock.rw_sem",
                "cpu_hotplug_lock.rw_sem -> pmus_lock",
                "pmus_lock -> &cpuctx_mutex",
                "&cpuctx_mutex -> &mm->mmap_sem#2",
                "&mm->mmap_sem#2 -> rcu_state.barrier_mutex",
            ]
        )
        let sites = splat.dependencies.map(\.site?.function)
        #expect(sites == ["rcu_barrier", "perf_event_init_cpu", "perf_event_init_cpu", "perf_read", nil])
        #expect(splat.dependencies.map(\.toRead) == [true, false, false, true, false])
        #expect(splat.dependencies.map(\.isMay) == [false, false, false, true, false])
        #expect(splat.dependencies.map(\.isClosing) == [false, false, false, false, true])
        #expect(splat.missing.contains(.stack(of: 0)))
        #expect(splat.missing.map(\.description).contains("#0's stack is missing"))
    }
}
