package import OpsCore
import OpsYAML

extension Expression {
    /// Code points an expression may have.
    package static let lengthLimit = 4096
    /// Words and signs an expression may have, which bounds how deep its parts nest.
    static let tokenLimit = 1000
    /// Brackets inside one another.
    package static let depthLimit = 48

    /// An expression without its braces; `range` is where the text starts.
    ///
    /// Throws: one diagnostic (`expression-syntax`, `unknown-function`, `wrong-arguments`).
    package static func parse(_ text: String, at range: SourceRange) throws(DiagnosticsError) -> Expression {
        let positions = TextPositions(text, at: range)
        return try parse(Array(text.unicodeScalars), offset: 0, positions)
    }

    /// `scalars` stand `offset` code points into the text that `positions` belongs to.
    static func parse(
        _ scalars: [Unicode.Scalar], offset: Int, _ positions: TextPositions
    ) throws(DiagnosticsError) -> Expression {
        let place = { (range: Range<Int>) in
            positions.range(range.lowerBound + offset..<range.upperBound + offset)
        }
        let leading = scalars.prefix { $0.properties.isWhitespace }.count
        let trailing = scalars.reversed().prefix { $0.properties.isWhitespace }.count
        let bounds = leading..<max(leading, scalars.count - trailing)
        do throws(ExpressionProblem) {
            guard scalars.count <= lengthLimit else {
                throw ExpressionProblem(
                    "an expression may have \(lengthLimit) characters at most", at: bounds)
            }
            guard !bounds.isEmpty else { throw ExpressionProblem("an expression is missing here", at: 0..<1) }
            var parser = ExpressionParser(tokens: try ExpressionLexer.tokens(scalars), place: place)
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[bounds])
            return Expression(text: String(view), range: place(bounds), root: try parser.whole().term)
        } catch {
            throw DiagnosticsError([
                Diagnostic(code: error.code, error.message, hint: error.hint, at: place(error.range))
            ])
        }
    }
}

/// Precedence climbing over tokens: `||`, `&&`, `not`, comparisons and `in`, `+ -`, `* / %`, minus sign,
/// members and indices.
struct ExpressionParser {
    typealias Term = Expression.Term
    typealias Part = (term: Term, range: Range<Int>)

    private let tokens: [ExpressionToken]
    private let place: (Range<Int>) -> SourceRange
    private var index = 0
    private var depth = 0

    init(tokens: [ExpressionToken], place: @escaping (Range<Int>) -> SourceRange) {
        self.tokens = tokens
        self.place = place
    }

    private var token: ExpressionToken { tokens[min(index, tokens.count - 1)] }

    private mutating func take(_ sign: String) -> Bool {
        guard token.kind == .sign(sign) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ sign: String, for opening: Range<Int>) throws(ExpressionProblem) -> Range<Int> {
        let range = token.range
        guard take(sign) else {
            if token.kind == .end {
                throw ExpressionProblem("'\(sign)' is missing for the bracket that opens here", at: opening)
            }
            throw ExpressionProblem("expected '\(sign)' or an operator before \(token.text)", at: range)
        }
        return range
    }

    private func part(_ kind: Term.Kind, _ range: Range<Int>) -> Part { (Term(kind, place(range)), range) }

    /// All tokens as one expression.
    mutating func whole() throws(ExpressionProblem) -> Part {
        let result = try expression()
        guard token.kind == .end else { throw unexpected() }
        return result
    }

    private func unexpected() -> ExpressionProblem {
        var hint: String?
        switch token.kind {
        case .name("and"), .name("AND"): hint = "write '&&'"
        case .name("or"), .name("OR"): hint = "write '||'"
        case .name("is"), .name("eq"): hint = "write '=='"
        case .sign(")"): hint = "no bracket is open here"
        case .sign("["), .sign("."): hint = nil
        default: hint = "an operator is missing before it"
        }
        return ExpressionProblem("unexpected \(token.text)", hint: hint, at: token.range)
    }

    private static let precedence: [String: Int] = [
        "||": 1, "&&": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "+": 5, "-": 5, "*": 6,
        "/": 6, "%": 6,
    ]

    private var binaryOperator: (Expression.Operator, Int)? {
        let text: String
        switch token.kind {
        case .sign(let sign): text = sign
        case .name("in"): text = "in"
        default: return nil
        }
        guard let level = Self.precedence[text], let found = Expression.Operator(rawValue: text) else {
            return nil
        }
        return (found, level)
    }

    private mutating func expression(_ lowest: Int = 1) throws(ExpressionProblem) -> Part {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Expression.depthLimit else {
            throw ExpressionProblem(
                "more than \(Expression.depthLimit) levels of nesting", at: token.range)
        }
        var left = try unary(lowest)
        while let (found, level) = binaryOperator, level >= lowest {
            index += 1
            let right = try expression(level + 1)
            left = part(
                .binary(found, left.term, right.term), left.range.lowerBound..<right.range.upperBound)
            if level == 4, binaryOperator?.1 == 4 {
                throw ExpressionProblem(
                    "comparisons cannot be chained",
                    hint: "join two of them with '&&'",
                    at: token.range)
            }
        }
        return left
    }

