import OpsCore
import OpsYAML

extension RecipeReader {
    /// The place of the expression at an offset (in UTF-8) of a script's text.
    ///
    /// Whatever a scalar's style is, its expressions stand in the source in the same order as in its text.
    func placeInScript(_ node: Node, offset: Int, length: Int) -> SourceRange {
        guard let source, let text = node.scalar?.text else { return node.range }
        var number = 0
        var start = 0
        while let found = expressionOffset(in: text, from: start), found < offset {
            number += 1
            start = found + 3
        }
        for line in node.range.start.line...max(node.range.start.line, node.range.end.line) {
            guard let content = source.line(line) else { break }
            var start = 0
            if line == node.range.start.line {
                start = String(content.unicodeScalars.prefix(node.range.start.column - 1)).utf8.count
            }
            while let found = expressionOffset(in: content, from: start) {
                if number == 0 { return range(line, content, found, length) }
                number -= 1
                start = found + 3
            }
        }
        return node.range
    }

    private func range(_ line: Int, _ content: String, _ offset: Int, _ length: Int) -> SourceRange {
        let bytes = Array(content.utf8)
        func column(_ end: Int) -> Int { String(decoding: bytes[..<end], as: UTF8.self).unicodeScalars.count + 1 }
        let end = min(offset + length, bytes.count)
        return SourceRange(
            file: file, start: SourcePosition(line: line, column: column(offset)),
            end: SourcePosition(line: line, column: column(end)))
    }
}
