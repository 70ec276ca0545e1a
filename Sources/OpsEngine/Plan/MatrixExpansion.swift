import OpsCore
import OpsRecipe
import OrderedCollections

/// Makes the instances of a matrix task.
enum MatrixExpansion {
    /// At most this many, so that a slip of the pen does not plan a million.
    static let limit = 1000

    /// The values of each instance, in order: the last axis changes fastest.
    ///
    /// Throws: a `DiagnosticsError` where a value is not known when planned, an axis is empty or not a list of
    /// scalars or maps, two instances are equal, or there are more than `limit`.
    static func instances(of matrix: Matrix, in scope: Scope) throws -> [ValueMap] {
        let rows: [ValueMap]
        switch matrix.form {
        case .axes(let axes):
            var product: [ValueMap] = [[:]]
            for (name, template) in axes {
                let values = try list(template, name, in: scope)
                guard product.count * values.count <= limit else { throw tooMany(matrix.range) }
                product = product.flatMap { row in
                    values.map { value in
                        var row = row
                        row[name] = value
                        return row
                    }
                }
            }
            rows = product
        case .rows(let template):
            rows = try list(template, "matrix", in: scope).map { value in
                guard let map = value.mapValue, !map.isEmpty else {
                    throw problem("a row of 'matrix' is not a map of names to values", template.range)
                }
                return map
            }
            guard rows.count <= limit else { throw tooMany(matrix.range) }
        }
        var labels: Set<String> = []
        for row in rows where !labels.insert(label(of: row)).inserted {
            throw problem("two instances of the matrix are the same: \(label(of: row))", matrix.range)
        }
        return rows
    }

    /// `arch=amd64,os=linux`; a map or list in compact JSON.
    static func label(of row: ValueMap) -> String {
        row.map { "\($0.key)=\($0.value.scalarText ?? JSONWriter.text($0.value))" }.joined(separator: ",")
    }

    private static func list(_ template: Template, _ name: String, in scope: Scope) throws -> [Value] {
        let value = try template.evaluate(in: scope)
        if let unknown = value.firstUnknown {
            throw problem(
                "'\(name)' must be known when planned, but \(unknown.source) is known only in a run", template.range)
        }
        guard !value.containsSecret else {
            throw problem("a secret cannot be a matrix value", template.range, code: "secret-flow")
        }
        guard let items = value.listValue else {
            throw problem("'\(name)' is not a list but \(value.type)", template.range)
        }
        guard !items.isEmpty else { throw problem("'\(name)' is empty", template.range) }
        return items
    }

    private static func tooMany(_ range: SourceRange) -> DiagnosticsError {
        problem("the matrix has more than \(limit) instances", range)
    }

    private static func problem(_ message: String, _ range: SourceRange, code: String = "matrix") -> DiagnosticsError {
        DiagnosticsError([Diagnostic(code: code, message, at: range)])
    }
}
