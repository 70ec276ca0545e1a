package import OpsCore

/// A parsed expression with the places of its parts (ops-recipe(5), "Expressions").
package struct Expression: Sendable {
    /// As it was written, without the braces.
    package var text: String
    package var range: SourceRange
    package var root: Term

    package init(text: String, range: SourceRange, root: Term) {
        self.text = text
        self.range = range
        self.root = root
    }

    /// One part of an expression and its place.
    package struct Term: Sendable {
        package indirect enum Kind: Sendable {
            case literal(Value)
            /// `needs['common:lint'].outputs.digest`: a name and the constant keys behind it.
            case reference([String])
            /// `base[index]` with an index that is computed, or an index into what is not a reference.
            case index(Term, Term)
            case call(String, [Term])
            case not(Term)
            case negate(Term)
            case binary(Operator, Term, Term)
            /// `[a, b]`
            case list([Term])
        }

        package var kind: Kind
        package var range: SourceRange

        package init(_ kind: Kind, _ range: SourceRange) {
            self.kind = kind
            self.range = range
        }
    }

    package enum Operator: String, Sendable, CaseIterable {
        case or = "||"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case `in` = "in"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case remainder = "%"
    }

    /// Every name in it with its constant keys: `["inputs", "version"]`.
    package var references: [[String]] {
        var found: [[String]] = []
        func visit(_ term: Term) {
            switch term.kind {
            case .literal: break
            case .reference(let path): found.append(path)
            case .index(let base, let index):
                visit(base)
                visit(index)
            case .call(_, let arguments), .list(let arguments): arguments.forEach(visit)
            case .not(let term), .negate(let term): visit(term)
            case .binary(_, let left, let right):
                visit(left)
                visit(right)
            }
        }
        visit(root)
        return found
    }
}

/// Where an expression's names get their values, while planning (with unknowns and named secrets) or running.
package protocol ExpressionScope {
    /// The value of the longest known head of `path` and how many of its keys that took; the rest is member
    /// access on the value. Throws a `DiagnosticsError` for a name that does not exist.
    func value(of path: [String], at range: SourceRange) throws -> (value: Value, used: Int)
    /// `success()`, `failure()` or `always()`; nil where they may not stand here.
    func status(_ function: String) throws -> Value?
}

/// Where an expression's names get their types, for checking without values.
package protocol ExpressionTypes {
    /// The type of the longest known head of `path` and how many keys that took.
    /// Throws a `DiagnosticsError` for a name that does not exist, with the nearest known one.
    func type(of path: [String], at range: SourceRange) throws -> (type: ValueType, used: Int)
    /// True where `success()`, `failure()` and `always()` may stand.
    var allowsStatusFunctions: Bool { get }
}
