package import OpsCore
package import OrderedCollections

/// A value of a recipe that may hold expressions, with its place.
///
/// A scalar that is one whole `${{ }}` keeps the expression's type; mixed text is a string. Results are never
/// scanned again.
package struct Template: Sendable {
    package indirect enum Content: Sendable {
        /// No expression in it (also whole lists and maps without any).
        case literal(Value)
        case expression(Expression)
        case text([Piece])
        case list([Template])
        case map(OrderedDictionary<String, Template>)
    }

    package enum Piece: Sendable {
        case literal(String)
        case expression(Expression)
    }

    package var content: Content
    package var range: SourceRange

    package init(_ content: Content, _ range: SourceRange) {
        self.content = content
        self.range = range
    }
}

extension Template {
    /// True where an expression in it begins with the name, such as `matrix`.
    package func names(_ name: String) -> Bool {
        hasExpressions && expressions.contains { $0.references.contains { $0[0] == name } }
    }
}
