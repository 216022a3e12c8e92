// SPDX-License-Identifier: Apache-2.0

import LockGraph

/// What has to go on in a machine for one dependency to be in play, in words that say more than a function's name.
enum Circumstance {
    /// Functions that a stack passes through, and what their being there says. The first that fits is said.
    private static let known: [(functions: [String], said: String)] = [
        (
            ["_cpu_up", "_cpu_down", "cpu_up", "cpu_down", "cpuhp_invoke_callback", "do_cpu_up", "do_cpu_down"],
            "a CPU goes on- or offline"
        ),
        (
            [
                "shrink_slab", "shrink_node", "shrink_lruvec", "balance_pgdat", "__alloc_pages_direct_reclaim",
                "try_to_free_pages",
            ],
            "memory is reclaimed"
        ),
        (["process_one_work"], "a work item runs"),
        (["do_exit", "exit_mmap"], "a task exits"),
        (["mmput", "__mmput"], "an address space is torn down"),
        (["freeze_super", "thaw_super"], "a file system is frozen"),
        (["suspend_devices_and_enter", "pm_suspend", "hibernate"], "the machine goes to sleep"),
    ]

    /// The page-fault path.
    private static let faults: Set<String> = [
        "do_user_addr_fault", "exc_page_fault", "handle_mm_fault", "do_page_fault", "__do_page_fault",
    ]

    /// The circumstance of a step, or nil where its witness has no function at all.
    static func text(for step: Finding.Step) -> String? {
        guard let site = CallSite.functions(site: step.site, stack: step.stack).first else { return nil }
        if step.isMay { return "\(site.visible) faults" }
        let functions = Set(step.stack.map(CallSite.function))
        if !faults.isDisjoint(with: functions) { return "\(site.visible) handles a page fault" }
        for (names, said) in known where !functions.isDisjoint(with: names) { return said }
        return "\(site.visible) runs"
    }
}
