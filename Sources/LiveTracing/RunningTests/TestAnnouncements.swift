// SPDX-License-Identifier: Apache-2.0

/// What lines of the kernel's log say about tests that begin and end.
///
/// Test runners write there so that what the kernel says can be told by test; the same lines tell dependencies by test:
/// IGT (`[IGT] kms_flip: starting subtest x`, igt-gpu-tools' lib/igt_core.c), xfstests and blktests (`run fstests
/// generic/001 at ...`), LTP (`LTP: starting fork01`), the kernel's selftests (`kselftest: Running tests in mm`), and for
/// all others `livedep-test: NAME`, without a name when it has ended.
struct TestAnnouncements {
    /// The IGT program that runs, its subtest, and that one's dynamic subtest.
    private var program: Substring = ""
    private var subtest: Substring = ""
    private var dynamic: Substring = ""

    /// Whether a line begins like one that says something of tests: cheap, as there can be very many lines.
    static func mayAnnounce(_ line: Span<UInt8>) -> Bool {
        beginnings.contains { beginning in
            guard line.count >= beginning.count else { return false }
            for index in beginning.indices where line[index] != beginning[index] { return false }
            return true
        }
    }

    private static let beginnings = [
        "[IGT] ", "run fstests ", "run blktests ", "LTP: starting ", "kselftest: ", "livedep-test:",
    ].map { Array($0.utf8) }

    /// The test that runs from this line on, empty for none; nil where the line says nothing of tests.
    mutating func read(_ line: String) -> String? {
        let line = Substring(line)
        if let rest = line.after("[IGT] ") { return readIGT(rest) }
        if let rest = line.after("livedep-test:") { return Self.name(rest) }
        if let rest = line.after("LTP: starting ") { return Self.word(rest) }
        if let rest = line.after("kselftest: Running tests in ") { return Self.word(rest).map { "kselftest/" + $0 } }
        for suite in ["fstests", "blktests"] {
            if let rest = line.after("run \(suite) ") { return Self.word(rest) }
        }
        return nil
    }

    /// `PROGRAM: what it does`; a program's name has no colon.
    private mutating func readIGT(_ line: Substring) -> String? {
        guard let colon = line.firstIndex(of: ":"), let said = line[line.index(after: colon)...].after(" ") else {
            return nil
        }
        let name = line[..<colon]
        if said.hasPrefix("exiting") {
            (program, subtest, dynamic) = ("", "", "")
            return ""
        }
        if name != program { (program, subtest, dynamic) = (name, "", "") }
        if said.after("executing") != nil {
            (subtest, dynamic) = ("", "")
        } else if let test = said.after("starting subtest ") {
            (subtest, dynamic) = (Self.line(test), "")
        } else if let test = said.after("starting dynamic subtest ") {
            dynamic = Self.line(test)
        } else if let test = said.after("finished subtest ") {
            // Dynamic ones end with the same words.
            if !dynamic.isEmpty, test.hasPrefix(dynamic + ",") { dynamic = "" } else { (subtest, dynamic) = ("", "") }
        } else {
            return nil
        }
        return (["igt", program] + [subtest, dynamic].filter { !$0.isEmpty }).joined(separator: "@")
    }

    private static func line(_ text: Substring) -> Substring { text.prefix { $0 != "\n" } }

    private static func word(_ text: Substring) -> String? {
        let word = text.prefix { $0 != " " && $0 != "\n" }
        return word.isEmpty ? nil : String(word)
    }

    private static func name(_ text: Substring) -> String {
        let text = line(text).drop { $0 == " " }
        return String(text.prefix(text.count - text.reversed().prefix { $0 == " " }.count))
    }
}

extension Substring {
    /// What follows a beginning; nil for another one.
    fileprivate func after(_ beginning: String) -> Substring? {
        hasPrefix(beginning) ? dropFirst(beginning.count) : nil
    }
}
