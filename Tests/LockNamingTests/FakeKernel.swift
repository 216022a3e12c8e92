// SPDX-License-Identifier: Apache-2.0

import LockEvents
import LockNaming

/// Kernel memory made up for a test: words by address.
struct FakeMemory: KernelMemory {
    var words: [UInt64: UInt64] = [:]

    func read(at address: UInt64, count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        for offset in stride(from: 0, to: UInt64(count), by: 8) {
            guard let word = words[address + offset] else { return bytes.isEmpty ? nil : pad(bytes, count) }
            withUnsafeBytes(of: word.littleEndian) { bytes += $0 }
        }
        return Array(bytes.prefix(count))
    }

    private func pad(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        bytes + Array(repeating: 0, count: max(0, count - bytes.count))
    }
}

/// A namer without types, as on a kernel without BTF: init names, symbols and call sites are left.
func namer(_ kallsyms: String = FakeKernel.symbols) -> LockNamer<FakeMemory> {
    LockNamer(
        symbols: SymbolTable(kallsyms: Array(kallsyms.utf8)),
        types: nil,
        memory: FakeMemory(),
        slabLinks: [:],
        processors: 2
    )
}

enum FakeKernel {
    static let symbols = """
        ffffffff81000000 T vfs_rename
        ffffffff81000100 T device_init
        ffffffff81000200 T device_open
        ffffffff81000300 T device_close
        ffffffff82000000 d gpu_lock
        ffffffff82000040 d rcu_state
        ffffffff82001000 D _end

        """
    static let deviceInit: UInt64 = 0xffff_ffff_8100_0120
    static let deviceOpen: UInt64 = 0xffff_ffff_8100_0220
    static let deviceClose: UInt64 = 0xffff_ffff_8100_0320
    static let heap: UInt64 = 0xffff_8880_1234_0000
}
