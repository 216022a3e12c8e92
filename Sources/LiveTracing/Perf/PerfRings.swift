// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe

/// Opened tracepoints with a ring for each processor. Closed with the value.
struct PerfRings: ~Copyable {
    private let handle: OpaquePointer

    /// Opens the tracepoints, disabled.
    init(_ tracepoints: [kp_tracepoint], ringBytes: Int) throws(ProbeError) {
        var handle: OpaquePointer?
        try checked { kp_perf_open(tracepoints, Int32(tracepoints.count), ringBytes, &handle, &$0) }
        guard let handle else { throw ProbeError("perf events could not be opened") }
        self.handle = handle
    }

    deinit { kp_perf_close(handle) }

    var count: Int { Int(kp_perf_rings(handle)) }

    func enable() { kp_perf_enable(handle) }

    func disable() { kp_perf_disable(handle) }

    func `switch`(tracepoint: Int, on isOn: Bool) { kp_perf_switch(handle, Int32(tracepoint), isOn) }

    func wait(milliseconds: Int32) { kp_perf_wait(handle, milliseconds) }

    /// Whether records may be missing behind those that are in a ring.
    func mayHaveLost(_ ring: Int) -> Bool { kp_perf_may_have_lost(handle, Int32(ring)) }

    /// Copies a ring's next record; its size, or 0 when the ring is empty.
    func next(of ring: Int, into buffer: inout [UInt8]) -> Int {
        Int(kp_perf_next(handle, Int32(ring), &buffer, buffer.count))
    }
}
