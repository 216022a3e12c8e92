// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `GraphBenchmark [--quick] [--json FILE]`: the figures of the dependency order, as a table and as JSON lines.
@main
struct GraphBenchmark {
    static let columns = [
        "workload", "classes", "depend.", "cyclic", "total s", "known ns", "p50 us", "p99.9 us", "worst us", "B/dep",
        "search s", "ratio",
    ]
    static let widths = [31, 7, 8, 7, 8, 8, 7, 8, 9, 6, 9, 8]

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let isQuick = arguments.contains("--quick")
        let output = arguments.firstIndex(of: "--json").flatMap { arguments.dropFirst($0 + 1).first }
        let large = isQuick ? 200_000 : 1_000_000
        let workloads: [(Workload, Bool)] = [
            (Workload("booted kernel, no cycle", classes: 2900, dependencies: 25_600, hasCycles: false), true),
            (Workload("booted kernel, cycles", classes: 2900, dependencies: 25_600, hasCycles: true), true),
            (Workload("medium, no cycle", classes: 10_000, dependencies: 100_000, hasCycles: false), !isQuick),
            (Workload("large, no cycle", classes: 10_000, dependencies: large, hasCycles: false), false),
            (Workload("large, cycles", classes: 10_000, dependencies: large, hasCycles: true), false),
            (
                Workload(
                    "large, no cycle, 20 % readers",
                    classes: 10_000,
                    dependencies: large,
                    hasCycles: false,
                    recursive: 0.2
                ),
                false
            ),
            (
                Workload(
                    "large, cycles, 20 % readers",
                    classes: 10_000,
                    dependencies: large,
                    hasCycles: true,
                    recursive: 0.2
                ),
                false
            ),
        ]
        print(line(columns))
        var records = ""
        for (workload, comparesWithSearch) in workloads {
            let row = measure(workload, rounds: isQuick ? 1 : 3, comparesWithSearch: comparesWithSearch)
            print(line(cells(row)))
            records += json(row) + "\n"
        }
        guard let output else { return }
        do {
            try records.write(toFile: output, atomically: true, encoding: .utf8)
        } catch {
            FileHandle.standardError.write(Data("GraphBenchmark: \(output): \(error.localizedDescription)\n".utf8))
            exit(2)
        }
    }

    static func cells(_ row: Row) -> [String] {
        [
            row.name, String(row.classes), String(row.dependencies), String(row.cycles),
            String(format: "%.4f", row.seconds), String(format: "%.1f", row.knownNanoseconds),
            String(format: "%.2f", row.percentiles.median / 1000), String(format: "%.1f", row.percentiles.p999 / 1000),
            String(format: "%.0f", row.percentiles.worst / 1000), String(format: "%.1f", row.bytes),
            row.searchSeconds.map { String(format: "%.3f", $0) } ?? "-",
            row.searchSeconds.map { String(format: "%.0fx", $0 / row.seconds) } ?? "-",
        ]
    }

    static func line(_ cells: [String]) -> String {
        zip(cells, widths).enumerated().map { index, cell in
            let fill = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + fill : fill + cell.0
        }.joined(separator: " ")
    }

    static func json(_ row: Row) -> String {
        var fields = [
            "\"record\": \"benchmark\"", "\"name\": \"\(row.name)\"", "\"classes\": \(row.classes)",
            "\"dependencies\": \(row.dependencies)", "\"closing_a_cycle\": \(row.cycles)",
            String(format: "\"seconds\": %.6f, \"known_ns\": %.1f", row.seconds, row.knownNanoseconds),
            String(
                format: "\"p50_us\": %.3f, \"p999_us\": %.3f, \"worst_us\": %.3f",
                row.percentiles.median / 1000,
                row.percentiles.p999 / 1000,
                row.percentiles.worst / 1000
            ),
            String(format: "\"bytes_per_dependency\": %.1f", row.bytes),
        ]
        if let search = row.searchSeconds {
            fields.append(
                String(
                    format: "\"search_seconds\": %.6f, \"times_faster_than_search\": %.1f",
                    search,
                    search / row.seconds
                )
            )
        }
        return "{\(fields.joined(separator: ", "))}"
    }
}
