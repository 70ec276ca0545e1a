package import OpsCore
package import OrderedCollections

/// An entry of `include`: another recipe, and what it is given (ops-recipe(5), "Includes").
package struct IncludeDeclaration: Sendable {
    /// A file, relative to the folder of the recipe that names it.
    package var from: String
    package var fromRange: SourceRange
    /// Values for its inputs.
    package var with: OrderedDictionary<String, Template>
    /// By the name it has there: a secret of the recipe that includes it.
    package var secrets: OrderedDictionary<String, Template>
    /// The most that it may touch; nil is what the includer may.
    package var permissions: Permissions?
    package var range: SourceRange

    package init(
        from: String, fromRange: SourceRange, with: OrderedDictionary<String, Template> = [:],
        secrets: OrderedDictionary<String, Template> = [:], permissions: Permissions? = nil, range: SourceRange
    ) {
        self.from = from
        self.fromRange = fromRange
        self.with = with
        self.secrets = secrets
        self.permissions = permissions
        self.range = range
    }
}

extension Template {
    /// `NAME` of a template that is `${{ secrets.NAME }}` and nothing else.
    package var wholeSecret: String? {
        guard case .expression(let expression) = content, case .reference(let path) = expression.root.kind,
            path.count == 2, path[0] == "secrets"
        else { return nil }
        return path[1]
    }
}
