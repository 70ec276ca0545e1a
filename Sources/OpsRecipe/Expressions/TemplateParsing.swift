package import OpsCore
package import OpsYAML
import OrderedCollections

extension Template {
    /// The template that a node holds.
    ///
    /// Throws: all problems of the expressions in it.
    package init(_ node: Node) throws(DiagnosticsError) {
        var diagnostics: [Diagnostic] = []
        self = Self.parse(node, &diagnostics)
        if !diagnostics.isEmpty { throw DiagnosticsError(diagnostics) }
    }

    /// A value that holds no expression, whatever its text.
    package static func literal(_ value: Value, at range: SourceRange) -> Template {
        Template(.literal(value), range)
    }

    /// Every expression in it, in reading order.
    package var expressions: [Expression] {
        switch content {
        case .literal: []
        case .expression(let expression): [expression]
        case .text(let pieces):
            pieces.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
        case .list(let items): items.flatMap(\.expressions)
        case .map(let map): map.values.flatMap(\.expressions)
        }
    }

    /// False where its value is the same in every scope.
    package var hasExpressions: Bool {
        switch content {
        case .literal: false
        case .expression, .text: true
        case .list(let items): items.contains(where: \.hasExpressions)
        case .map(let map): map.values.contains(where: \.hasExpressions)
        }
    }

    private var literalValue: Value? { if case .literal(let value) = content { value } else { nil } }

    private static func parse(_ node: Node, _ diagnostics: inout [Diagnostic]) -> Template {
        switch node.content {
        case .scalar(let scalar): return parse(scalar, node.range, &diagnostics)
        case .sequence(let nodes):
            let items = nodes.map { parse($0, &diagnostics) }
            let literals = items.compactMap(\.literalValue)
            return Template(literals.count == items.count ? .literal(.list(literals)) : .list(items), node.range)
        case .mapping(let entries):
            var items = OrderedDictionary<String, Template>(minimumCapacity: entries.count)
            for entry in entries { items[entry.key] = parse(entry.value, &diagnostics) }
            let literals = items.compactMapValues(\.literalValue)
            return Template(literals.count == items.count ? .literal(.map(literals)) : .map(items), node.range)
        }
    }

    private static func parse(_ scalar: Node.Scalar, _ range: SourceRange, _ diagnostics: inout [Diagnostic])
        -> Template
    {
        guard TemplateText.mayHoldExpression(scalar.text) else { return Template(.literal(scalar.value), range) }
        let pieces = TemplateText.pieces(scalar, range, &diagnostics)
        if pieces.count == 1, case .expression(let expression) = pieces[0] {
            return Template(.expression(expression), range)
        }
        var text = ""
        for piece in pieces {
            guard case .literal(let literal) = piece else { return Template(.text(pieces), range) }
            text += literal
        }
        return Template(.literal(.string(text)), range)
    }
}

/// Cuts a text at `${{ … }}`; `$${{` is a literal `${{`.
enum TemplateText {
    static func mayHoldExpression(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= 3 else { return false }
            for index in 0..<bytes.count - 2
            where bytes[index] == UInt8(ascii: "$") && bytes[index + 1] == UInt8(ascii: "{")
                && bytes[index + 2] == UInt8(ascii: "{")
            {
                return true
            }
            return false
        }
    }

    /// The offset of the first `${{` that is no literal `$${{`, in code points; nil where there is none.
    static func firstExpression(_ text: String) -> Int? {
        guard mayHoldExpression(text) else { return nil }
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count {
            if opens(scalars, at: index + 1), scalars[index] == "$" { index += 4; continue }
            if opens(scalars, at: index) { return index }
            index += 1
        }
        return nil
    }

    private static func opens(_ scalars: [Unicode.Scalar], at index: Int) -> Bool {
        index + 2 < scalars.count && scalars[index] == "$" && scalars[index + 1] == "{" && scalars[index + 2] == "{"
    }

    /// The offset of the `}}` that ends an expression; texts in it may hold braces.
    private static func close(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var isInText = false
        var index = start
        while index < scalars.count {
            if scalars[index] == "'" { isInText.toggle() }
            if !isInText, scalars[index] == "}", index + 1 < scalars.count, scalars[index + 1] == "}" { return index }
            index += 1
        }
        return nil
    }

    static func pieces(_ scalar: Node.Scalar, _ range: SourceRange, _ diagnostics: inout [Diagnostic]) -> [Template
        .Piece]
    {
        let scalars = Array(scalar.text.unicodeScalars)
        let positions = TextPositions(scalar, at: range)
        var pieces: [Template.Piece] = []
        var literal = String.UnicodeScalarView()
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(String(literal))) }
            literal = String.UnicodeScalarView()
        }
        var index = 0
        while index < scalars.count {
            if scalars[index] == "$", opens(scalars, at: index + 1) {
                literal.append(contentsOf: "${{".unicodeScalars)
                index += 4
                continue
            }
            guard opens(scalars, at: index) else {
                literal.append(scalars[index])
                index += 1
                continue
            }
            guard let end = close(scalars, from: index + 3) else {
                diagnostics.append(
                    Diagnostic(
                        code: "unclosed-expression", "'${{' is never closed by '}}'",
                        hint: "write '$${{' for a literal '${{'", at: positions.range(index..<index + 3)))
                break
            }
            flush()
            do throws(DiagnosticsError) {
                let text = Array(scalars[(index + 3)..<end])
                pieces.append(.expression(try Expression.parse(text, offset: index + 3, positions)))
            } catch { diagnostics += error.diagnostics }
            index = end + 2
        }
        flush()
        return pieces
    }
}
