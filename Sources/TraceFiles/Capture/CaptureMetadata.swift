// SPDX-License-Identifier: Apache-2.0

import CLockRecords
import LockEvents
import LockGraph

/// A capture's `metadata`: the layout in CTF 1.8's language (diamon.org/ctf), and what the capture says of itself.
///
/// The layout is that of `struct ld_record` as the kernel side writes it; a reader of CTF needs nothing else.
enum CaptureMetadata {
    /// The file's text.
    static func text(_ info: CaptureInfo) -> String {
        """
        /* CTF 1.8 */
        /* Lock events of a kernel, recorded by livedep: struct ld_record of bpf/records/include/lock_records.h, version \
        \(LD_RECORD_VERSION). */

        typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
        typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
        typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
        typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
        typealias integer { size = 8; align = 8; signed = false; base = 16; } := flags_t;
        typealias integer { size = 64; align = 8; signed = false; base = 16; } := address_t;
        typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := char_t;

        trace {
            major = 1;
            minor = 8;
            uuid = "\(info.uuidText)";
            byte_order = le;
            packet.header := struct {
                uint32_t magic;
                uint8_t uuid[16];
                uint32_t stream_id;
                uint64_t stream_instance_id;
            };
        };

        env {
        \(environment(info))};

        clock {
            name = "monotonic";
            description = "CLOCK_MONOTONIC of the recorded machine";
            freq = 1000000000;
            precision = 1;
            offset_s = \(floorDivided(info.clockOffset));
            offset = \(info.clockOffset - floorDivided(info.clockOffset) * 1_000_000_000);
        };

        typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := stamp_t;

        stream {
            id = 0;
            packet.context := struct {
                stamp_t timestamp_begin;
                stamp_t timestamp_end;
                uint64_t content_size;
                uint64_t packet_size;
                uint64_t packet_seq_num;
                uint64_t events_discarded;
                uint64_t records;
            };
            event.header := struct {
                stamp_t timestamp;
                uint8_t id;
            } align(64);
        };

        enum hook_t : uint8_t { \(enumerators(info.hooks.map(\.function))) };
        enum type_t : uint8_t { mutex, rwsem, percpu_rwsem, ww_mutex, rt_mutex, spin, rwlock, ww_context, pseudo };
        enum mode_t : uint8_t { write, read, recursive };

        struct origin {
            address_t cache;
            uint32_t offset;
            uint32_t detail;
        };

        struct held {
            address_t lock;
            address_t site;
            address_t context;
            struct origin origin;
            enum type_t type;
            enum mode_t mode;
            flags_t flags;
            enum hook_t hook;
            uint32_t epoch;
        };

        struct record {
            enum hook_t hook;
            uint16_t size;
            enum type_t type;
            enum mode_t mode;
            flags_t flags;
            uint8_t depth;
            uint32_t seq;
            uint32_t tid;
            uint32_t tgid;
            uint16_t cpu;
            uint8_t nheld;
            uint8_t nstack;
            uint32_t epoch;
            uint32_t nname;
            uint64_t time;
            address_t lock;
            address_t site;
            address_t aux;
            struct origin origin;
            struct held held[nheld];
            address_t stack[nstack];
            char_t name[nname];
        };

        \(kinds.map { event($0.name, id: UInt32($0.id), fields: "struct record") }.joined(separator: "\n"))
        /* What a record does not say and a replay needs: it holds from the next record on. */
        \(CaptureDecision.Kind.allCases.map { event("livedep:\($0)", id: UInt32($0.rawValue), fields: $0.fields) }
            .joined(separator: "\n"))

        """
    }

    private static let kinds: [(name: String, id: UInt32)] = [
        ("acquire", LD_ACQUIRE.rawValue), ("try", LD_TRY.rawValue), ("attempt", LD_ATTEMPT.rawValue),
        ("fail", LD_FAIL.rawValue), ("release", LD_RELEASE.rawValue), ("downgrade", LD_DOWNGRADE.rawValue),
        ("may", LD_MAY.rawValue), ("init", LD_INIT.rawValue), ("task", LD_TASK.rawValue), ("exit", LD_EXIT.rawValue),
        ("class", LD_CLASS.rawValue),
    ]

    private static func event(_ name: String, id: UInt32, fields: String) -> String {
        "event { name = \"\(name)\"; id = \(id); stream_id = 0; fields := \(fields); };"
    }

