// SPDX-License-Identifier: Apache-2.0

import LiveTracing
import Testing

@Suite("What this kernel says of itself")
struct KernelStateTests {
    @Test("the running kernel can be asked without rights, and any obstacle is one line that says what to do")
    func running() {
        let state = RunningKernel().state
        #expect(!state.release.isEmpty)
        guard let obstacle = state.obstacle else { return }
        #expect(!obstacle.contains("\n"))
        #expect(["run as root", "boot"].contains { obstacle.contains($0) })
    }
}
