// SPDX-License-Identifier: Apache-2.0

/// Objects that prove what they are: by a pointer in them that leads back to them, or because a variable points at them.
///
/// The caches behind `kmalloc` say nothing of what is in them, and locks in objects that were made before tracing began were
/// never seen to be initialised. The few that everybody takes, of the root of every kernfs, disks, loop devices, work queues,
/// buses and the like, are found this way. A proof reads two or three words; the fields were read in the 6.1 and 6.12 sources.
struct KnownObjects {
    /// A lock that was found in an object.
    struct Member {
        var structName: String
        /// The lock's field; nil where only its offset is known.
        var field: String?
        /// What it is initialised as, where its field's name alone does not tell.
        var initialName: String?
        /// The lock's offset in the struct.
        var offset: Int
    }

    /// What the pointer at the end of a proof must be.
    private enum End {
        case object
        /// The object's own field at this offset.
        case field(UInt64)
        /// The type of its kobject.
        case kobjectTypes(Set<UInt64>)
    }

    private struct Rule {
        var structName: String
        /// The locks' fields with their offsets.
        var locks: [(field: String, offset: UInt64)]
        var initialName: String?
        /// Where the object has its name, which must be printable.
        var name: UInt64?
        /// Offsets, each of a pointer to the next place.
        var steps: [UInt64]
        var end: End
    }

    private struct Pointed {
        var structName: String
        var base: UInt64
        var size: UInt64
    }

    private var rules: [Rule] = []
    private var pointed: [Pointed] = []

    /// None is known.
    init() {}

    init(types: borrowing KernelTypes, symbols: SymbolTable, memory: some KernelMemory) {
        let kobjectTypes = Set(["bus_ktype", "class_ktype"].compactMap { symbols.address(of: $0) })
        // Fields in brackets are in one another; a space between brackets is a pointer that is followed.
        add(
            "kernfs_root",
            ["kernfs_rwsem", "kernfs_iattr_rwsem", "kernfs_supers_rwsem"],
            [[("kernfs_root", "kn")], [("kernfs_node", "dir"), ("kernfs_elem_dir", "root")]],
            .object,
            types
        )
        add("gendisk", ["open_mutex"], [[("gendisk", "part0")], [("block_device", "bd_disk")]], .object, types)
        add("loop_device", ["lo_mutex"], [[("loop_device", "lo_disk")], [("gendisk", "private_data")]], .object, types)
        if let list = types.offset(of: "list", in: "workqueue_struct") {
            add(
                "workqueue_struct",
                ["mutex"],
                [[("workqueue_struct", "list"), ("list_head", "next")], [("list_head", "prev")]],
                .field(UInt64(list)),
                initialName: "&wq->mutex",
                name: "name",
                types
            )
        }
        add(
            "backing_dev_info",
            ["wb_switch_rwsem", "cgwb_release_mutex"],
            [[("backing_dev_info", "wb"), ("bdi_writeback", "bdi")]],
            .object,
            types
        )
        add(
            "subsys_private",
            ["mutex"],
            [[("subsys_private", "subsys"), ("kset", "kobj"), ("kobject", "ktype")]],
            .kobjectTypes(kobjectTypes),
            initialName: "subsys mutex",
            types
        )

        point("kernfs_locks", "kernfs_global_locks", count: 1, types, symbols, memory)
        // One for each node of the machine; the table is as long as the configuration allows.
        point("node_data", "pglist_data", count: 64, types, symbols, memory)
    }

    /// The struct and member that a lock is, if the memory around it proves it.
    ///
    /// - Parameter slabOffset: of the lock in an object of a general cache; nil where it is in none. All objects that are
    ///   looked for are allocated by themselves, so it is the lock's offset in its struct.
    func member(at lock: UInt64, slabOffset: UInt32?, in memory: some KernelMemory) -> Member? {
        if let object = pointed.first(where: { lock >= $0.base && lock - $0.base < $0.size }) {
            return Member(structName: object.structName, offset: Int(lock - object.base))
        }
        guard let slabOffset else { return nil }
        let offset = UInt64(slabOffset)
        for rule in rules {
            for lockField in rule.locks
            where lockField.offset == offset && isProven(lock &- offset, rule, memory) {
                return Member(
                    structName: rule.structName,
                    field: lockField.field,
                    initialName: rule.initialName,
                    offset: Int(offset)
                )
            }
        }
        return nil
    }

    private func isProven(_ object: UInt64, _ rule: Rule, _ memory: some KernelMemory) -> Bool {
        if let name = rule.name, memory.name(at: object &+ name) == nil { return false }
        var place = object
        for step in rule.steps {
            guard let next = memory.word(at: place &+ step), next != 0 else { return false }
            place = next
        }
        switch rule.end {
        case .object: return place == object
        case .field(let offset): return place == object &+ offset
        case .kobjectTypes(let types): return types.contains(place)
        }
    }

    private mutating func add(
        _ structName: String,
        _ locks: [String],
        _ steps: [[(String, String)]],
        _ end: End,
        initialName: String? = nil,
        name: String? = nil,
        _ types: borrowing KernelTypes
    ) {
        var offsets: [UInt64] = []
        for step in steps {
            var sum: UInt64 = 0
            for (name, field) in step {
                guard let offset = types.offset(of: field, in: name) else { return }
                sum += UInt64(offset)
            }
            offsets.append(sum)
        }
        var fields: [(field: String, offset: UInt64)] = []
        for lock in locks {
            if let offset = types.offset(of: lock, in: structName) { fields.append((lock, UInt64(offset))) }
        }
        var rule = Rule(structName: structName, locks: fields, initialName: initialName, steps: offsets, end: end)
        if let name {
            guard let offset = types.offset(of: name, in: structName) else { return }
            rule.name = UInt64(offset)
        }
        rules.append(rule)
    }

    private mutating func point(
        _ variable: String,
        _ structName: String,
        count: Int,
        _ types: borrowing KernelTypes,
        _ symbols: SymbolTable,
        _ memory: some KernelMemory
    ) {
        guard let address = symbols.address(of: variable), let size = types.size(of: structName) else { return }
        for index in 0..<count {
            // Online nodes come first on nearly every machine; without the rest their locks are named as others are.
            guard let base = memory.word(at: address + UInt64(index * 8)), base >> 63 == 1 else { return }
            pointed.append(Pointed(structName: structName, base: base, size: UInt64(size)))
        }
    }
}
