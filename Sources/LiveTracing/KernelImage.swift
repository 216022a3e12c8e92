// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Glibc
public import LockNaming

/// What the running kernel tells of itself without being traced: symbols, caches, processors, the clock.
public enum KernelImage {
    /// The kernel's symbols. Reading them takes a tenth of a second.
    public static func symbols() throws(ProbeError) -> SymbolTable {
        guard let symbols = SymbolTable(readingKallsymsAt: "/proc/kallsyms") else {
            throw ProbeError(code: ENOENT, "/proc/kallsyms cannot be read: the kernel needs CONFIG_KALLSYMS")
        }
        guard symbols.count > 0 else {
            throw ProbeError(
                code: EPERM,
                "/proc/kallsyms shows no addresses: run as root, with kernel.kptr_restrict at 0 or 1"
            )
        }
        return symbols
    }

    /// Names of slab caches with the folder each leads to; empty where the kernel does not show them.
    static func slabLinks() -> [String: String] {
        let folder = "/sys/kernel/slab"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [:] }
        var links: [String: String] = [:]
        for name in names where !name.hasPrefix(":") {
            links[name] = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? name
        }
        return links
    }

    /// How many processors can ever be there.
    static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))) }

    /// The kernel's release, as `uname -r` prints it.
    public static var release: String { KernelFile.text(at: "/proc/sys/kernel/osrelease") ?? "unknown" }

    /// Nanoseconds on the clock that records are stamped with.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
