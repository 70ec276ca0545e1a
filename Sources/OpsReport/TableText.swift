/// Rows of text in columns that line up on a terminal.
package struct TableText {
    /// Text is cut here, in the last column, where a width is set.
    private let width: Int?
    private var rows: [[String]] = []

    package init(width: Int? = nil) { self.width = width }

    /// Adds a row; cells may hold SGR colour sequences.
    package mutating func row(_ cells: [String]) { rows.append(cells) }

    /// The lines, each ended by a newline, without space at their ends.
    package var text: String { lines.map { $0 + "\n" }.joined() }

    package var lines: [String] { rows.map { $0.joined(separator: "  ") } }
}
