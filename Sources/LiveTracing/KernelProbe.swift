// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import CLockRecords
package import LockNaming

/// The BPF programs in the kernel, from opening to detaching.
///
/// Phases, in this order: `init` opens the embedded object, ``load()`` hands it to the verifier, ``attach()`` hooks the
/// functions (releases first), ``start()`` opens the gate, ``stop()`` closes it at once. Deinitialising detaches, which
/// takes the kernel seconds; should the process be killed, the kernel detaches by itself, as the links are descriptors.
public struct KernelProbe: ~Copyable {
    let handle: OpaquePointer
    private let source: EventSource
    private let ringCount: Int

    /// Opens the embedded object and tells it what it needs to know of this kernel.
    package init(_ configuration: ProbeConfiguration, types: borrowing KernelTypes?) throws(ProbeError) {
        let known: OpaquePointer
        switch types {
        case .some(let types): known = types.handle
        case .none: throw ProbeError.withoutTypes
        }
        var handle: OpaquePointer?
        var c = configuration.c
        try Self.withImage(of: configuration.source) { image, error in kp_open(&image, &c, known, &handle, &error) }
        guard let handle else { throw ProbeError("the embedded BPF object could not be opened") }
        self.handle = handle
        source = configuration.source
        ringCount = configuration.rings.count
    }

    private static func withImage(
        of source: EventSource,
        _ body: (inout kp_image, inout kp_error) -> Int32
    ) throws(ProbeError) {
        let bytes = (source == .lockdep ? EmbeddedObject.lockdep : EmbeddedObject.functions).bytes
        try checked { error in
            bytes.withUnsafeBytes { bytes in
                var image = kp_image(bytes: bytes.baseAddress, size: bytes.count)
                return body(&image, &error)
            }
        }
    }

    deinit { kp_close(handle) }

    /// Loads the programs whose functions this kernel has.
    public func load() throws(ProbeError) { try checked { kp_load(handle, &$0) } }

    /// Tells the programs where the direct map and the page structs are, so that they can find a lock's slab cache.
    func setMemoryMap(_ symbols: SymbolTable) {
        let bases = ["page_offset_base", "vmemmap_base"].map { name in
            symbols.address(of: name).flatMap { memory.word(at: $0) } ?? 0
        }
        kp_set_memory_map(handle, bases[0], bases[1])
    }

    /// Leaves out the kprobes that the kernel would refuse with a warning in its log.
    func leaveOutUntraceable(_ symbols: SymbolTable) {
        let configuration = KernelFile.text(at: "/boot/config-\(KernelImage.release)") ?? ""
        if configuration.contains("CONFIG_KPROBE_EVENTS_ON_NOTRACE=y") { return }
        for hook in 0..<kp_hook_count() {
            guard let function = kp_kprobe_function(handle, hook) else { continue }
            guard let address = symbols.address(of: String(cString: function)) else { continue }
            if !isTraceable(at: address) { kp_leave_out(handle, hook) }
        }
    }

    /// Whether a function begins with ftrace's call or the no-op in its place, behind endbr64 where there is one.
    private func isTraceable(at address: UInt64) -> Bool {
        guard let code = memory.read(at: address, count: 16) else { return false }
        let start = code.starts(with: [0xf3, 0x0f, 0x1e, 0xfa]) ? 4 : 0
        return code[start] == 0xe8 || code[start...].starts(with: [0x0f, 0x1f, 0x44, 0x00, 0x00])
    }

    /// Tells the programs of places whose locks differ by the objects they are in.
    func setContainers(_ places: [ContainerPlace]) {
        for place in places { _ = kp_set_container(handle, place.cache, place.offset, Int32(place.kind)) }
    }

    /// Attaches every loaded program, and where that is refused one of another kind; how each fared is in ``hooks``.
    public func attach() throws(ProbeError) {
        var isRefused = false
        try checked { kp_attach(handle, &isRefused, &$0) }
        if !isRefused { return }
        try Self.withImage(of: source) { image, error in kp_attach_refused(handle, &image, &error) }
    }

    /// Opens the gate: events are recorded from here on.
    public func start() { kp_start(handle) }

    /// Closes the gate at once; programs stay attached and do nothing.
    public func stop() { kp_stop(handle) }

    /// Each function that the source hooks, and whether and how it is hooked.
    public var hooks: [HookState] {
        (0..<kp_hook_count()).filter { kp_has_hook(handle, $0) }.map { index in
            let state = kp_hook(handle, index)
            return HookState(
                function: String(cString: kp_hook_name(index)),
                attachment: HookState.Attachment(state.attachment),
                error: state.error
            )
        }
    }

    /// The programs' own counts, all processors together.
    public var counters: ProbeCounters {
        var values = [UInt64](repeating: 0, count: Int(LD_COUNTER_MAX.rawValue))
        kp_counters(handle, &values, Int32(values.count))
        return ProbeCounters(values: values)
    }

    /// Runs of programs that the kernel's recursion guard skipped: each may have left a task's list wrong.
    public var misses: UInt64 { kp_misses(handle) }

    /// Tells the programs of misses; records made before carry a smaller epoch than the one returned.
    public func raiseEpoch() -> UInt32 { kp_raise_epoch(handle) }

    /// Bytes of kernel memory that the programs' maps take.
    public var mapBytes: UInt64 { kp_map_bytes(handle) }

    /// Makes and maps the rings; once.
    func mapRings() throws(ProbeError) -> RingSet {
        var rings = [kp_ring](repeating: kp_ring(), count: ringCount)
        try checked { kp_map_rings(handle, &rings, &$0) }
        return RingSet(count: rings.count) { MappedRing(rings[$0]) }
    }

    /// Reads kernel memory through the loaded programs.
    var memory: ProbedMemory { ProbedMemory(handle: handle) }
}

/// Kernel memory, read by a BPF program that is run for the purpose. Valid as long as its probe.
struct ProbedMemory: KernelMemory {
    let handle: OpaquePointer

    func read(at address: UInt64, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return kp_peek(handle, address, &bytes, count) == 0 ? bytes : nil
    }
}
