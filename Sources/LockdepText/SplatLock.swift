// SPDX-License-Identifier: Apache-2.0

/// A lock class as lockdep prints it: `&mm->mmap_sem#2`, `&pipe->mutex/1`.
public struct SplatClass: Sendable, Hashable {
    /// The whole printed name.
    public var printedName: String

    /// Wraps a printed name.
    public init(printedName: String) { self.printedName = printedName }

    /// The name without `#version` and `/subclass`.
    public var name: String { split.name }

    /// The number after `#`: which of several keys with one name. 1 when none is printed. Not stable across boots.
    public var version: Int { split.version }

    /// The number after the last `/`: lockdep's subclass, 0 when none is printed.
    public var subclass: Int { split.subclass }

    private var split: (name: String, version: Int, subclass: Int) {
        var rest = Bytes(Array(printedName.utf8))
        var version = 1
        var subclass = 0
        // Subclasses are 1 to 7 (MAX_LOCKDEP_SUBCLASSES); anything else after a slash belongs to the name.
        if rest.count > 2, rest[rest.endIndex - 2] == ASCII.slash, let digit = rest.last, digit >= 0x31, digit <= 0x37 {
            subclass = Int(digit - 0x30)
            rest = rest.dropLast(2)
        }
        if let hash = rest.lastIndex(of: ASCII.hash), hash > rest.startIndex,
            let number = rest[(hash + 1)...].leadingNumber, number.rest.isEmpty, number.value > 1
        {
            version = number.value
            rest = rest[..<hash]
        }
        return (rest.string, version, subclass)
    }
}

/// Outer and inner wait type of a class, `-{3:3}`: since 5.8 (kernel/locking/lockdep.c, `print_lock_name`).
public struct SplatWaitType: Sendable, Hashable {
    /// What the class counts as when something is taken under it.
    public var outer: Int
    /// What the class counts as when it is taken.
    public var inner: Int

    /// Pairs the two.
    public init(outer: Int, inner: Int) {
        self.outer = outer
        self.inner = inner
    }
}

/// A lock as a report prints it: `ffff8880117e3870 (&newdev->mutex){+.+.}-{3:3}, at: input_ff_upload+0x3e4/0xb00`.
public struct SplatLock: Sendable, Hashable {
    /// The instance as printed, hashed on most kernels: good for telling instances of one report apart, nothing else.
    public var address: String?
    /// The lock class.
    public var lockClass: SplatClass
    /// Usage marks without braces: four or six of `.+-?`; empty where the report names the lock only.
    public var usage: String
    /// The wait types, where printed.
    public var waitType: SplatWaitType?
    /// Where it was taken: the function, preceded by those a decoder found inlined into it.
    public var sites: [SplatFrame]

    /// Describes a lock.
    public init(
        address: String? = nil,
        lockClass: SplatClass,
        usage: String = "",
        waitType: SplatWaitType? = nil,
        sites: [SplatFrame] = []
    ) {
        self.address = address
        self.lockClass = lockClass
        self.usage = usage
        self.waitType = waitType
        self.sites = sites
    }

    /// The function that took the lock, inlined ones aside.
    public var site: SplatFrame? { sites.last }
}

/// A task as a report names it.
public struct SplatTask: Sendable, Hashable {
    /// The task's name, which may itself hold slashes and parentheses: `kworker/0:2`.
    public var comm: String
    /// The thread id.
    public var pid: Int

    /// Names a task.
    public init(comm: String, pid: Int) {
        self.comm = comm
        self.pid = pid
    }
}
