// SPDX-License-Identifier: Apache-2.0

/// Which function of a stack a person would call the one that takes the lock.
enum CallSite {
    /// Functions that take or may take a lock for whoever called them, and say nothing by themselves.
    private static let transparent: Set<String> = [
        "mutex_lock", "mutex_lock_nested", "mutex_lock_interruptible", "mutex_lock_killable", "mutex_lock_io",
        "__mutex_lock", "_mutex_lock_nest_lock", "mutex_trylock", "ww_mutex_lock", "ww_mutex_lock_interruptible",
        "down_read", "down_read_interruptible", "down_read_killable", "down_read_trylock", "down_write",
        "down_write_killable", "down_write_nested", "down_write_trylock", "cpus_read_lock", "cpus_write_lock",
        "percpu_down_read", "percpu_down_write", "__percpu_down_read", "lock_acquire", "lock_mm_and_find_vma",
        "__might_fault", "might_fault", "__might_sleep", "_copy_to_user", "_copy_from_user", "copy_to_user",
        "copy_from_user", "raw_copy_to_user", "raw_copy_from_user", "__copy_to_user", "__copy_from_user",
        "_copy_to_iter", "_copy_from_iter", "copy_page_to_iter", "copy_page_from_iter", "copyout", "copyin",
        "strncpy_from_user", "strnlen_user", "__get_user_1", "__get_user_2", "__get_user_4", "__get_user_8",
        "__put_user_1", "__put_user_2", "__put_user_4", "__put_user_8", "clear_user", "__clear_user",
    ]

    /// A frame without `+0x1/0x2`.
    static func function(of frame: String) -> String {
        guard let plus = frame.firstIndex(of: "+") else { return frame }
        return String(frame[..<plus])
    }

    /// The functions of an acquisition, the one that took the lock first, without those that only passed it on.
    ///
    /// Empty if neither stack nor site is known; just the site if all of the stack passes on.
    static func functions(site: String, stack: [String]) -> [String] {
        let names = stack.map(function)
        let telling = names.drop { transparent.contains($0) }
        guard let first = telling.first else { return site.isEmpty ? [] : [site] }
        if site.isEmpty || site == first || transparent.contains(site) { return Array(telling) }
        // A site that is not where the stack begins: a tail call, or an inlined function.
        if let place = telling.firstIndex(of: site) { return Array(telling[place...]) }
        return [site] + telling
    }
}