    private mutating func unary(_ lowest: Int) throws(ExpressionProblem) -> Part {
        let start = token
        switch start.kind {
        case .name("not"):
            index += 1
            let operand = try expression(3)
            return part(.not(operand.term), start.range.lowerBound..<operand.range.upperBound)
        case .sign("-"):
            index += 1
            let operand = try expression(7)
            let range = start.range.lowerBound..<operand.range.upperBound
            if case .literal(let value) = operand.term.kind, let negated = Self.negated(value) {
                return part(.literal(negated), range)
            }
            return part(.negate(operand.term), range)
        default: return try postfix()
        }
    }

    private static func negated(_ value: Value) -> Value? {
        switch value {
        case .integer(let number, let spelling): .integer(-number, spelling: spelling.map { "-" + $0 })
        case .number(let number, let spelling): .number(-number, spelling: spelling.map { "-" + $0 })
        default: nil
        }
    }

    private mutating func postfix() throws(ExpressionProblem) -> Part {
        var base = try primary()
        var height = 0
        while true {
            let opening = token.range
            height += 1
            guard height <= Expression.depthLimit else {
                throw ExpressionProblem("more than \(Expression.depthLimit) levels of nesting", at: opening)
            }
            if take(".") {
                guard case .name(let key) = token.kind else {
                    throw ExpressionProblem("a name is missing behind '.'", at: token.range)
                }
                let last = token.range
                index += 1
                base = member(base, .string(key), at: last, upTo: last.upperBound)
            } else if take("[") {
                let key = try expression()
                let end = try expect("]", for: opening).upperBound
                if case .literal(let value) = key.term.kind {
                    base = member(base, value, at: key.range, upTo: end)
                } else {
                    base = part(.index(base.term, key.term), base.range.lowerBound..<end)
                }
            } else {
                return base
            }
        }
    }

    /// A constant text key joins the reference it stands behind.
    private func member(_ base: Part, _ key: Value, at keyRange: Range<Int>, upTo end: Int) -> Part {
        let range = base.range.lowerBound..<end
        if case .reference(let path) = base.term.kind, case .string(let name) = key {
            return part(.reference(path + [name]), range)
        }
        return part(.index(base.term, Term(.literal(key), place(keyRange))), range)
    }

    private mutating func primary() throws(ExpressionProblem) -> Part {
        let start = token
        index += 1
        switch start.kind {
        case .string(let text): return part(.literal(.string(text)), start.range)
        case .number(let text):
            if let number = Int(text) { return part(.literal(.integer(number, spelling: text)), start.range) }
            guard text.contains(where: { !$0.isNumber }), let number = Double(text), number.isFinite else {
                throw ExpressionProblem("the number \(text) is too large", at: start.range)
            }
            return part(.literal(.number(number, spelling: text)), start.range)
        case .name("true"): return part(.literal(.boolean(true)), start.range)
        case .name("false"): return part(.literal(.boolean(false)), start.range)
        case .name("null"): return part(.literal(.null), start.range)
        case .name("in"), .name("not"), .name("and"), .name("or"):
            index -= 1
            throw ExpressionProblem("a value is missing before \(start.text)", at: start.range)
        case .name(let name):
            return token.kind == .sign("(") ? try call(name, start) : part(.reference([name]), start.range)
        case .sign("("):
            let inner = try expression()
            let end = try expect(")", for: start.range).upperBound
            let range = start.range.lowerBound..<end
            // Parentheses keep `(a.b).c` from joining into one reference: `a.b` is evaluated either way.
            return (Term(inner.term.kind, place(range)), range)
        case .sign("["):
            let items = try list(until: "]", opening: start.range)
            return part(.list(items.terms), start.range.lowerBound..<items.end)
        case .end: throw ExpressionProblem("a value is missing here", at: start.range)
        case .sign:
            index -= 1
            throw ExpressionProblem("a value is missing before \(start.text)", at: start.range)
        }
    }

    private mutating func list(until close: String, opening: Range<Int>) throws(ExpressionProblem)
        -> (terms: [Term], end: Int)
    {
        var terms: [Term] = []
        let end = token.range.upperBound
        if take(close) { return (terms, end) }
        while true {
            terms.append(try expression().term)
            if take(",") { continue }
            return (terms, try expect(close, for: opening).upperBound)
        }
    }

    private mutating func call(_ name: String, _ start: ExpressionToken) throws(ExpressionProblem) -> Part {
        let opening = token.range
        index += 1
        let arguments = try list(until: ")", opening: opening)
        let range = start.range.lowerBound..<arguments.end
        guard let function = ExpressionFunction.named(name) else {
            let near = nearestName(to: name, among: ExpressionFunction.all.map(\.name))
            var problem = ExpressionProblem(
                "unknown function '\(name)'", hint: near.map { "did you mean '\($0)'?" }, at: start.range)
            problem.code = "unknown-function"
            throw problem
        }
        if let message = function.countProblem(arguments.terms.count) {
            var problem = ExpressionProblem(message, hint: function.signature, at: range)
            problem.code = "wrong-arguments"
            throw problem
        }
        return part(.call(name, arguments.terms), range)
    }
}
