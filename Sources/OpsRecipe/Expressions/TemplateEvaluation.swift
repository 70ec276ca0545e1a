package import OpsCore
import OrderedCollections

extension Template {
    /// Its value in a scope: an expression's own, a text of all pieces, or the list or map of the parts' values.
    ///
    /// Throws: a `DiagnosticsError` with the place of the part that failed.
    package func evaluate(in scope: some ExpressionScope) throws -> Value {
        switch content {
        case .literal(let value): return value
        case .expression(let expression): return try expression.evaluate(in: scope)
        case .text(let pieces): return try Self.text(pieces, in: scope)
        case .list(let items): return .list(try items.map { try $0.evaluate(in: scope) })
        case .map(let map): return .map(try map.mapValues { try $0.evaluate(in: scope) })
        }
    }

    private static func text(_ pieces: [Piece], in scope: some ExpressionScope) throws -> Value {
        var values: [Value] = []
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .expression(let expression):
                let value = try expression.evaluate(in: scope)
                values.append(value)
                guard let part = try part(value, expression.range) else { continue }
                text += part
            }
        }
        let names = Taint.names(of: values)
        if let unknown = values.lazy.compactMap(\.firstUnknown).first {
            return names.isEmpty
                ? .unknown(Unknown(unknown.source, type: .string)) : .secret(Secret(planned: names))
        }
        if names.isEmpty { return .string(text) }
        guard values.allSatisfy({ Taint.revealed($0) != nil }) else { return .secret(Secret(planned: names)) }
        return .secret(Secret(names: names, bytes: Array(text.utf8)))
    }

    /// The text of one expression's value; nil where it is not known.
    private static func part(_ value: Value, _ range: SourceRange) throws(DiagnosticsError) -> String? {
        switch value {
        case .unknown: return nil
        case .secret(let secret): return secret.revealText()
        default: break
        }
        do throws(ExpressionFailure) { return try ExpressionFunction.piece(value) } catch {
            throw DiagnosticsError([
                Diagnostic(code: "expression-value", error.message, hint: error.hint, at: range)
            ])
        }
    }

    /// Its type and what is wrong with it whatever the values are; with `expecting`, also where that type is
    /// not what is asked for. A secret may stand for a text here: where it may flow is the planner's to say.
    package func check(
        with types: some ExpressionTypes, expecting expected: ValueType? = nil
    ) -> (type: ValueType, diagnostics: [Diagnostic]) {
        var (type, diagnostics) = contentCheck(types)
        if let expected, diagnostics.isEmpty, !type.mayBe(expected),
            !(type.isSecret && ValueType.string.mayBe(expected))
        {
            diagnostics.append(
                Diagnostic(
                    code: "expression-type", "expected a value of type \(expected), not \(type)",
                    hint: type.withoutNull == .null || type == .optional(expected) ? "use default(value, …)" : nil,
                    at: range))
        }
        return (type, diagnostics)
    }

    private func contentCheck(_ types: some ExpressionTypes) -> (type: ValueType, diagnostics: [Diagnostic]) {
        switch content {
        case .literal(let value): return (value.type, [])
        case .expression(let expression): return expression.check(with: types)
        case .text(let pieces):
            var result = ValueType.string
            var diagnostics: [Diagnostic] = []
            for case .expression(let expression) in pieces {
                let (type, found) = expression.check(with: types)
                diagnostics += found
                if type.isSecret { result = .secret }
                if let hint = type.hintAsText {
                    diagnostics.append(
                        Diagnostic(
                            code: "expression-type", "a value of type \(type) cannot be part of a text", hint: hint,
                            at: expression.range))
                }
            }
            return (result, diagnostics)
        case .list(let items):
            let found = items.map { $0.check(with: types) }
            let first = found.first?.type ?? .any
            let element = found.allSatisfy { $0.type == first } ? first : .any
            return (.list(element), found.flatMap(\.diagnostics))
        case .map(let map): return (.map, map.values.flatMap { $0.check(with: types).diagnostics })
        }
    }
}
