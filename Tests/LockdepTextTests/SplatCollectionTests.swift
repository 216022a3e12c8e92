// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LockdepText

@Suite("The collection of public reports reads as its index says")
struct SplatCollectionTests {
    @Test("Chains: class names, order, usage and wait types as in the index") func chains() throws {
        SplatCollection.note
        var compared = 0
        for row in SplatCollection.rows {
            let splat = try onlySplat(row.file)
            #expect(row.kind.lowercased().contains(Self.word(for: splat.kind)), "\(row.file): \(splat.kind)")
            let read = splat.chain.map { link in
                let wait = link.lock.waitType.map { "-{\($0.outer):\($0.inner)}" } ?? ""
                return SplatCollection.Link(
                    index: link.index,
                    name: link.lock.lockClass.printedName,
                    marks: "{\(link.lock.usage)}\(wait)"
                )
            }
            #expect(read == row.chain, "\(row.file)")
            if splat.kind == .circular {
                #expect(!row.chain.isEmpty, "the index's row for \(row.file) has no chain this test can read")
                compared += 1
            }
        }
        print("Splat collection: \(SplatCollection.rows.count) files, \(compared) chains compared with the index.")
    }

    @Test("Kernel, task, lock wanted, locks held", arguments: Expected.all)
    func headers(expected: Expected) throws {
        SplatCollection.note
        guard SplatCollection.folder != nil else { return }
        let row = try #require(SplatCollection.rows.first { $0.file.hasPrefix(expected.file) })
        let splat = try onlySplat(row.file)
        #expect(splat.kernel == expected.kernel)
        #expect(splat.task.map { "\($0.comm)/\($0.pid)" } == expected.task)
        #expect(splat.wanted?.lockClass.printedName == expected.wanted)
        #expect(splat.held?.lockClass.printedName == expected.against)
        #expect(splat.heldLocks.map(\.lockClass.printedName) == expected.held)
        #expect(splat.missing.map(\.description) == expected.missing)
    }

    @Test("The kinds about interrupts and RCU keep their own sentences and stacks") func details() throws {
        SplatCollection.note
        guard SplatCollection.folder != nil else { return }
        #expect(try onlySplat("25").detail == "{IN-HARDIRQ-W} -> {HARDIRQ-ON-W}")
        #expect(try onlySplat("26").detail == "{SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W}")
        #expect(try onlySplat("30").detail == "context-{4:4}")
        #expect(
            try onlySplat("28").detail
                == "/usr/src/kernel/include/linux/radix-tree.h:238 suspicious rcu_dereference_check() usage"
        )
        let inversion = try onlySplat("29")
        #expect(
            inversion.usages.filter { $0.lock.lockClass.name == "&trig->leddev_list_lock" }.map(\.state) == [
                "HARDIRQ-ON-R", "IN-SOFTIRQ-R", "SOFTIRQ-ON-R", "INITIAL USE", "INITIAL READ USE", "acquired",
            ]
        )
        #expect(
            inversion.usages.filter { $0.lock.lockClass.name == "&host->lock" }.map(\.state) == [
                "IN-HARDIRQ-W", "INITIAL USE", "acquired",
            ]
        )
        let order = try onlySplat("31")
        #expect(order.detail == "HARDIRQ-safe -> HARDIRQ-unsafe")
        #expect(order.dependencies.map(\.to.printedName) == ["&syncp->seq#2"])
        #expect(try onlySplat("23").wanted?.site?.description == "ipmr_mfc_seq_stop+0xe1/0x130")
    }

    @Test("Scenarios tell readers and syncs apart") func scenarios() throws {
        SplatCollection.note
        guard SplatCollection.folder != nil else { return }
        #expect(try onlySplat("20").scenario.map(\.action) == [.lock, .lock, .lock, .sync])
        #expect(try onlySplat("21").scenario.map(\.action) == [.read, .lock, .lock, .lock])
        #expect(
            try onlySplat("17").scenario.compactMap(\.lockClass?.printedName) == [
                "&ff->mutex", "&dev->mutex#2", "&ff->mutex", "&newdev->mutex",
            ]
        )
        #expect(try onlySplat("25").scenario.map(\.action) == [.lock, .interrupt, .lock])
    }

    private func onlySplat(_ file: String) throws -> Splat {
        let row = try #require(SplatCollection.rows.first { $0.file.hasPrefix(file) })
        let splats = SplatReader.read(try #require(try SplatCollection.text(row.file))).splats
        #expect(splats.count == 1, "\(row.file)")
        return try #require(splats.first)
    }

    private static func word(for kind: Splat.Kind) -> String {
        switch kind {
        case .circular: "circular"
        case .recursive: "recursive"
        case .unlockBalance: "bad unlock balance"
        case .inconsistentState: "inconsistent lock state"
        case .irqInversion: "irq lock inversion"
        case .irqOrder: "unsafe lock order"
        case .returnToUser: "returning to user space"
        case .stillHeld: "still has locks held"
        case .heldLockFreed: "held lock freed"
        case .nestLockNotTaken: "nested lock"
        case .waitContext: "invalid wait context"
        case .suspiciousRCU: "suspicious rcu"
        }
    }
}

