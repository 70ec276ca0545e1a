package import OpsCore
package import OpsYAML

extension Expression {
    package static func parse(_ text: String, at range: SourceRange) throws(DiagnosticsError) -> Expression {
        throw DiagnosticsError([])
    }
    package func evaluate(in scope: some ExpressionScope) throws -> Value { .null }
    package func check(with types: some ExpressionTypes) -> (type: ValueType, diagnostics: [Diagnostic]) {
        (.any, [])
    }
}
extension Template {
    package init(_ node: Node) throws(DiagnosticsError) { self.init(.literal(.null), node.range) }
    package static func literal(_ value: Value, at range: SourceRange) -> Template {
        Template(.literal(value), range)
    }
    package var expressions: [Expression] { [] }
    package var hasExpressions: Bool { !expressions.isEmpty }
    package func evaluate(in scope: some ExpressionScope) throws -> Value { .null }
    package func check(
        with types: some ExpressionTypes, expecting expected: ValueType? = nil
    ) -> (type: ValueType, diagnostics: [Diagnostic]) { (.any, []) }
    package static func condition(_ node: Node) throws(DiagnosticsError) -> Condition {
        throw DiagnosticsError([])
    }
}
