// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Glibc

/// Which function each lock class key belongs to.
///
/// `mutex_init()` and its kin put a static key, called `__key` nearly everywhere, into the function they are used in; nothing but
/// that function's code says so. On x86-64 the code loads the key's address as a sign-extended constant (`mov $key, %reg`,
/// opcode REX.W C7 /0), and no other constant looks like one.
struct KeySites {
    /// How such keys are called (include/linux/mutex.h, srcu.h).
    private static let names = ["__key", "__srcu_key"]

    private let functions: [UInt64: String]

    /// Reads all of the kernel's code once: about 5000 reads of a page for a distribution's kernel.
    init(symbols: SymbolTable, memory: some KernelMemory) {
        let keys = Self.names.flatMap { symbols.variables(startingWith: $0) }.sorted()
        guard let lowest = keys.first, let highest = keys.last else {
            functions = [:]
            return
        }
        let wanted = Set(keys)
        var found: [UInt64: String] = [:]
        for range in symbols.codeRanges {
            for page in stride(from: range.lowerBound & ~4095, to: range.upperBound, by: 4096) {
                // An instruction may begin on this page and end on the next.
                guard var code = memory.read(at: page, count: 4096) else { continue }
                if let rest = memory.read(at: page + 4096, count: 8) { code += rest }
                Self.constants(in: code) { offset, value in
                    guard value >= lowest, value <= highest, wanted.contains(value) else { return }
                    guard let function = symbols.symbol(at: page + UInt64(offset)) else { return }
                    // A function that is inlined shows its key in several; the first by name is as good on every boot.
                    if found[value].map({ function.name < $0 }) ?? true { found[value] = function.name }
                }
            }
        }
        functions = found
    }

    /// Whether a variable is a key of this kind.
    static func isKey(_ name: String) -> Bool { names.contains { name.hasPrefix($0) } }

    /// The function whose code uses a key; nil where none does.
    func function(using key: UInt64) -> String? { functions[key] }

    private static func constants(in code: [UInt8], _ body: (Int, UInt64) -> Void) {
        code.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var position = 1
            while position < bytes.count - 6,
                let match = memchr(base + position, 0xc7, bytes.count - 6 - position)
            {
                position = UnsafeRawPointer(match) - base
                defer { position += 1 }
                let prefix = bytes[position - 1]
                guard prefix == 0x48 || prefix == 0x49, bytes[position + 1] & 0xf8 == 0xc0 else { continue }
                let constant = bytes.loadUnaligned(fromByteOffset: position + 2, as: Int32.self)
                body(position, UInt64(bitPattern: Int64(constant)))
            }
        }
    }
}
