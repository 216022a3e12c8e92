// SPDX-License-Identifier: Apache-2.0

/// Which struct the objects of a slab cache are.
///
/// The kernel does not say; caches are named after what they hold by habit, with the exceptions below (found in the
/// 6.1 and 6.12 sources at the caches' `kmem_cache_create`). A candidate counts only if it fits into the objects and
/// has a lock where one was seen.
enum SlabStructs {
    private static let exceptions: [String: [String]] = [
        "bdev_cache": ["bdev_inode"],
        "filp": ["file"],
        "files_cache": ["files_struct"],
        "inode_cache": ["inode"],
        "mnt_cache": ["mount"],
        "names_cache": [],
        "proc_inode_cache": ["proc_inode"],
        "shmem_inode_cache": ["shmem_inode_info"],
        "sighand_cache": ["sighand_struct"],
        "signal_cache": ["signal_struct"],
        "sock_inode_cache": ["socket_alloc"],
        "ext4_inode_cache": ["ext4_inode_info"],
        "hugetlbfs_inode_cache": ["hugetlbfs_inode_info"],
        "mqueue_inode_cache": ["mqueue_inode_info"],
        "ovl_inode": ["ovl_inode"],
        "TCP": ["tcp_sock"],
        "TCPv6": ["tcp6_sock"],
        "UDP": ["udp_sock"],
        "UDPv6": ["udp6_sock"],
        "UNIX": ["unix_sock"],
        "UNIX-STREAM": ["unix_sock"],
    ]

    /// Struct names to try for a cache, likeliest first.
    static func candidates(for cache: String) -> [String] {
        if let known = exceptions[cache] { return known }
        if cache.hasPrefix("kmalloc-") { return [] }
        var stem = cache
        for suffix in ["_cache", "_slab", "_cachep"] where stem.hasSuffix(suffix) {
            stem.removeLast(suffix.count)
        }
        return [cache, stem, stem + "_struct", stem + "_info"]
    }
}
