package import OpsCore
package import OpsYAML

extension Template {
    /// The condition that an `if` holds: a bare expression, one whole `${{ }}`, or a YAML boolean.
    ///
    /// Throws: what is wrong with it, with the quoted rewrite where YAML's own syntax cut the expression.
    package static func condition(_ node: Node) throws(DiagnosticsError) -> Condition {
        guard case .scalar(let scalar) = node.content else {
            throw failure("'if' takes an expression, not a \(node.isSequence ? "list" : "map")", at: node.range)
        }
        guard !scalar.text.isEmpty else { throw failure("the condition is empty", at: node.range) }
        let positions = TextPositions(scalar, at: node.range)
        let scalars = Array(scalar.text.unicodeScalars)
        if TemplateText.mayHoldExpression(scalar.text) {
            var diagnostics: [Diagnostic] = []
            let pieces = TemplateText.pieces(scalar, node.range, &diagnostics)
            if !diagnostics.isEmpty { throw DiagnosticsError(diagnostics) }
            if pieces.count == 1, case .expression(let expression) = pieces[0] {
                return Condition(expression: expression)
            }
            let bare = pieces.map { piece in
                switch piece {
                case .literal(let text): text
                case .expression(let expression): expression.text
                }
            }.joined()
            throw failure(
                "an 'if' is one expression: '${{ }}' and text cannot be mixed", hint: "write if: \(quoted(bare))",
                at: node.range)
        }
        do throws(DiagnosticsError) {
            return Condition(expression: try Expression.parse(scalars, offset: 0, positions))
        } catch {
            if let rewrite = rewrite(scalar, node.range) {
                throw failure(
                    "YAML ends the condition here, inside a bracket", hint: "write if: \(rewrite)", at: node.range)
            }
            throw error
        }
    }

    private static func failure(_ message: String, hint: String? = nil, at range: SourceRange) -> DiagnosticsError {
        DiagnosticsError([Diagnostic(code: "condition", message, hint: hint, at: range)])
    }

    private static func quoted(_ text: String) -> String {
        text.contains("\"")
            ? "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
            : "\"\(text)\""
    }

    /// `{ if: f(a, b) }` ends the plain text at the comma: the whole of it, quoted.
    private static func rewrite(_ scalar: Node.Scalar, _ range: SourceRange) -> String? {
        guard scalar.style == .plain, let line = scalar.source?.text.line(range.end.line) else { return nil }
        var open = 0
        for character in scalar.text { open += "([".contains(character) ? 1 : ")]".contains(character) ? -1 : 0 }
        let rest = line.unicodeScalars.dropFirst(range.end.column - 1)
        guard open > 0, let next = rest.first, ",[]{}".unicodeScalars.contains(next) else { return nil }
        var view = String.UnicodeScalarView()
        for one in rest {
            if open == 0, one == "," || one == "}" || one == "]" { break }
            view.append(one)
            open += "([".unicodeScalars.contains(one) ? 1 : ")]".unicodeScalars.contains(one) ? -1 : 0
        }
        return quoted(TextSearch.trimmed(scalar.text + String(view)))
    }
}

extension Node {
    fileprivate var isSequence: Bool { if case .sequence = content { true } else { false } }
}

extension Condition {
    /// A boolean or an unknown one.
    ///
    /// Throws: a `DiagnosticsError`; one with the code `secret-in-condition` where the value derives from a
    /// secret, for whether something runs is public.
    package func evaluate(in scope: some ExpressionScope) throws -> Value {
        let value = try expression.evaluate(in: scope)
        if !Taint.names(of: [value]).isEmpty { throw DiagnosticsError([secretProblem]) }
        try Logic.check(value, at: expression.range)
        return value
    }

    /// What is wrong with it whatever the values are.
    package func check(with types: some ExpressionTypes) -> [Diagnostic] {
        let (type, diagnostics) = expression.check(with: types)
        guard diagnostics.isEmpty else { return diagnostics }
        if type.isSecret { return [secretProblem] }
        if type.withoutNull.mayBe(.boolean) { return [] }
        return [
            Diagnostic(
                code: "expression-type", "a condition is a boolean, not a value of type \(type)",
                hint: "compare it, as in x == 'text' or x != null", at: expression.range)
        ]
    }

    private var secretProblem: Diagnostic {
        Diagnostic(
            code: "secret-in-condition", "a condition cannot depend on a secret's value",
            hint: "only '== null' and '!= null' ask about a secret", at: expression.range)
    }
}
