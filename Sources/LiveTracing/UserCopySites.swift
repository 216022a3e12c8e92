// SPDX-License-Identifier: Apache-2.0

package import LockNaming

/// Which callers of the kernel's object-size check go on to copy to or from user memory.
///
/// The check stands before every copy of a size that is not constant, of kernel memory too. What the caller calls next
/// is in its code: a call to one of the user-copy functions within the next bytes makes it a user copy. Anything else,
/// iterators among them, is no evidence that a fault was possible there, and is counted.
package struct UserCopySites<Memory: KernelMemory> {
    private let copies: Set<UInt64>
    private let insideCopies: [Range<UInt64>]
    private let memory: Memory
    private var known: [UInt64: Bool] = [:]
    /// Call sites of which it could not be said that they copy to or from user memory.
    private(set) var unclassified = 0

    /// Bytes of code looked through behind the check: argument set-up is short, and a far call is another path's.
    private static var reach: Int { 128 }

    package init(symbols: SymbolTable, memory: Memory) {
        self.memory = memory
        copies = Set(
            ["_copy_to_user", "_copy_from_user", "copy_user_generic", "__copy_user_nocache"]
                .compactMap { symbols.address(of: $0) }
        )
        insideCopies = ["strncpy_from_user", "copy_from_user_toio", "copy_to_user_fromio"]
            .compactMap { symbols.range(of: $0) }
    }

    /// Whether a user copy follows the check that returns to `address`.
    mutating func isUserCopy(returningTo address: UInt64) -> Bool {
        if let answer = known[address] { return answer }
        let answer = insideCopies.contains { $0.contains(address) } || callsCopy(behind: address)
        if !answer { unclassified += 1 }
        known[address] = answer
        return answer
    }

    /// Looks again at what is called from addresses that the condition fits.
    mutating func forget(where isOther: (UInt64) -> Bool) { known = known.filter { !isOther($0.key) } }

    private func callsCopy(behind address: UInt64) -> Bool {
        guard let code = memory.read(at: address, count: Self.reach) else { return false }
        // Only a relative call or jump to exactly such a function matches: four bytes that do so by chance do not occur.
        for index in 0..<(code.count - 4) where code[index] == 0xe8 || code[index] == 0xe9 {
            let distance = (1...4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(code[index + $1]) }
            let target = address &+ UInt64(index) &+ 5 &+ UInt64(bitPattern: Int64(Int32(bitPattern: distance)))
            if copies.contains(target) { return true }
        }
        return false
    }
}
