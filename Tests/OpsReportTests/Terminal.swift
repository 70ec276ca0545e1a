@testable import OpsReport

/// A terminal as far as the reporters use one: text, newline, carriage return, cursor up, erase below, wrapping, colours.
struct Terminal {
    private(set) var rows: [[Character]] = [[]]
    private(set) var row = 0
    private(set) var column = 0
    /// Escape sequences that are none of those.
    private(set) var unknown: [String] = []
    /// True where a full line goes on in the next.
    private(set) var wraps = true
    let width: Int
    /// The cell behind a wide character.
    private static let secondHalf: Character = "\0"

    init(width: Int) { self.width = width }

    /// What stands on the screen and above it, without space at the ends of lines.
    var text: String {
        rows.map { row in
            var line = String(row.filter { $0 != Self.secondHalf })
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    mutating func feed(_ text: String) {
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "\n", "\r\n":
                row += 1
                column = 0
                if row == rows.count { rows.append([]) }
            case "\r": column = 0
            case "\u{1B}":
                let end = rest.dropFirst().firstIndex { $0.isLetter } ?? rest.startIndex
                escape(String(rest[...end]))
                rest = rest[rest.index(after: end)...]
            default: put(character)
            }
        }
    }

    private mutating func put(_ character: Character) {
        let columns = DisplayWidth.of(character)
        if column + columns > width {
            guard wraps else { return }
            row += 1
            column = 0
            if row == rows.count { rows.append([]) }
        }
        while rows[row].count < column { rows[row].append(" ") }
        let cells = columns == 2 ? [character, Self.secondHalf] : [character]
        rows[row].replaceSubrange(column..<min(column + columns, rows[row].count), with: cells)
        column += columns
    }

    private mutating func escape(_ sequence: String) {
        if sequence.last == "m" { return }
        if sequence == "[?7l" || sequence == "[?7h" {
            wraps = sequence.last == "h"
            return
        }
        if sequence == "[J" {
            rows[row] = Array(rows[row].prefix(column))
            rows.removeLast(rows.count - row - 1)
        } else if sequence.last == "A", let count = Int(sequence.dropFirst().dropLast()) {
            row = max(0, row - count)
        } else {
            unknown.append(sequence)
        }
    }
}
