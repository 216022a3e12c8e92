// SPDX-License-Identifier: Apache-2.0

import Testing

/// A way in which logs and mailers print the kernel's lines. Each turns the lines of a report into the text of a file.
struct Layout: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Lines of something else come in, or parts of lines that carry nothing are broken off: the reader says so.
    var hasForeignLines = false
    var apply: @Sendable ([String]) -> String

    private static func prefixed(_ name: String, _ prefix: @escaping @Sendable (Int, String) -> String) -> Layout {
        Layout(testDescription: name) { lines in
            lines.enumerated().map { prefix($0, $1) + $1 + "\n" }.joined()
        }
    }

    /// `[   12.000345]`, one microsecond a line.
    private static func stamp(_ line: Int) -> String {
        let digits = String(line)
        return "[   12.\(String(repeating: "0", count: 6 - digits.count))\(digits)]"
    }

    static let all: [Layout] = [
        prefixed("plain") { _, _ in "" },
        prefixed("time") { number, _ in stamp(number) + " " },
        prefixed("time and thread") { number, _ in stamp(number) + "[   T69] " },
        prefixed("time, blank, thread") { number, _ in stamp(number) + " [   T69] " },
        prefixed("time and CPU") { number, _ in stamp(number) + "[    C1] " },
        prefixed("raw level") { number, _ in "<4>" + stamp(number) + " " },
        prefixed("level, blank, unpadded time") { number, _ in "<4> [12.\(100_000 + number)] " },
        prefixed("syslog without kernel time") { number, _ in "Nov 24 02:13:\(10 + number / 20) larry kernel: " },
        prefixed("syslog with kernel time") { number, _ in "Nov  4 02:13:23 larry kernel: \(stamp(number)) " },
        prefixed("ISO syslog") { number, _ in "2026-11-24T02:13:23.123456+00:00 larry kernel: \(stamp(number)) " },
        prefixed("console log with the time of day") { number, _ in "08:29:00.123 \(stamp(number)) " },
        prefixed("dmesg -T") { _, _ in "[Tue Nov 24 08:29:00 2026] " },
        prefixed("dmesg -x") { number, _ in "kern  :warn  : \(stamp(number)) " },
        prefixed("quoted mail") { number, _ in "> \(stamp(number)) " },
        prefixed("mail quoted three times") { number, _ in ">> > \(stamp(number)) " },
        prefixed("indented") { _, _ in "    " },
        prefixed("indented by a tab") { _, _ in "\t" },
        Layout(testDescription: "continuation lines without prefix") { lines in
            // printk records of several lines: a line that begins a section follows an empty one, and has no prefix.
            var text = ""
            var wasEmpty = false
            for (number, line) in lines.enumerated() {
                text += (wasEmpty ? "                " : stamp(number) + " ") + line + "\n"
                wasEmpty = line.isEmpty
            }
            return text
        },
        Layout(testDescription: "all indentation lost") { lines in
            lines.map { line in
                // The columns of the scenario tell the CPUs apart; everything else can do without.
                let keeps = line.contains("lock(") || line.contains("CPU0") || line.contains("sync(")
                return (keeps ? line : String(line.drop { $0 == " " })) + "\n"
            }.joined()
        },
        Layout(testDescription: "DOS line ends") { lines in lines.map { $0 + "\r\n" }.joined() },
        Layout(testDescription: "terminal colours") { lines in
            lines.enumerated().map { "\u{1B}[32m\(stamp($0)) \u{1B}[0m\u{1B}[33m\($1)\u{1B}[0m\n" }.joined()
        },
        Layout(testDescription: "hard-wrapped at 72 columns", hasForeignLines: true) { lines in
            lines.enumerated().map { wrapped("\(stamp($0))[   T69] \($1)", at: 72) + "\n" }.joined()
        },
        Layout(testDescription: "hard-wrapped and quoted", hasForeignLines: true) { lines in
            lines.enumerated().map { number, line in
                wrapped("\(stamp(number)) \(line)", at: 76).split(separator: "\n", omittingEmptySubsequences: false)
                    .map { "> " + $0 + "\n" }.joined()
            }.joined()
        },
        Layout(testDescription: "other threads' lines between", hasForeignLines: true) { lines in
            lines.enumerated().map { number, line in
                let other = number % 3 == 1 ? "\(stamp(number))[   T70] ntfs3: loop4: Mark volume as dirty\n" : ""
                let oops = number % 7 == 1 ? "\(stamp(number))[   T71]  ext4_map_blocks+0x1/0x2\n" : ""
                return other + oops + "\(stamp(number))[   T69] \(line)\n"
            }.joined()
        },
        Layout(testDescription: "foreign lines between, nothing to tell them by", hasForeignLines: true) { lines in
            lines.enumerated().map { number, line in
                (number % 5 == 1 ? "\(stamp(number)) zram0: detected capacity change from 0 to 16777216\n" : "")
                    + "\(stamp(number)) \(line)\n"
            }.joined()
        },
        Layout(testDescription: "lock names on lines of their own") { lines in
            lines.enumerated().map { number, line in
                guard line.contains("){"), !line.contains("} -> ("), let open = line.firstIndex(of: "(") else {
                    return "\(stamp(number)) \(line)\n"
                }
                let broken =
                    line[..<open] + "\n"
                    + line[open...].replacing("){", with: "\n){", maxReplacements: 1)
                    .replacing(", at: ", with: "\n, at: ")
                return broken.split(separator: "\n").map { "\(stamp(number)) \($0)\n" }.joined()
            }.joined()
        },
    ]

    /// Breaks a line at blanks, as mailers do; a word that is too long stays whole.
    private static func wrapped(_ line: String, at width: Int) -> String {
        var lines: [String] = []
        var rest = Substring(line)
        while rest.count > width {
            let head = rest.prefix(width)
            // Not within the prefix and the indentation.
            guard let blank = head.lastIndex(of: " "), head[..<blank].drop(while: { $0 != "]" }).count > 12 else {
                break
            }
            lines.append(String(rest[..<blank]))
            rest = rest[rest.index(after: blank)...]
        }
        lines.append(String(rest))
        return lines.joined(separator: "\n")
    }
}
