// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import FoundationEssentials
internal import Glibc
public import LockNaming

/// What the BPF programs are told before they are loaded.
public struct ProbeConfiguration: Sendable {
    /// Send every acquisition and release instead of chains not seen before.
    public var isUnfiltered = false
    /// Bytes of each ring, a power of two; nil for what usually suffices. User space sees it mapped twice.
    public var ringBytes: Int?

    /// Which tasks are followed.
    public var filter = TaskFilter()
    /// Which programs are loaded.
    public var source = EventSource.functions
    /// Which kinds of hooks are tried.
    public var attach = AttachKind.auto

    private let cpuHotplugLock: UInt64
    private let faultRanges: [Range<UInt64>]
    private let pageStructSize: UInt32
    private let rcuMaps: [UInt64]
    private let noTrackKey: UInt64
    private let mightFault: Range<UInt64>
    private let hasPreemptCount: Bool
    private let hasHotVariables: Bool

    /// Takes the addresses that the programs need from the kernel's symbols.
    public init(symbols: SymbolTable, pageStructSize: Int?) {
        cpuHotplugLock = symbols.address(of: "cpu_hotplug_lock") ?? 0
        // The functions in which a page fault trylocks mmap_lock (arch/x86/mm/fault.c; mm/memory.c since 6.5).
        faultRanges = ["do_user_addr_fault", "lock_mm_and_find_vma", "exc_page_fault"]
            .compactMap { symbols.range(of: $0) }
        self.pageStructSize = UInt32(pageStructSize ?? 0)
        // kernel/rcu/update.c, kernel/rcu/tasks.h
        rcuMaps = ["rcu_lock_map", "rcu_bh_lock_map", "rcu_sched_lock_map", "rcu_callback_map", "rcu_trace_lock_map"]
            .compactMap { symbols.address(of: $0) }
        noTrackKey = symbols.address(of: "__lockdep_no_track__") ?? 0
        mightFault = symbols.range(of: "__might_fault") ?? 0..<0
        hasPreemptCount = symbols.address(of: "__preempt_count") != nil
        hasHotVariables = symbols.address(of: "pcpu_hot") != nil
    }

    var rings: RingLayout {
        RingLayout(processors: KernelImage.processors, isUnfiltered: isUnfiltered, source: source, bytes: ringBytes)
    }

    var c: kp_config {
        var c = kp_config()
        c.own_tgid = UInt32(getpid())
        c.unfiltered = isUnfiltered
        c.pid = filter.pid
        withUnsafeMutableBytes(of: &c.comm) { name in
            name.copyBytes(from: filter.comm.utf8.prefix(name.count - 1))
        }
        c.cgroup = filter.cgroup?.id ?? 0
        c.cgroup_level = filter.cgroup?.level ?? 0
        let rings = rings
        c.ring_count = UInt32(rings.count)
        c.ring_shift = UInt32(rings.shift)
        c.ring_bytes = UInt32(rings.bytes)
        // A quarter full: the consumer also looks by itself many times a second.
        c.wakeup_bytes = UInt64(rings.bytes / 4)
        c.cpu_hotplug_lock = cpuHotplugLock
        withUnsafeMutableBytes(of: &c.fault_range_start) { starts in
            for (index, range) in faultRanges.prefix(4).enumerated() {
                starts.storeBytes(of: range.lowerBound, toByteOffset: index * 8, as: UInt64.self)
            }
        }
        withUnsafeMutableBytes(of: &c.fault_range_end) { ends in
            for (index, range) in faultRanges.prefix(4).enumerated() {
                ends.storeBytes(of: range.upperBound, toByteOffset: index * 8, as: UInt64.self)
            }
        }
        c.page_struct_size = pageStructSize
        withUnsafeMutableBytes(of: &c.rcu_maps) { maps in
            for (index, map) in rcuMaps.enumerated() {
                maps.storeBytes(of: map, toByteOffset: index * 8, as: UInt64.self)
            }
        }
        c.no_track_key = noTrackKey
        c.might_fault_start = mightFault.lowerBound
        c.might_fault_end = mightFault.upperBound
        c.has_preempt_count = hasPreemptCount
        c.has_pcpu_hot = hasHotVariables
        c.attach =
            switch attach {
            case .auto: KP_ATTACH_AUTO
            case .kprobeMulti: KP_ATTACH_KPROBE_MULTI
            case .kprobe: KP_ATTACH_KPROBE
            }
        return c
    }
}
