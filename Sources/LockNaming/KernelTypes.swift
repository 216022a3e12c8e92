// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe

/// The running kernel's types and those of its modules, asked for locks by offset.
///
/// Owns libbpf's parsed BTF (about 10 MB while it lives, and some ten kilobytes for each module) and an index of its names: a
/// question costs a hash probe for the kernel, and one for each module where the kernel has no such type.
///
/// There is no second reference to what it owns, so that it may go to another thread.
public struct KernelTypes: ~Copyable, @unchecked Sendable {
    /// `struct kp_types`, valid as long as this is.
    package let handle: OpaquePointer
    private var modules: Set<String> = []

    /// Loads the kernel's BTF; nil where it has none.
    public init?() {
        var handle: OpaquePointer?
        guard kp_types_open(&handle, nil) == 0, let handle else { return nil }
        self.handle = handle
    }

    deinit { kp_types_close(handle) }

    /// Adds the types of modules that were not there before; those without BTF have none.
    public mutating func add(modules names: [String]) {
        for name in names where modules.insert(name).inserted { _ = kp_types_add_module(handle, name) }
    }

    /// Bytes of a struct, or nil when the kernel has none of that name.
    public func size(of structName: String) -> Int? {
        let size = kp_types_size(handle, structName)
        return size > 0 ? Int(size) : nil
    }

    /// Offset in bytes of a struct's own field, or nil.
    public func offset(of field: String, in structName: String) -> Int? {
        let offset = kp_types_field_offset(handle, structName, field)
        return offset >= 0 ? Int(offset) : nil
    }

    /// Whether the kernel has a traceable function of that name.
    public func hasFunction(_ name: String) -> Bool { kp_types_has_function(handle, name) }

    /// The member path of the lock at `offset` in a struct: `ctx.mutex`; empty when the whole struct is the lock.
    public func lockMember(in structName: String, at offset: Int) -> String? {
        path { kp_types_lock_member(handle, structName, UInt32(clamping: offset), $0, $1) }
    }

    /// The same for a variable whose type the kernel tells.
    public func lockMember(inVariable symbol: String, at offset: Int) -> String? {
        path { kp_types_lock_in_variable(handle, symbol, UInt32(clamping: offset), $0, $1) }
    }

    private func path(_ ask: (UnsafeMutablePointer<CChar>?, Int) -> Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            let length = ask(buffer.baseAddress, buffer.count)
            guard length >= 0 else { return nil }
            return String(decoding: buffer[..<Int(length)].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
