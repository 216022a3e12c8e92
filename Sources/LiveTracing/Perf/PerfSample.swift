// SPDX-License-Identifier: Apache-2.0

/// One record of a perf ring, with the parts that ``kp_perf_open`` asks for (linux/perf_event.h, PERF_RECORD_SAMPLE).
struct PerfSample {
    var pid: UInt32
    var tid: UInt32
    var time: UInt64
    var cpu: UInt32
    /// Kernel return addresses, innermost first.
    var stack: [UInt64]
    /// The tracepoint's own record.
    var fields: [UInt8]

    /// What a record is.
    enum Record {
        case sample(PerfSample)
        /// So many records were lost before this one.
        case lost(UInt64)
        /// A task is called so from now on.
        case name(task: UInt32, String)
        /// A task began; it is called as its parent.
        case fork(task: UInt32, parent: UInt32)
        case exit(task: UInt32)
        case other
    }

    private static let typeLost: UInt32 = 2
    private static let typeName: UInt32 = 3
    private static let typeExit: UInt32 = 4
    private static let typeFork: UInt32 = 7
    /// Begin and end of a time in which the kernel throws events away because they are too many.
    private static let typesOfThrottling: ClosedRange<UInt32> = 5...6
    private static let typeSample: UInt32 = 9
    /// Marks between the parts of a call chain (PERF_CONTEXT_MAX).
    private static let firstMark: UInt64 = 0xffff_ffff_ffff_f001

    static func record(_ bytes: UnsafeRawBufferPointer) -> Record {
        guard bytes.count >= 8 else { return .other }
        let type = bytes.loadUnaligned(as: UInt32.self)
        if type == typeLost, bytes.count >= 24 {
            return .lost(bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        }
        if typesOfThrottling.contains(type) { return .lost(0) }
        if type == typeName, bytes.count > 16 {
            let name = String(decoding: bytes[16...].prefix { $0 != 0 }, as: UTF8.self)
            return .name(task: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self), name)
        }
        if type == typeFork || type == typeExit, bytes.count >= 24 {
            let task = bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
            let parent = bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
            return type == typeExit ? .exit(task: task) : .fork(task: task, parent: parent)
        }
        guard type == typeSample, bytes.count >= 40 else { return .other }
        let depth = Int(clamping: bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self))
        let rawStart = 40 + depth * 8
        guard depth < 1024, rawStart + 4 <= bytes.count else { return .other }
        let rawSize = Int(bytes.loadUnaligned(fromByteOffset: rawStart, as: UInt32.self))
        guard rawStart + 4 + rawSize <= bytes.count else { return .other }
        var stack: [UInt64] = []
        stack.reserveCapacity(depth)
        for index in 0..<depth {
            let address = bytes.loadUnaligned(fromByteOffset: 40 + index * 8, as: UInt64.self)
            if address < firstMark { stack.append(address) }
        }
        return .sample(
            PerfSample(
                pid: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
                tid: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self),
                time: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                cpu: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self),
                stack: stack,
                fields: Array(bytes[(rawStart + 4)..<(rawStart + 4 + rawSize)])
            )
        )
    }

    /// The tracepoint's number: the first field of each record.
    var tracepoint: UInt32 { UInt32(word(at: 0) & 0xffff) }

    /// Four bytes of the tracepoint's record; zero outside it.
    func word(at offset: Int) -> UInt32 {
        guard offset >= 0, offset + 4 <= fields.count else { return 0 }
        return fields.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }

    /// Eight bytes of the tracepoint's record; zero outside it.
    func longWord(at offset: Int) -> UInt64 {
        UInt64(word(at: offset)) | UInt64(word(at: offset + 4)) << 32
    }

    /// A string field, by the word that says where in the record it lies (`__data_loc`).
    func string(at offset: Int) -> String {
        let place = word(at: offset)
        let start = Int(place & 0xffff)
        let length = Int(place >> 16)
        guard start + length <= fields.count else { return "" }
        return String(decoding: fields[start..<(start + length)].prefix { $0 != 0 }, as: UTF8.self)
    }
}
