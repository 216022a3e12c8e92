// SPDX-License-Identifier: Apache-2.0

import JSONLines
import Testing

@Suite struct JSONLinesTests {
    /// Reads any value back into one line of JSON.
    static func copy(_ json: inout JSONReader, to out: inout JSONWriter) throws(JSONError) {
        if json.null() { return out.null() }
        if json.isAtString() { return out.value(try json.string()) }
        out.value(try json.integer(Int.self))
    }

    @Test func writesCommasWhereTheyBelong() {
        var json = JSONWriter()
        json.beginObject()
        json.field("a", 1)
        json.field("b", ["x", "y"])
        json.key("c")
        json.beginArray()
        json.beginObject()
        json.endObject()
        json.null()
        json.endArray()
        json.field("d", true)
        json.field("e", nil as Bool?)
        json.endObject()
        json.endLine()
        json.beginObject()
        json.endObject()
        #expect(json.text == #"{"a":1,"b":["x","y"],"c":[{},null],"d":true,"e":null}"# + "\n{}")
    }

    @Test func noControlCharacterIsWritten() {
        var json = JSONWriter()
        json.value("a\u{0}\n\u{1b}[31m\"\\\u{7f}\u{85}\u{9f}\u{a0}ü€😀")
        #expect(json.text == #""a\u0000\u000a\u001b[31m\"\\\u007f\u0085\u009f"# + "\u{a0}ü€😀\"")
    }

    @Test(arguments: ["", "plain", "\u{0}\u{1f}\"\\/", "ü€😀\u{85}", "&mm->mmap_lock#2/1"])
    func stringsComeBack(_ text: String) throws {
        var json = JSONWriter()
        json.value(text)
        var reader = JSONReader(json.text)
        #expect(try reader.string() == text)
        try reader.end()
    }

    @Test func escapesAreUnderstood() throws {
        var reader = JSONReader(#" "\u0041\ud83d\ude00\/\b\f\n\r\t\uD83Dx" "#)
        #expect(try reader.string() == "A😀/\u{8}\u{c}\n\r\t\u{FFFD}x")
    }

    @Test func membersAreReadAndSkipped() throws {
        var reader = JSONReader(#" { "a" : [1, -2 , 3.5e+7, {"x": [ ] }], "b":"c" , "n": 18446744073709551615 } "#)
        var found: [String] = []
        try reader.object { key, json throws(JSONError) in
            switch key {
            case "b": found.append(try json.string())
            case "n": found.append(String(try json.integer(UInt64.self)))
            default: try json.skip()
            }
        }
        try reader.end()
        #expect(found == ["c", "18446744073709551615"])
    }

    @Test(arguments: [
        ("{", "a string is expected at column 2", true), (#"{"a""#, "no ':' after a member's name at column 5", true),
        (#"{"a":1"#, "no ',' or '}' after a member at column 7", true),
        (#"{"a":"x"#, "a string does not end at column 8", true),
        (#"{"a":tru"#, "true or false is expected at column 6", false),
        (#"{"a":1} x"#, "something follows the value at column 9", false),
        ("nope", "an object is expected at column 1", false),
        (#"{"a":1.}"#, "a number ends in '.' at column 8", false),
        (#"{"a":"\q"}"#, "no such escape in a string at column 9", false),
        ("{\"a\":\"\n\"}", "a control character stands in a string at column 7", false),
        ("", "an object is expected at column 1", true),
    ])
    func errorsSayWhatAndWhere(_ text: String, reason: String, isCutOff: Bool) {
        var reader = JSONReader(text)
        let error = #expect(throws: JSONError.self) {
            try reader.object { _, json throws(JSONError) in try json.skip() }
            try reader.end()
        }
        #expect(error?.description == reason)
        #expect(error?.isCutOff == isCutOff)
    }

    @Test func depthIsLimited() {
        var reader = JSONReader(String(repeating: "[", count: 100_000))
        #expect(throws: JSONError("nested deeper than 64", column: 66)) { try reader.skip() }
    }

    @Test func numbersMustFit() {
        var reader = JSONReader("256")
        #expect(throws: JSONError("a whole number from 0 to 255 is expected, not 256", column: 1)) {
            _ = try reader.integer(UInt8.self)
        }
    }
}
