// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Every function that takes a sleeping lock, called once by a module: what livedep saw of it is compared with what the
/// module did (Tests/Guest/hooks/README.md).
@Suite("In a guest: every lock function", .serialized)
struct HookTests {
    private struct Operation {
        var name: String
        var fields: [String: String]

        init?(line: Substring) {
            let words = line.split(separator: " ")
            guard let name = words.first else { return nil }
            self.name = String(name)
            fields = Dictionary(
                words.dropFirst().compactMap { word in
                    word.firstIndex(of: "=").map { (String(word[..<$0]), String(word[word.index(after: $0)...])) }
                },
                uniquingKeysWith: { first, _ in first }
            )
        }

        var lock: String { fields["lock"] ?? "" }
        var mode: String { fields["mode"] ?? "" }
        var isHeld: Bool { fields["outcome"] == "held" }
        var isTrylock: Bool { fields["trylock"] == "1" }
        var isInlined: Bool { fields["function"] == "-" }
    }

    @Test("each is seen once, with its mode, trylock and outcome", arguments: GuestSession.kernels)
    func everyFunction(kernel: String) async throws {
        try Self.compare("hooks", in: try await GuestSession.of(kernel))
    }

    /// Compares what a story's module did with what its graph says.
    static func compare(_ story: String, in session: GuestSession) throws {
        #expect(try session.text("\(story).status") == "0")
        let operations = try session.text("\(story).drive").split(separator: "\n").compactMap { Operation(line: $0) }
        #expect(operations.count >= 70)
        let dependencies = try session.text("\(story).livedep").split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }.filter { $0["record"] as? String == "dependency" }
        let isEnd = { (record: [String: Any], end: String, lock: String) in record[end] as? String == lock }

        var checked = 0
        // cpu_hotplug_lock is one lock for several operations: what one of them adds does not tell of another.
        for operation in operations where !operation.isInlined && operation.lock != "cpu_hotplug_lock" {
            let before = dependencies.filter {
                isEnd($0, "to", operation.lock) && ($0["from"] as? String)?.hasPrefix("hooks_outer") == true
            }
            let after = dependencies.filter {
                isEnd($0, "from", operation.lock) && ($0["to"] as? String)?.hasPrefix("hooks_inner") == true
            }
            #expect(after.isEmpty == !operation.isHeld, "\(operation.name): held after it, or not")
            #expect(after.allSatisfy { $0["fromMode"] as? String == operation.mode }, "\(operation.name): mode")
            if operation.isTrylock {
                #expect(before.isEmpty, "\(operation.name): a trylock waits for nothing")
            } else if operation.isHeld {
                #expect(!before.isEmpty, "\(operation.name): a dependency into it")
            }
            checked += 1
        }
        print("\(session.kernel), \(story): \(checked) of \(operations.count) operations compared")
        #expect(checked >= 65)
    }
}