/// What the index says of a file beside its chain, by its number.
struct Expected: Sendable, CustomTestStringConvertible {
    var file: String
    var kernel: String?
    var task: String?
    var wanted: String?
    var against: String?
    var held: [String] = []
    var missing: [String] = []
    var testDescription: String { file }

    static let noHeader = [
        "the banner is missing", "the kernel version is missing", "the task is missing",
        "the lock being acquired is missing", "the lock already held is missing",
        "the unsafe locking scenario is missing", "the list of held locks is missing", "the stack backtrace is missing",
    ]

    static let all: [Expected] = [
        Expected(
            file: "01",
            kernel: "2.6.19-rc5-mm2-DSCA",
            task: "find/32325",
            wanted: "iprune_mutex",
            against: "&ni->mrec_lock",
            held: ["&inode->i_mutex", "&ni->mrec_lock", "shrinker_rwsem"]
        ),
        Expected(
            file: "02",
            kernel: "2.6.35-rc5-dgc+",
            task: "kswapd0/471",
            wanted: "&(&ip->i_lock)->mr_lock",
            against: "&xfs_mount_list_lock",
            held: ["shrinker_rwsem", "&xfs_mount_list_lock"],
            missing: ["the stack backtrace is missing"]
        ),
        Expected(
            file: "03",
            kernel: "3.4.0-rc1+",
            task: "bash/1572",
            wanted: "&mm->mmap_sem",
            against: "&sb->s_type->i_mutex_key#12",
            held: ["&sb->s_type->i_mutex_key#12"]
        ),
        Expected(
            file: "04",
            kernel: "3.4.0-rc5-wl+",
            task: "kworker/0:2/1391",
            wanted: "cfg80211_mutex",
            against: "(reg_timeout).work",
            held: ["events", "(reg_timeout).work"]
        ),
        Expected(
            file: "05",
            kernel: "3.7.0-rc4-work+",
            task: "bash/645",
            wanted: "cgroup_mutex",
            against: "cpu_hotplug.lock",
            held: [
                "&buffer->mutex", "s_active#42", "x86_cpu_hotplug_driver_mutex", "cpu_add_remove_lock",
                "cpu_hotplug.lock",
            ]
        ),
        Expected(
            file: "06",
            kernel: "4.15.0-rc3+",
            task: "syz-executor5/24180",
            wanted: "&ctx->mutex",
            against: "&pipe->mutex/1",
            held: ["&pipe->mutex/1"]
        ),
        Expected(
            file: "07",
            kernel: "5.0.0-rc1-next-20190111",
            task: "kcompactd0/1043",
            wanted: "console_owner",
            against: "&(&zone->lock)->rlock",
            held: ["&(&zone->lock)->rlock", "console_lock"]
        ),
        Expected(
            file: "08",
            kernel: "5.2.0-rc7-00100-ga4067edd7814",
            task: "python3.6/44461",
            wanted: "&fs_info->reloc_mutex",
            against: "sb_pagefaults",
            held: ["&mm->mmap_sem#2", "sb_pagefaults", "sb_internal"]
        ),
        Expected(
            file: "09",
            kernel: "5.5.0-rc7-next-20200124+",
            task: "syz-executor.5/3699",
            wanted: "(wq_completion)wg-kex-wireguard1",
            against: "&wg->static_identity.lock",
            held: ["cb_lock", "genl_mutex", "rtnl_mutex", "&wg->device_update_lock", "&wg->static_identity.lock"]
        ),
        Expected(file: "10", missing: noHeader),
        Expected(
            file: "11",
            kernel: "5.6.0-rc7-next-20200325+",
            task: "cpuhp/1/15",
            wanted: "cgroup_mutex",
            against: "cpuhp_state-down",
            held: ["cpu_hotplug_lock", "cpuhp_state-down"]
        ),
        Expected(
            file: "12",
            kernel: "5.7.0-rc3+",
            task: "kworker/2:3/865",
            wanted: "crtc_ww_class_acquire",
            against: "dma_fence_map",
            held: [
                "(wq_completion)events", "(work_completion)(&(&sched->work_tdr)->work)", "dma_fence_map",
                "&adev->lock_reset",
            ]
        ),
        Expected(
            file: "13",
            kernel: "5.14.0-rc5",
            task: "kworker/3:1/86",
            wanted: "&ctx->uring_lock",
            against: "(work_completion)(&(&ctx->rsrc_put_work)->work)",
            held: ["(wq_completion)events", "(work_completion)(&(&ctx->rsrc_put_work)->work)"]
        ),
        Expected(
            file: "14",
            kernel: "5.15.0-rc5-CI-Trybot_8062+",
            task: "gem_render_line/5242",
            wanted: "fs_reclaim",
            against: "&vm->mutex/1",
            held: ["reservation_ww_class_acquire", "reservation_ww_class_mutex", "&vm->mutex/1"]
        ),
        Expected(
            file: "15",
            kernel: "5.16.0-rc4+",
            task: "bash/594",
            wanted: "cpu_hotplug_lock",
            against: "&cpuset_rwsem",
            held: ["sb_writers#8", "&of->mutex", "cgroup_mutex", "cgroup_threadgroup_rwsem", "&cpuset_rwsem"]
        ),
        Expected(
            file: "16",
            kernel: "6.1.0-rc1-CI_DRM_12270-ga9d18ead9885+",
            task: "rtcwake/1152",
            wanted: "(console_sem).lock",
            against: "&p->pi_lock",
            held: [
                "sb_writers#5", "&of->mutex", "kn->active#155", "system_transition_mutex", "tasklist_lock",
                "freezer_lock", "&p->pi_lock",
            ]
        ),
        Expected(
            file: "17",
            kernel: "6.9.0-rc4-next-20240418-syzkaller",
            task: "syz-executor109/5116",
            wanted: "&newdev->mutex",
            against: "&ff->mutex",
            held: ["&evdev->mutex", "&ff->mutex"],
            missing: ["where held lock #1 was taken is missing", "the stack backtrace is missing"]
        ),
        Expected(
            file: "18",
            kernel: "6.12.0-08446-g228a1157fb9f",
            task: "kswapd0/141",
            wanted: "&delayed_node->mutex",
            against: "fs_reclaim",
            held: ["fs_reclaim", "&type->s_umount_key#30"]
        ),
        Expected(
            file: "19",
            kernel: "6.15.0-rc1+",
            task: "(udev-worker)/556",
            wanted: "&q->elevator_lock",
            against: "&q->q_usage_counter(io)#12",
            held: [
                "sb_writers#4", "&of->mutex#2", "kn->active#72", "&q->q_usage_counter(io)#12",
                "&q->q_usage_counter(queue)#5",
            ]
        ),
        Expected(
            file: "20",
            kernel: "6.17.0",
            task: "nvme/1548",
            wanted: "set->srcu",
            against: "&q->elevator_lock",
            held: ["sb_writers#4", "&of->mutex#2", "kn->active#138", "&set->update_nr_hwq_lock", "&q->elevator_lock"]
        ),
        Expected(
            file: "21",
            kernel: nil,
            task: "syz.2.3575/18878",
            wanted: "fs_reclaim",
            against: "set->srcu",
            held: ["&disk->open_mutex", "set->srcu"]
        ),
        Expected(
            file: "22",
            kernel: "4.16.0+",
            task: "syz-executor0/14230",
            wanted: "rtnl_mutex",
            against: "rtnl_mutex",
            held: ["rtnl_mutex", "ipvs->sync_mutex"]
        ),
        Expected(
            file: "23",
            kernel: "4.15.0-rc6+",
            task: "syz-executor4/19072",
            wanted: "mrt_lock",
            held: ["sb_writers#7", "&p->lock"]
        ),
        Expected(
            file: "24",
            kernel: "6.18.0-rc3-00251-gdd9e066d9677",
            task: "kworker/u9:1/45",
            wanted: "rcu_read_lock",
            held: [
                "(wq_completion)async", "(work_completion)(&entry->work)", "sb_writers#2",
                "&sb->s_type->i_mutex_key", "lock#3",
            ]
        ),
        Expected(
            file: "25",
            kernel: "6.0.0-rc7-syzkaller-18095-gbbed346d5a96",
            task: "syz-executor.3/9712",
            wanted: "&folio_wait_table[i]",
            held: ["&type->s_umount_key#46/1"]
        ),
        Expected(
            file: "26",
            kernel: "5.15.0-rc2-syzkaller",
            task: "ksoftirqd/1/19",
            wanted: "fs_reclaim",
            held: [
                "rcu_read_lock", "rcu_read_lock", "rcu_read_lock", "rcu_read_lock", "k-slock-AF_INET6/1",
                "slock-AF_INET6",
            ]
        ),
        Expected(file: "27", kernel: "4.18.0-rc4+", task: "syz-executor0/17896", held: ["&fi->mutex"]),
        Expected(file: "28", kernel: "4.14.156-rc1", task: "cpuhp/1/13", held: ["cpuhp_state-up", "wq_pool_mutex"]),
        Expected(
            file: "29",
            kernel: "5.11.0-rc2+",
            task: "kworker/0:0/5",
            wanted: "&host->lock",
            against: "&trig->leddev_list_lock"
        ),
        Expected(
            file: "30",
            kernel: "5.9.0-12994-gf9893351acae",
            task: "syz-executor.0/4448",
            wanted: "&mm->mmap_lock",
            held: ["rcu_read_lock"]
        ),
        Expected(
            file: "31",
            kernel: "5.10.0-rc1+",
            task: "kworker/0:4/5097",
            wanted: "&syncp->seq#2",
            against: "per_cpu_ptr(&cgroup_rstat_cpu_lock, cpu)",
            held: [
                "(wq_completion)cgroup_destroy", "(work_completion)(&css->destroy_work)#2", "cgroup_mutex",
                "cgroup_rstat_lock", "per_cpu_ptr(&cgroup_rstat_cpu_lock, cpu)", "rcu_read_lock", "rcu_read_lock",
            ]
        ),
    ]
}
