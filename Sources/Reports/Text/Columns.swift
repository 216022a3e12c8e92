// SPDX-License-Identifier: Apache-2.0

/// Rows of cells that are lined up under each other, two spaces apart, without spaces at the ends of lines.
struct Columns {
    /// A cell is measured as it reads; its paint takes no room.
    struct Cell {
        var text: String
        var paint: (String) -> String = { $0 }
        var alignsRight = false
    }

    private var rows: [[Cell]] = []

    mutating func append(_ row: [Cell]) { rows.append(row) }

    mutating func append(_ row: [String]) { rows.append(row.map { Cell(text: $0) }) }

    /// The lines, each with `indent` in front.
    func lines(indent: String = "") -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.text.count)
            }
        }
        return rows.map { row in
            var line = indent
            var pending = ""
            var isFirst = true
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                if !isFirst { pending += "  " }
                isFirst = false
                let fill = String(repeating: " ", count: widths[column] - cell.text.count)
                if cell.text.isEmpty {
                    pending += fill
                    continue
                }
                line += pending + (cell.alignsRight ? fill : "") + cell.paint(cell.text)
                pending = cell.alignsRight ? "" : fill
            }
            return line
        }
    }
}
