// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Glibc

/// Which tasks are traced; the BPF programs pass over all others. livedep's own never are.
public struct TaskFilter: Sendable {
    /// A process and its children; zero for all.
    public var pid: UInt32 = 0
    /// Tasks of this name, as `/proc/PID/comm` shows it: at most 15 bytes. Empty for all.
    public var comm = ""
    /// Tasks in this cgroup or below it; nil for all.
    public var cgroup: Cgroup?

    /// Follows every task.
    public init() {}

    /// A control group of the unified hierarchy.
    public struct Cgroup: Sendable {
        /// The kernel's id: the folder's inode number (kernel/cgroup/cgroup.c, `cgroup_id`).
        var id: UInt64
        /// Levels below the root.
        var level: UInt32

        /// Finds a group by its path, with or without the mount point before it.
        public init(path: String) throws(ProbeError) {
            let root = "/sys/fs/cgroup"
            let inside = path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
            let parts = inside.split(separator: "/")
            var status = stat()
            let folder = ([root] + parts.map(String.init)).joined(separator: "/")
            guard stat(folder, &status) == 0, FileManager.default.fileExists(atPath: root + "/cgroup.controllers")
            else {
                throw ProbeError(code: ENOENT, "\(path): no such cgroup below \(root); cgroup v2 must be mounted there")
            }
            id = UInt64(status.st_ino)
            level = UInt32(parts.count)
        }
    }
}
