// SPDX-License-Identifier: Apache-2.0

import JSONLines

/// How a recording ended: its counts, in a file that readers of CTF pass over. Without it the recording was cut off.
enum CaptureSummary {
    static let file = CaptureLayout.hidden + "/summary.json"

    static func text(_ counters: [String: Int]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.field("record", "summary")
        json.key("counters")
        json.beginObject()
        for (name, count) in counters.sorted(by: { $0.key < $1.key }) { json.field(name, count) }
        json.endObject()
        json.endObject()
        json.endLine()
        return json.text
    }

    /// The counts, or nil where the text is not whole.
    static func counters(reading bytes: [UInt8]) -> [String: Int]? {
        var json = JSONReader(bytes, in: 0..<bytes.count)
        var counters: [String: Int]?
        do throws(JSONError) {
            try json.object { (key, json) throws(JSONError) in
                guard key == "counters" else { return try json.skip() }
                var read: [String: Int] = [:]
                try json.object { (name, json) throws(JSONError) in read[name] = try json.integer() }
                counters = read
            }
        } catch {
            return nil
        }
        return counters
    }
}
