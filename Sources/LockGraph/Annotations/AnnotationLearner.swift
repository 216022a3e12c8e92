// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Writes down with which subclass, under which nest lock and of which class each function takes locks.
///
/// What was met before costs one hash probe. Memory follows the functions and the classes, and the locks that serve as
/// nest locks.
struct AnnotationLearner: Sendable {
    private struct Key: Hashable {
        var site: NameID
        var lockClass: LockClassID
        /// The subclasses held already, four bits each, the first held lowest; a mark above the last.
        var under: UInt64
        var subclass: UInt8
        var nest: LockClassID
    }

    private static let deepestNesting = 12

    private var met: [Key: Int] = [:]

    /// Notes an acquisition by a task that holds these locks.
    mutating func note(_ event: LockEvent, held: Span<HeldLock>) {
        guard event.site != .none, event.lockClass != .none else { return }
        var under: UInt64 = 1
        var depth = 0
        var nest = LockClassID.none
        for index in held.indices {
            let lock = held[index]
            if event.nest != .none, lock.lock == event.nest { nest = lock.lockClass }
            guard lock.lockClass == event.lockClass, lock.lock != event.lock else { continue }
            guard depth < Self.deepestNesting else { return }
            let place = UInt64(depth) * 4
            under = under & ((1 << place) - 1) | UInt64(lock.subclass & 0xf) << place | 1 << (place + 4)
            depth += 1
        }
        // A nest lock that is not among the held ones explains nothing.
        if event.nest != .none, nest == .none { return }
        let key = Key(
            site: event.site,
            lockClass: event.lockClass,
            under: under,
            subclass: event.subclass,
            nest: nest
        )
        met[key, default: 0] += 1
    }

    /// What was said, by names.
    func annotations(_ tables: EventTables, canonical: (LockClassID) -> LockClassID) -> LearnedAnnotations {
        var annotations = LearnedAnnotations()
        for (key, count) in met {
            let entry = LearnedAnnotations.Entry(
                function: tables.names[key.site],
                lockClass: tables.classes[canonical(key.lockClass)],
                under: Self.subclasses(key.under),
                subclass: key.subclass,
                nest: key.nest == .none ? "" : tables.classes[canonical(key.nest)].name
            )
            annotations.entries[entry, default: 0] += count
        }
        return annotations
    }

    private static func subclasses(_ under: UInt64) -> [UInt8] {
        var subclasses: [UInt8] = []
        var rest = under
        while rest > 1 {
            subclasses.append(UInt8(rest & 0xf))
            rest >>= 4
        }
        return subclasses
    }
}
