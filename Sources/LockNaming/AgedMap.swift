// SPDX-License-Identifier: Apache-2.0

/// A map that forgets what was not used for long, so that it stays bounded.
///
/// Two generations: when the young one is full it becomes the old one and the old one is dropped. What is used moves
/// back to the young one. Memory is at most that of `2 * capacity` entries; every operation is one or two hash probes.
struct AgedMap<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(value, for: key)
            return value
        }
        set {
            old.removeValue(forKey: key)
            if let newValue {
                insert(newValue, for: key)
            } else {
                young.removeValue(forKey: key)
            }
        }
    }

    /// Forgets what the condition fits. Visits every entry.
    mutating func removeAll(where isGone: (Key) -> Bool) {
        young = young.filter { !isGone($0.key) }
        old = old.filter { !isGone($0.key) }
    }

    private mutating func insert(_ value: Value, for key: Key) {
        if young.count >= capacity {
            old = young
            young = [:]
        }
        young[key] = value
    }
}
