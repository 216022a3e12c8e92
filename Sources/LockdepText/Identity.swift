// SPDX-License-Identifier: Apache-2.0

/// FNV-1a over what is added (Fowler, Noll, Vo; 64 bits): the same on every machine and in every run.
private struct Fingerprint {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0)
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    var digits: String { String(value, radix: 16) }
}

extension Splat {
    /// A name for the report that is the same for the same report, wherever it was copied to: `splat:8f1c...`.
    public var identity: String {
        var print = Fingerprint()
        for text in [kind.rawValue, kernel ?? "", task.map { "\($0.comm)/\($0.pid)" } ?? "", detail ?? ""] {
            print.add(text)
        }
        for lock in [wanted, held].compactMap(\.self) + heldLocks {
            print.add(lock.address ?? "")
            print.add(lock.lockClass.printedName)
        }
        for link in chain {
            print.add(link.lock.lockClass.printedName)
            for frame in link.stack { print.add(frame.description) }
        }
        return "splat:" + print.digits
    }
}

extension LockdepProc {
    /// A name for the tables that is the same for the same boot: keys are hashed differently in each.
    public var identity: String {
        var print = Fingerprint()
        for entry in classes.prefix(64) {
            print.add(entry.key)
            print.add(entry.lockClass.printedName)
        }
        return "lockdep:" + print.digits
    }
}
