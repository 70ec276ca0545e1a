/// Rows of text in columns that line up on a terminal.
package struct TableText {
    /// Whether a column's cells begin or end in line.
    package enum Alignment: Sendable { case left, right }

    private let width: Int?
    private let alignments: [Alignment]
    private let unicode: Bool
    private var rows: [[String]] = []

    /// `width` is where the last column is cut; nil leaves it whole. Columns without an alignment are left.
    package init(alignments: [Alignment] = [], width: Int? = nil, unicode: Bool = true) {
        self.alignments = alignments
        self.width = width
        self.unicode = unicode
    }

    /// Adds a row; cells may hold SGR colour sequences, but no newline. Rows may be of different length.
    package mutating func row(_ cells: [String]) { rows.append(cells) }

    /// The lines, two spaces between columns, without space at their ends.
    package var lines: [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], DisplayWidth.of(cell))
            }
        }
        return rows.map { row in
            var line = ""
            var used = 0
            for (column, cell) in row.enumerated() {
                let isLast = column == row.count - 1
                var cell = cell
                if isLast, let width { cell = DisplayWidth.clip(cell, to: max(width - used, 8), unicode: unicode) }
                let isRight = column < alignments.count && alignments[column] == .right
                // One long cell does not cost every row its width.
                let space = isRight || !isLast ? max(widths[column] - DisplayWidth.of(cell), 0) : 0
                if isRight { line += String(repeating: " ", count: space) }
                line += cell
                if !isLast { line += String(repeating: " ", count: isRight ? 2 : space + 2) }
                used += widths[column] + 2
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The lines, each ended by a newline.
    package var text: String { lines.map { $0 + "\n" }.joined() }
}
