import OrderedCollections

/// Prints diagnostics with the line they speak of, as compilers do.
///
///     ops.yaml:14:7: error: unknown key 'need' in task 'bundle'
///        14 |       need: [ test ]
///           |       ^~~~ did you mean 'needs'?
public struct DiagnosticRenderer {
    private let sources: [String: SourceText]
    private let hasColor: Bool
    /// Columns of a source line that are shown at most; the rest is cut around the caret.
    private let width: Int

    public init(sources: [SourceText], color: Bool = false, width: Int = 120) {
        self.sources = Dictionary(sources.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
        hasColor = color
        self.width = max(width, 20)
    }

    /// All of them, each ending with a line feed.
    public func text(_ diagnostics: [Diagnostic]) -> String {
        var hidden: Set<SourceLine> = []
        for diagnostic in diagnostics where diagnostic.hidesSource {
            guard let range = diagnostic.range else { continue }
            let lines = range.start.line...max(range.start.line, range.end.line)
            for line in lines { hidden.insert(SourceLine(file: range.file, number: line)) }
        }
        return diagnostics.map { diagnostic in
            let line = diagnostic.range.map { SourceLine(file: $0.file, number: $0.start.line) }
            return text(diagnostic, showsSource: line.map { !hidden.contains($0) } ?? true)
        }.joined()
    }

    /// One diagnostic, one to three lines, each ending with a line feed.
    public func text(_ diagnostic: Diagnostic) -> String { text([diagnostic]) }

    private struct SourceLine: Hashable {
        var file: String
        var number: Int
    }

    private func text(_ diagnostic: Diagnostic, showsSource: Bool) -> String {
        let severity = painted(diagnostic.severity.rawValue + ":", diagnostic.severity == .error ? "31;1" : "33;1")
        let message = Self.visible(diagnostic.message)
        guard let range = diagnostic.range else {
            // Without a place the program's name says who speaks, as in a log.
            return "ops: \(severity) \(message)\n" + (diagnostic.hint.map { "     \(Self.visible($0))\n" } ?? "")
        }
        var text = painted("\(Self.visible(range.description)):", "1") + " \(severity) \(message)\n"
        guard showsSource, let line = sources[range.file]?.line(range.start.line) else {
            return text + (diagnostic.hint.map { "      | \(Self.visible($0))\n" } ?? "")
        }
        let number = String(range.start.line)
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
        let empty = String(repeating: " ", count: gutter.count)
        let snippet = snippet(line, range)
        text += "\(gutter) | \(snippet.line)\n"
        let hint = diagnostic.hint.map { " " + Self.visible($0) } ?? ""
        text += "\(empty) | \(snippet.indentation)\(painted(snippet.caret, "32;1"))\(hint)\n"
        return text
    }

    private func painted(_ text: String, _ code: String) -> String {
        hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// The part of the line to show, the spaces before the caret, and the caret with its tildes.
    private func snippet(_ line: String, _ range: SourceRange) -> (line: String, indentation: String, caret: String) {
        var cells: [(text: String, width: Int)] = []
        var column = 0
        for scalar in line.unicodeScalars {
            let cell = Self.cell(scalar, column: column)
            cells.append(cell)
            column += cell.width
        }
        let start = min(max(range.start.column - 1, 0), cells.count)
        let isOneLine = range.end.line == range.start.line
        var last = cells.count
        while last > start, cells[last - 1].text.allSatisfy({ $0 == " " }) { last -= 1 }
        let end = isOneLine ? min(max(range.end.column - 1, start), cells.count) : max(last, start)
        var from = 0
        var to = cells.count
        if column > width {
            // The caret stays in the first third.
            while from < start, cells[from..<start].reduce(0, { $0 + $1.width }) > width / 3 { from += 1 }
            var shown = 0
            to = from
            while to < cells.count, shown + cells[to].width <= width - 2 {
                shown += cells[to].width
                to += 1
            }
        }
        let before = from > 0 ? "…" : ""
        let after = to < cells.count ? "…" : ""
        let indentation = before.count + cells[from..<min(start, to)].reduce(0) { $0 + $1.width }
        let length = start < min(end, to) ? cells[start..<min(end, to)].reduce(0) { $0 + $1.width } : 1
        return (
            before + cells[from..<to].map(\.text).joined() + after, String(repeating: " ", count: indentation),
            "^" + String(repeating: "~", count: max(0, length - 1))
        )
    }

    /// What stands on the screen for one scalar, and how many columns it takes.
    private static func cell(_ scalar: Unicode.Scalar, column: Int) -> (text: String, width: Int) {
        if scalar == "\t" {
            let count = 4 - column % 4
            return (String(repeating: " ", count: count), count)
        }
        if isUnsafe(scalar) { return ("\u{FFFD}", 1) }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return (String(scalar), 0)
        default: break
        }
        if scalar.value == 0x200D || (0xFE00...0xFE0F).contains(scalar.value) { return (String(scalar), 0) }
        return (String(scalar), isWide(scalar) ? 2 : 1)
    }

    /// Controls, which could move the cursor or reorder the text (CVE-2021-42574).
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }

    /// East Asian wide and emoji (Unicode TR 11, simplified to blocks).
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }

    /// A message made harmless for a terminal.
    private static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar) }
        return String(result)
    }
}

extension Diagnostic {
    /// The same as data: `severity code message hint file line column end-line end-column`.
    public var json: Value {
        var map: ValueMap = [
            "severity": .string(severity.rawValue), "code": .string(code), "message": .string(message),
        ]
        if let hint { map["hint"] = .string(hint) }
        if let range {
            map["file"] = .string(range.file)
            map["line"] = .integer(range.start.line)
            map["column"] = .integer(range.start.column)
            map["end-line"] = .integer(range.end.line)
            map["end-column"] = .integer(range.end.column)
        }
        return .map(map)
    }
}
