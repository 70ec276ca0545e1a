package import OpsCore

/// Where each code point of a scalar's text stands in its file, for places inside quoted, folded and block
/// texts.
package struct TextPositions: Sendable {
    private let file: String
    private let start: SourcePosition
    /// One for each code point and one for the end; nil where the text stands as it is on one line.
    private let positions: [SourcePosition]?

    /// Of a text that stands at `range` as it is; a line feed in it starts the next line at column 1.
    package init(_ text: String, at range: SourceRange) {
        file = range.file
        start = range.start
        guard text.utf8.contains(0x0A) else {
            positions = nil
            return
        }
        var place = range.start
        var all = [place]
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                place = SourcePosition(line: place.line + 1, column: 1)
            } else {
                place.column += 1
            }
            all.append(place)
        }
        positions = all
    }

    /// Of a scalar node's text.
    package init(_ scalar: Node.Scalar, at range: SourceRange) {
        let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
        let count = scalar.text.unicodeScalars.count
        let width = range.end.column - range.start.column - (isQuoted ? 2 : 0)
        guard range.start.line != range.end.line || width != count, let source = scalar.source else {
            self.init(isQuoted ? "" : scalar.text, at: isQuoted ? range.part(offset: 1, count: 1) : range)
            return
        }
        self.init(
            file: range.file, start: range.start,
            positions: TextAlignment(scalar, range, source.text).positions)
    }

    private init(file: String, start: SourcePosition, positions: [SourcePosition]) {
        self.file = file
        self.start = start
        self.positions = positions
    }

    /// The place of some code points of the text, counted from 0.
    package func range(_ offsets: Range<Int>) -> SourceRange {
        let first = position(offsets.lowerBound)
        var last = position(max(offsets.lowerBound, offsets.upperBound - 1))
        last.column += 1
        return SourceRange(file: file, start: first, end: last)
    }

    private func position(_ offset: Int) -> SourcePosition {
        guard let positions else { return SourcePosition(line: start.line, column: start.column + offset) }
        return positions[min(offset, positions.count - 1)]
    }
}

/// Walks a scalar's text and its source side by side.
///
/// Only what YAML rewrites differs between them: escapes, doubled quotes, and runs of white space with line
/// ends, which are matched as a whole.
private struct TextAlignment {
    private(set) var positions: [SourcePosition] = []
    private let text: [Unicode.Scalar]
    private let style: Node.Scalar.Style
    private var line: [Unicode.Scalar]
    private var place: SourcePosition
    private let end: SourcePosition
    private let source: SourceText

    init(_ scalar: Node.Scalar, _ range: SourceRange, _ source: SourceText) {
        text = Array(scalar.text.unicodeScalars)
        style = scalar.style
        place = range.start
        end = range.end
        self.source = source
        line = Array((source.line(place.line) ?? "").unicodeScalars)
        positions.reserveCapacity(text.count + 1)
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: place.column += 1
        case .literal, .folded: nextLine()
        }
        walk()
    }

    private var current: Unicode.Scalar? { place.column <= line.count ? line[place.column - 1] : nil }
    private var isAtEnd: Bool { place >= end }

    private mutating func nextLine() {
        place = SourcePosition(line: place.line + 1, column: 1)
        line = Array((source.line(place.line) ?? "").unicodeScalars)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\t", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    private mutating func walk() {
        var index = 0
        while index < text.count {
            skipSourceBreaks(&index)
            guard index < text.count else { break }
            positions.append(place)
            index += 1
            switch (style, current) {
            case (.doubleQuoted, "\\"): place.column += escapeLength
            case (.singleQuoted, "'"): place.column += 2
            default: place.column += 1
            }
        }
        positions.append(place)
    }

    /// Where the rest of the source line is white space, the line end and the text's own run of white space
    /// belong together.
    private mutating func skipSourceBreaks(_ index: inout Int) {
        while !isAtEnd {
            if style == .doubleQuoted, current == "\\", place.column == line.count {
                nextLine()
                while current == " " || current == "\t" { place.column += 1 }
                continue
            }
            let rest = line.dropFirst(place.column - 1)
            guard rest.allSatisfy({ $0 == " " || $0 == "\t" }), place.line < end.line else { break }
            let run = place
            repeat {
                nextLine()
            } while place.line < end.line
                && line.allSatisfy({ $0 == " " || $0 == "\t" })
            while current == " " || current == "\t" { place.column += 1 }
            while index < text.count, Self.isSpace(text[index]) {
                positions.append(run)
                index += 1
            }
        }
        // The first line of a block text is indented.
        if style == .literal || style == .folded, index == 0 {
            while current == " ", index < text.count, text[index] != " " { place.column += 1 }
        }
    }

    private var escapeLength: Int {
        switch place.column < line.count ? line[place.column] : " " {
        case "x": 4
        case "u": 6
        case "U": 10
        default: 2
        }
    }
}
