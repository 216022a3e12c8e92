// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Glibc
internal import LockEvents

/// Where the kernel's code initialises locks, and as what: `&root->kernfs_rwsem` in `kernfs_create_root`.
///
/// A lock that was initialised before tracing began is named from its place in a struct. What that member is called where it
/// is initialised is the name that lockdep has, and the one that later instances get from the init hook: with it the two are
/// one class from the start. On x86-64 the name is a constant in the second argument's register just before the call
/// (`mov $name, %rsi`: REX.W C7 /0), the lock's place in its object often in the first's (`lea 96(%rbx), %rdi`).
struct InitSites {
    /// One call of an initialiser.
    struct Site: Hashable {
        /// The name it gives.
        var name: String
        /// The function it is in.
        var function: String
        /// What it initialises.
        var type: LockType
    }

    private struct Found {
        var site: Site
        var offset: Int?
    }

    private static let initialisers: [(name: String, type: LockType)] = [
        ("__mutex_init", .mutex), ("__mutex_rt_init", .mutex), ("__init_rwsem", .rwsem),
        ("__percpu_init_rwsem", .percpuRwsem), ("__rt_mutex_init", .rtMutex),
    ]
    /// How far before the call its arguments are looked for, in bytes.
    private static let window = 48

    private var byMember: [String: [Found]] = [:]
    private var scanned: Set<Range<UInt64>> = []

    /// None is known.
    init() {}

    /// Reads all of the kernel's code that was not read before, and the names: some 5000 reads of a page for a
    /// distribution's kernel.
    mutating func scan(_ symbols: SymbolTable, _ memory: some KernelMemory) {
        var targets: [UInt64: LockType] = [:]
        for (name, type) in Self.initialisers {
            if let address = symbols.address(of: name) { targets[address] = type }
        }
        guard let lowest = targets.keys.min(), let highest = targets.keys.max() else { return }
        var names = Names()
        for range in symbols.codeRanges where scanned.insert(range).inserted {
            var before: [UInt8] = []
            for page in stride(from: range.lowerBound & ~4095, to: range.upperBound, by: 4096) {
                guard let code = memory.read(at: page, count: 4096) else {
                    before = []
                    continue
                }
                // A call's arguments, and the call itself, may begin on the page before.
                let bytes = before + code
                let start = page - UInt64(before.count)
                Self.calls(in: bytes, at: start, to: lowest...highest) { position, target in
                    guard let type = targets[target], let found = Self.name(before: position, in: bytes),
                        let name = names.name(at: found.name, memory),
                        let function = symbols.symbol(at: start + UInt64(position))?.name
                    else { return }
                    let site = Found(
                        site: Site(name: name, function: function, type: type),
                        offset: found.offset
                    )
                    byMember[Self.member(of: name), default: []].append(site)
                }
                before = Array(code.suffix(Self.window + 4))
            }
        }
    }

    /// How the lock that is a member of that name is initialised; nil where nothing or more than one thing says so.
    ///
    /// - Parameters:
    ///   - path: from the object's struct to the lock.
    ///   - offset: of the lock in its object. The code may count from a struct within the object instead.
    ///   - name: what it is initialised as, where that is known.
    func site(ofMember path: String, type: LockType, offset: Int, name: String? = nil) -> Site? {
        let candidates = (byMember[Self.member(of: name ?? path)] ?? []).filter { $0.site.type == type }
        if let name {
            let named = Set(candidates.map(\.site)).filter { $0.name == name }
            return named.count == 1 ? named.first : nil
        }
        let isNested = path.contains(".")
        // One whose offset the code does not show might be it as well as any other.
        let fitting = candidates.filter { candidate in
            guard let place = candidate.offset else { return true }
            return isNested ? place <= offset : place == offset
        }
        let sites = Set(fitting.map(\.site))
        return sites.count == 1 ? sites.first : nil
    }

    /// The last member of a name or path, without an index: `open_file_mutex` of `&locks->open_file_mutex[count]`.
    private static func member(of name: String) -> String {
        let last = name.utf8.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ">") }
        let tail = last.map { name[name.utf8.index(after: $0)...] } ?? name[...]
        return String(tail.prefix { $0 != "[" && $0 != ")" }.drop { $0 == "&" || $0 == "(" })
    }

    private static func calls(
        in code: [UInt8],
        at start: UInt64,
        to targets: ClosedRange<UInt64>,
        _ body: (Int, UInt64) -> Void
    ) {
        code.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var position = 0
            while position < bytes.count - 4, let match = memchr(base + position, 0xe8, bytes.count - 4 - position) {
                position = UnsafeRawPointer(match) - base
                defer { position += 1 }
                let distance = bytes.loadUnaligned(fromByteOffset: position + 1, as: Int32.self)
                let target = start &+ UInt64(position + 5) &+ UInt64(bitPattern: Int64(distance))
                if targets.contains(target) { body(position, target) }
            }
        }
    }

    /// The name that a call at a position is given, and where it says so the lock's offset in its object.
    private static func name(before call: Int, in code: [UInt8]) -> (name: UInt64, offset: Int?)? {
        code.withUnsafeBytes { bytes in
            var name: UInt64?
            var offset: Int?
            var position = call - 4
            while position > max(0, call - window) {
                defer { position -= 1 }
                // REX prefixes with a 64-bit operand; the base register may be one of the upper eight.
                guard bytes[position - 1] == 0x48 || bytes[position - 1] == 0x49 else { continue }
                let rest = call - position
                switch (bytes[position], bytes[position + 1]) {
                case (0xc7, 0xc6) where rest >= 6 && name == nil:
                    let constant = bytes.loadUnaligned(fromByteOffset: position + 2, as: Int32.self)
                    name = UInt64(bitPattern: Int64(constant))
                case (0x8d, let operands) where offset == nil && operands & 0xf8 == 0x78 && rest >= 3:
                    offset = Int(Int8(bitPattern: bytes[position + 2]))
                case (0x8d, let operands) where offset == nil && operands & 0xf8 == 0xb8 && rest >= 6:
                    offset = Int(bytes.loadUnaligned(fromByteOffset: position + 2, as: Int32.self))
                default: break
                }
            }
            return name.map { ($0, offset) }
        }
    }

    /// Names, read a page at a time: thousands of them lie close together.
    private struct Names {
        private var pages: [UInt64: [UInt8]] = [:]

        mutating func name(at address: UInt64, _ memory: some KernelMemory) -> String? {
            let page = address & ~4095
            if pages[page] == nil {
                // A name may end on the next page.
                let rest = memory.read(at: page + 4096, count: 64) ?? []
                pages[page] = (memory.read(at: page, count: 4096) ?? []) + rest
            }
            guard let bytes = pages[page], bytes.count > Int(address - page) else { return nil }
            let text = bytes[Int(address - page)...].prefix(63).prefix { $0 != 0 }
            guard !text.isEmpty, text.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else { return nil }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
