// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import Testing

@Suite("Rings for so many processors")
struct RingLayoutTests {
    @Test(
        "a full stream has a ring for each processor, or for so many as make 16, and 16 MiB in all",
        arguments: [
            (1, rings: 1, shift: 0, kib: 8192), (2, 2, 0, 8192), (3, 3, 0, 4096), (8, 8, 0, 2048), (12, 12, 0, 1024),
            (16, 16, 0, 1024), (17, 9, 1, 1024), (24, 12, 1, 1024), (96, 12, 3, 1024), (8192, 16, 9, 1024),
        ]
    )
    func full(processors: Int, rings: Int, shift: Int, kib: Int) {
        let layout = RingLayout(processors: processors, isUnfiltered: true, source: .functions)
        #expect([layout.count, layout.shift, layout.bytes] == [rings, shift, kib << 10])
    }

    @Test("whatever the machine, the kernel takes the size and each processor has a ring")
    func everyMachine() {
        for processors in 1...8192 {
            let layout = RingLayout(processors: processors, isUnfiltered: true, source: .lockdep)
            #expect(layout.bytes & (layout.bytes - 1) == 0 && layout.bytes * layout.count <= 16 << 20)
            #expect((processors - 1) >> layout.shift == layout.count - 1 && layout.count <= 16)
        }
    }

    @Test("what a filter lets through has one ring, more of lockdep's than of the functions'")
    func filtered() {
        let functions = RingLayout(processors: 96, isUnfiltered: false, source: .functions)
        let lockdep = RingLayout(processors: 96, isUnfiltered: false, source: .lockdep)
        #expect([functions.count, functions.bytes, lockdep.count, lockdep.bytes] == [1, 2 << 20, 1, 8 << 20])
        // Every processor's number gives the first.
        #expect(95 >> functions.shift == 0)
    }

    @Test("perf's rings, one for each processor, share what they have in all")
    func perf() {
        let shares = [1, 2, 8, 12, 24, 512].map { RingLayout.share(of: 64 << 20, among: $0) >> 10 }
        #expect(shares == [8192, 8192, 8192, 4096, 2048, 128])
    }

    @Test("who asks for a size has it for each ring")
    func asked() {
        let layout = RingLayout(processors: 4, isUnfiltered: true, source: .functions, bytes: 64 << 10)
        #expect([layout.count, layout.bytes] == [4, 64 << 10])
    }
}
