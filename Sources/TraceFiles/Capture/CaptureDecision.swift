// SPDX-License-Identifier: Apache-2.0

import LockEvents

/// Decisions as events of a capture: behind the kind come numbers without gaps and strings that end in NUL.
enum CaptureDecision {
    /// The event's kind.
    enum Kind: UInt8, CaseIterable {
        case lockClass = 128
        case lock, address, userCopy, unify, distrust, trust, time, task, test, key

        /// The layout behind the kind, in CTF's language.
        var fields: String { "struct { uint8_t reserved; uint16_t size; \(ownFields) }" }

        private var ownFields: String {
            switch self {
            case .lockClass:
                "uint32_t number; uint8_t type; uint8_t certainty; uint8_t validated; flags_t properties; "
                    + "string name; string origin; string naming;"
            case .lock: "address_t lock; uint32_t number;"
            case .address: "address_t address; flags_t place; string function; string frame;"
            case .userCopy: "address_t address; uint8_t copies;"
            case .unify: "uint32_t kept; uint32_t gone;"
            case .distrust, .trust: "uint32_t epoch;"
            case .time: "uint64_t time;"
            case .task: "uint32_t tid; uint32_t seq; string name;"
            case .test: "uint64_t time; string name;"
            case .key: "address_t key; uint32_t name; uint32_t number;"
            }
        }
    }

    // A class's properties.
    private static let isStatic: UInt8 = 1
    private static let isOrdered: UInt8 = 2
    // An address's place.
    private static let isInsideLock: UInt8 = 1
    private static let isTracepoint: UInt8 = 2

    /// A decision's kind and the bytes behind it.
    static func encode(_ decision: NamingDecision) -> (kind: Kind, bytes: [UInt8]) {
        var bytes: [UInt8] = []
        switch decision {
        case .lockClass(let number, let lockClass):
            bytes.append(integer: number.rawValue)
            bytes.append(lockClass.type.rawValue)
            bytes.append(lockClass.certainty.rawValue)
            bytes.append(lockClass.isValidated ? 1 : 0)
            bytes.append((lockClass.isStatic ? Self.isStatic : 0) | (lockClass.isOrdered ? Self.isOrdered : 0))
            bytes.append(string: lockClass.name)
            bytes.append(string: lockClass.origin)
            bytes.append(string: lockClass.naming)
            return (.lockClass, bytes)
        case .lock(let lock, let number):
            bytes.append(integer: lock.rawValue)
            bytes.append(integer: number.rawValue)
            return (.lock, bytes)
        case .address(let address, let name):
            bytes.append(integer: address)
            bytes.append((name.isInsideLock ? Self.isInsideLock : 0) | (name.isTracepoint ? Self.isTracepoint : 0))
            bytes.append(string: name.function)
            bytes.append(string: name.frame)
            return (.address, bytes)
        case .userCopy(let address, let isCopy):
            bytes.append(integer: address)
            bytes.append(isCopy ? 1 : 0)
            return (.userCopy, bytes)
        case .unify(let kept, let gone):
            bytes.append(integer: kept.rawValue)
            bytes.append(integer: gone.rawValue)
            return (.unify, bytes)
        case .distrust(let epoch):
            bytes.append(integer: epoch)
            return (.distrust, bytes)
        case .trust(let epoch):
            bytes.append(integer: epoch)
            return (.trust, bytes)
        case .time(let time):
            bytes.append(integer: time)
            return (.time, bytes)
        case .task(let tid, let comm, let nextSequence):
            bytes.append(integer: tid)
            bytes.append(integer: nextSequence)
            bytes.append(string: comm)
            return (.task, bytes)
        case .test(let name, let time):
            bytes.append(integer: time)
            bytes.append(string: name)
            return (.test, bytes)
        case .key(let key, let name, let number):
            bytes.append(integer: key)
            bytes.append(integer: name)
            bytes.append(integer: number.rawValue)
            return (.key, bytes)
        }
    }

    /// The decision in an event; nil when its bytes are not of the kind's layout.
    static func decode(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) -> NamingDecision? {
        var fields = FieldReader(bytes)
        let decision = read(kind, &fields)
        return fields.isDone ? decision : nil
    }

    private static func read(_ kind: Kind, _ fields: inout FieldReader) -> NamingDecision? {
        switch kind {
        case .lockClass:
            let number = LockClassID(rawValue: fields.integer())
            guard let type = LockType(rawValue: fields.integer()),
                let certainty = LockClass.Certainty(rawValue: fields.integer())
            else { return nil }
            let isValidated = fields.integer() as UInt8 != 0
            let properties: UInt8 = fields.integer()
            let name = fields.string()
            let origin = fields.string()
            var lockClass = LockClass(
                name: name,
                type: type,
                origin: origin,
                naming: fields.string(),
                certainty: certainty,
                isValidated: isValidated,
                isStatic: properties & isStatic != 0
            )
            lockClass.isOrdered = properties & isOrdered != 0
            return .lockClass(number, lockClass)
        case .lock:
            let lock = LockID(rawValue: fields.integer())
            return .lock(lock, LockClassID(rawValue: fields.integer()))
        case .address:
            let address: UInt64 = fields.integer()
            let place: UInt8 = fields.integer()
            let function = fields.string()
            let name = NamingDecision.AddressName(
                function: function,
                frame: fields.string(),
                isInsideLock: place & isInsideLock != 0,
                isTracepoint: place & isTracepoint != 0
            )
            return .address(address, name)
        case .userCopy:
            let address: UInt64 = fields.integer()
            return .userCopy(address, fields.integer() as UInt8 != 0)
        case .unify:
            let kept = LockClassID(rawValue: fields.integer())
            return .unify(kept: kept, gone: LockClassID(rawValue: fields.integer()))
        case .distrust: return .distrust(epoch: fields.integer())
        case .trust: return .trust(epoch: fields.integer())
        case .time: return .time(fields.integer())
        case .task:
            let tid: UInt32 = fields.integer()
            let sequence: UInt32 = fields.integer()
            return .task(tid, comm: fields.string(), nextSequence: sequence)
        case .test:
            let time: UInt64 = fields.integer()
            return .test(fields.string(), from: time)
        case .key:
            let key: UInt64 = fields.integer()
            let name: UInt32 = fields.integer()
            return .key(key, name: name, LockClassID(rawValue: fields.integer()))
        }
    }
}

/// Takes fields out of bytes that may be anything: what is not there reads as zero, and ``isDone`` says so.
private struct FieldReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isShort = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Everything was there, and nothing is left.
    var isDone: Bool { !isShort && position == bytes.count }

    mutating func integer<Number: FixedWidthInteger & BitwiseCopyable>() -> Number {
        let size = MemoryLayout<Number>.size
        guard position + size <= bytes.count else {
            isShort = true
            return 0
        }
        defer { position += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    mutating func string() -> String {
        guard let end = bytes[position...].firstIndex(of: 0) else {
            isShort = true
            return ""
        }
        defer { position = end + 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate mutating func append(integer: some FixedWidthInteger & BitwiseCopyable) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }

    /// Names are far shorter; a longer one must not make the event larger than its size field.
    fileprivate mutating func append(string: String) {
        append(contentsOf: string.utf8.lazy.filter { $0 != 0 }.prefix(4096))
        append(0)
    }
}
