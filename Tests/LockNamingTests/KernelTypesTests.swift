// SPDX-License-Identifier: Apache-2.0

import CLibBPF
import LockNaming
import Testing

/// Types by name, of the kernel that the tests run on, beside what libbpf reads there one after the other.
@Suite("The kernel's types")
struct KernelTypesTests {
    private struct Listed {
        var sizes: [String: Int] = [:]
        var functions: Set<String> = []

        init() throws {
            let types = try #require(btf__load_vmlinux_btf(), "this kernel has no BTF")
            defer { btf__free(types) }
            for id in 1..<btf__type_cnt(types) {
                let type = try #require(btf__type_by_id(types, id)).pointee
                let name = String(cString: btf__name_by_offset(types, type.name_off))
                // Of several structs of one name, the first.
                switch Int(type.info >> 24 & 0x1f) {
                case BTF_KIND_STRUCT where !name.isEmpty && sizes[name] == nil: sizes[name] = Int(type.size)
                case BTF_KIND_FUNC: functions.insert(name)
                default: break
                }
            }
        }
    }

    @Test("each struct and function is found by its name, the first where several share one, and no other")
    func names() throws {
        let listed = try Listed()
        try #require(listed.sizes.count > 1000 && listed.functions.count > 1000)
        guard let types = KernelTypes() else { throw Missing() }
        #expect(listed.sizes.filter { types.size(of: $0.key) ?? 0 != $0.value }.isEmpty)
        #expect(listed.functions.filter { !types.hasFunction($0) }.isEmpty)
        for name in ["", "livedep has no such type", "mutex_lock ", "task_struc"] {
            let (size, isFunction) = (types.size(of: name), types.hasFunction(name))
            #expect(size == nil && !isFunction)
        }
    }

    @Test("a lock is found in a struct by its offset, in members without a name too")
    func members() throws {
        guard let types = KernelTypes() else { throw Missing() }
        guard let lock = types.offset(of: "mmap_lock", in: "mm_struct") else { throw Missing() }
        let paths = [lock, lock + 1].map { types.lockMember(in: "mm_struct", at: $0) }
        #expect(paths == ["mmap_lock", nil])
        let path = types.lockMember(in: "no such struct", at: 0)
        #expect(path == nil)
    }

    private struct Missing: Error {}
}
