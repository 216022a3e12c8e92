// SPDX-License-Identifier: Apache-2.0

/// Rows of cells that are lined up under each other, two spaces apart, without spaces at the ends of lines.
struct Columns {
    /// A cell is measured as it reads; its paint takes no room.
    struct Cell {
        var text: String
        var paint: (String) -> String = { $0 }
        var alignsRight = false
    }

    /// A longer cell shifts its own line only: lockdep's names can be whole expressions.
    private static let widest = 56

    private var rows: [[Cell]] = []

    mutating func append(_ row: [Cell]) { rows.append(row) }

    mutating func append(_ row: [String]) { rows.append(row.map { Cell(text: $0) }) }

    /// Of each column the widest cell, those beyond the limit apart where there are others.
    private func widths() -> [Int] {
        var widths: [Int] = []
        var widest: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count {
                    widths.append(0)
                    widest.append(0)
                }
                let length = cell.text.count
                widest[column] = max(widest[column], length)
                if length <= Self.widest { widths[column] = max(widths[column], length) }
            }
        }
        return zip(widths, widest).map { $0 == 0 ? $1 : $0 }
    }

    /// The lines, each with `indent` in front.
    func lines(indent: String = "") -> [String] {
        let widths = widths()
        return rows.map { row in
            var line = indent
            var pending = ""
            var isFirst = true
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                if !isFirst { pending += "  " }
                isFirst = false
                let fill = String(repeating: " ", count: max(0, widths[column] - cell.text.count))
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
