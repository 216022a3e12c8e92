// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import LockNaming

/// A tracepoint as tracefs describes it: its number, and where its fields lie in a record.
struct Tracepoint: Sendable {
    /// `GROUP/NAME`.
    let name: String
    let id: UInt32
    private let offsets: [String: Int]

    /// Looks a tracepoint up; nil where the kernel has no such one, or tracefs is not mounted.
    init?(_ name: String) {
        let folders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
        let texts = folders.lazy.compactMap { folder -> (String, String)? in
            guard let id = KernelFile.text(at: "\(folder)/events/\(name)/id"),
                let format = KernelFile.text(at: "\(folder)/events/\(name)/format")
            else { return nil }
            return (id, format)
        }
        guard let (idText, format) = texts.first, let id = UInt32(idText) else { return nil }
        self.name = name
        self.id = id
        offsets = Self.offsets(format)
    }

    /// The offset of a field in the record, or nil.
    func offset(of field: String) -> Int? { offsets[field] }

    /// Reads lines such as `field:void * lockdep_addr; offset:16; size:8; signed:0;`.
    static func offsets(_ format: String) -> [String: Int] {
        var offsets: [String: Int] = [:]
        for line in format.split(separator: "\n") {
            let parts = line.split(separator: ";").map { part in String(part.drop { $0 == "\t" || $0 == " " }) }
            guard parts.count >= 2, parts[0].hasPrefix("field:"), parts[1].hasPrefix("offset:"),
                let offset = Int(parts[1].dropFirst(7)),
                let name = parts[0].split(whereSeparator: { $0 == " " || $0 == "*" }).last
            else { continue }
            offsets[String(name.prefix { $0 != "[" })] = offset
        }
        return offsets
    }
}
