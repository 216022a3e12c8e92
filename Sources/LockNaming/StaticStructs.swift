// SPDX-License-Identifier: Apache-2.0

/// Which struct a static variable is.
///
/// BTF tells the types of per-CPU variables only. For the others there are the kernel's habits: a variable is often called like
/// its struct (`rcu_state`), and what the macros of SRCU and of notifier chains define ends alike; the rest of the table was
/// found in the 6.1 and 6.12 sources. A candidate counts only if it has a lock just where one was seen.
enum StaticStructs {
    private static let known: [String: String] = [
        "global_ops": "ftrace_ops",
        "init_fs": "fs_struct",
        "init_mm": "mm_struct",
        "init_net": "net",
        "init_signals": "signal_struct",
        "init_task": "task_struct",
        "psi_system": "psi_group",
        "rcu_tasks": "rcu_tasks",
        "rcu_tasks_rude": "rcu_tasks",
        "rcu_tasks_trace": "rcu_tasks",
    ]

    private static let endings: [(ending: String, structName: String)] = [
        ("_srcu", "srcu_struct"), ("_srcu_usage", "srcu_usage"), ("_ops", "ftrace_ops"),
        ("_notify_list", "blocking_notifier_head"), ("_notifier_list", "blocking_notifier_head"),
        ("_notifier", "blocking_notifier_head"), ("_notifiers", "blocking_notifier_head"),
        ("_chain", "blocking_notifier_head"), ("_chain_head", "blocking_notifier_head"),
        ("_notify_head", "blocking_notifier_head"), ("_notifier_head", "blocking_notifier_head"),
    ]

    /// Whether such variables get their locks by a function, and thus under its names, not by a macro.
    static func isInitialisedAtRunTime(_ structName: String) -> Bool {
        ["psi_group", "srcu_struct", "srcu_usage"].contains(structName)
    }

    /// Struct names to try for a variable, likeliest first.
    static func candidates(for variable: String) -> [String] {
        if let known = known[variable] { return [known] }
        return [variable] + endings.filter { variable.hasSuffix($0.ending) }.map(\.structName)
    }
}
