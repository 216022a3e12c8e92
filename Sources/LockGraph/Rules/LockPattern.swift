// SPDX-License-Identifier: Apache-2.0

/// How a person names lock classes (DESIGN 4): the exact printed name first, else its last member, else a glob.
///
/// `mmap_lock` is `&mm->mmap_lock`; `mmap_sem`, its name before 5.8, is the same. In a glob `*` stands for any text and `?`
/// for one character; brackets stand for themselves, because names contain `[i]`.
public struct LockPattern: Sendable, Hashable {
    /// How well a name fits. A worse fit counts only where no class fits better.
    public enum Fit: UInt8, Sendable, Hashable, Comparable {
        case glob
        case lastMember
        case exact

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The pattern as it was given.
    public let text: String

    /// Takes a pattern; any text is one.
    public init(_ text: String) { self.text = text }
}

extension LockPattern {
    /// What `freeze_super` holds for whoever thaws (fs/super.c).
    public static let freezeLocks: [LockPattern] = []
}