    private static func enumerators(_ names: [String]) -> String {
        // An enumeration must not be empty.
        names.isEmpty ? "\"unknown\"" : names.map { "\"\(escaped($0))\"" }.joined(separator: ", ")
    }

    private static func floorDivided(_ nanoseconds: Int64) -> Int64 {
        let (quotient, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest < 0 ? quotient - 1 : quotient
    }

    // MARK: What the capture says of itself

    private static func environment(_ info: CaptureInfo) -> String {
        var entries: [(String, String)] = [
            ("domain", quoted("kernel")), ("tracer_name", quoted("livedep")),
            ("capture_version", String(CaptureLayout.version)), ("record_version", String(LD_RECORD_VERSION)),
            ("hostname", quoted(info.run.host)), ("kernel_release", quoted(info.run.kernel)),
            ("run", quoted(info.run.id)), ("source", quoted(info.run.source)),
            ("same_class", quoted(info.run.sameClass.rawValue)), ("began", String(info.run.began)),
            ("command", quoted(info.run.command)), ("filtered", info.isFiltered ? "1" : "0"),
            ("clock_offset", String(info.clockOffset)),
        ]
        for hook in info.hooks { entries.append(("hook_\(hook.function)", quoted(hook.attachment))) }
        return entries.map { "    \($0.0) = \($0.1);\n" }.joined()
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// Text as a string of the language can hold it: other control characters are of no use to anyone.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result += scalar.value < 0x20 || scalar.value == 0x7f ? "?" : String(scalar)
            }
        }
    }

    /// Reads what ``text(_:)`` wrote.
    static func info(reading text: String, of file: String) throws(FileError) -> CaptureInfo {
        guard text.hasPrefix("/* CTF 1.8"), text.contains("tracer_name = \"livedep\";") else {
            throw FileError(file, "is not that of a capture made by livedep", advice: "livedep record makes them")
        }
        var values: [String: String] = [:]
        var hooks: [CaptureInfo.Hook] = []
        for line in text.split(separator: "\n") where line.hasPrefix("    ") && line.hasSuffix(";") {
            guard let (key, value) = entry(line.dropFirst(4).dropLast()) else { continue }
            if key.hasPrefix("hook_") {
                hooks.append(CaptureInfo.Hook(function: String(key.dropFirst(5)), attachment: value))
            } else if values[key] == nil {
                values[key] = value
            }
        }
        let number = { (key: String) in values[key].flatMap { Int64($0) } }
        guard let version = number("capture_version"), let records = number("record_version"),
            let offset = number("clock_offset"), text.hasSuffix("};\n"),
            text.contains("\"livedep:\(lastEvent(version))\""),
            let uuid = uuid(values["uuid"] ?? "")
        else { throw FileError(file, "is cut off or damaged", advice: "the capture cannot be read without it") }
        guard version <= CaptureLayout.version, records == Int64(LD_RECORD_VERSION) else {
            throw FileError(
                file,
                "is of a capture of version \(version) with records of version \(records); "
                    + "this livedep reads \(CaptureLayout.version) with \(LD_RECORD_VERSION)",
                advice: "replay it with the livedep that recorded it"
            )
        }
        let run = GraphRun(
            id: values["run"] ?? "",
            host: values["hostname"] ?? "",
            kernel: values["kernel_release"] ?? "",
            source: values["source"] ?? "",
            sameClass: SameClassPolicy(rawValue: values["same_class"] ?? "") ?? .instance,
            began: number("began") ?? 0,
            command: values["command"] ?? ""
        )
        var info = CaptureInfo(run: run, isFiltered: values["filtered"] != "0", hooks: hooks)
        info.clockOffset = offset
        info.uuid = uuid
        return info
    }

    /// The event that comes last in a whole file.
    private static func lastEvent(_ version: Int64) -> CaptureDecision.Kind { version < 2 ? .task : .key }

    private static func entry(_ line: Substring) -> (String, String)? {
        let trimmed = line.drop { $0 == " " }
        guard let equals = trimmed.firstIndex(of: "=") else { return nil }
        let key = trimmed[..<equals].filter { $0 != " " }
        let value = trimmed[trimmed.index(after: equals)...].drop { $0 == " " }
        guard value.first == "\"", value.last == "\"", value.count >= 2 else { return (key, String(value)) }
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            if isEscaped {
                text.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                text.append(character)
            }
        }
        return (key, text)
    }

    private static func uuid(_ text: String) -> [UInt8]? {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
