import OpsCore

/// One word or sign of an expression; offsets count code points from the expression's start.
struct ExpressionToken {
    enum Kind: Equatable {
        case name(String)
        case string(String)
        case number(String)
        /// An operator, bracket, comma or dot.
        case sign(String)
        case end
    }

    var kind: Kind
    var range: Range<Int>

    /// As it is shown in messages.
    var text: String {
        switch kind {
        case .name(let name): "'\(name)'"
        case .string(let text): "the text '\(text)'"
        case .number(let text): "the number \(text)"
        case .sign(let sign): "'\(sign)'"
        case .end: "the end"
        }
    }
}

/// What is wrong at some code points of an expression.
struct ExpressionProblem: Error {
    var code = "expression-syntax"
    var message: String
    var hint: String?
    var range: Range<Int>

    init(_ message: String, hint: String? = nil, at range: Range<Int>) {
        self.message = message
        self.hint = hint
        self.range = range
    }
}

/// Splits an expression's text into tokens.
struct ExpressionLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    static func tokens(_ scalars: [Unicode.Scalar]) throws(ExpressionProblem) -> [ExpressionToken] {
        var lexer = ExpressionLexer(scalars)
        var tokens: [ExpressionToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            guard tokens.count <= Expression.tokenLimit else {
                throw ExpressionProblem("the expression is too long", at: token.range)
            }
            if token.kind == .end { return tokens }
        }
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        index + distance < scalars.count ? scalars[index + distance] : nil
    }

    private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { ("0"..."9").contains($0) } ?? false
    }

    private static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    private func isInName(_ distance: Int) -> Bool {
        guard let scalar = peek(distance) else { return false }
        return Self.startsName(scalar) || Self.isDigit(scalar) || scalar == "-"
    }

    private mutating func next() throws(ExpressionProblem) -> ExpressionToken {
        while let scalar = peek(), scalar.properties.isWhitespace { index += 1 }
        let start = index
        guard let scalar = peek() else { return ExpressionToken(kind: .end, range: start..<start + 1) }
        if Self.startsName(scalar) { return name() }
        if Self.isDigit(scalar) { return try number() }
        switch scalar {
        case "'": return try string()
        case "\"":
            throw ExpressionProblem(
                "texts are written in single quotes", hint: "write \(singleQuoted)", at: start..<start + 1)
        case "&" where peek(1) != "&": throw wrongSign("&", "&&")
        case "|" where peek(1) != "|": throw wrongSign("|", "||")
        case "=" where peek(1) != "=": throw wrongSign("=", "==")
        case "!" where peek(1) != "=":
            throw ExpressionProblem("unknown operator '!'", hint: "write 'not'", at: start..<start + 1)
        case "=" where peek(2) == "=", "!" where peek(2) == "=":
            throw ExpressionProblem(
                "unknown operator '\(scalar)=='", hint: "write '\(scalar)='", at: start..<start + 3)
        case "?":
            throw ExpressionProblem(
                "unknown operator '?'", hint: "write if(condition, a, b)", at: start..<start + 1)
        case "&", "|", "=", "!": return sign(2)
        case "<", ">": return sign(peek(1) == "=" ? 2 : 1)
        case "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".": return sign(1)
        case "$" where peek(1) == "{":
            throw ExpressionProblem("'${{' inside an expression", hint: "remove it", at: start..<start + 1)
        default: throw ExpressionProblem("unexpected '\(scalar)'", at: start..<start + 1)
        }
    }

    private func wrongSign(_ sign: String, _ right: String) -> ExpressionProblem {
        ExpressionProblem("unknown operator '\(sign)'", hint: "write '\(right)'", at: index..<index + 1)
    }

    private mutating func sign(_ length: Int) -> ExpressionToken {
        defer { index += length }
        return ExpressionToken(
            kind: .sign(text(index..<index + length)), range: index..<index + length)
    }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    /// A name may hold hyphens, but does not end in one.
    private mutating func name() -> ExpressionToken {
        let start = index
        while isInName(0) { index += 1 }
        while scalars[index - 1] == "-" { index -= 1 }
        return ExpressionToken(kind: .name(text(start..<index)), range: start..<index)
    }

    private mutating func number() throws(ExpressionProblem) -> ExpressionToken {
        let start = index
        while Self.isDigit(peek()) { index += 1 }
        if peek() == ".", Self.isDigit(peek(1)) {
            index += 1
            while Self.isDigit(peek()) { index += 1 }
        }
        if peek() == "e" || peek() == "E" {
            let sign = peek(1) == "+" || peek(1) == "-" ? 2 : 1
            if Self.isDigit(peek(sign)) {
                index += sign
                while Self.isDigit(peek()) { index += 1 }
            }
        }
        if let scalar = peek(), Self.startsName(scalar) {
            while isInName(0) { index += 1 }
            throw ExpressionProblem(
                "'\(text(start..<index))' is neither a number nor a name",
                hint: "quote a text: '\(text(start..<index))'", at: start..<index)
        }
        return ExpressionToken(kind: .number(text(start..<index)), range: start..<index)
    }

    private mutating func string() throws(ExpressionProblem) -> ExpressionToken {
        let start = index
        var content = String.UnicodeScalarView()
        index += 1
        while let scalar = peek() {
            index += 1
            if scalar != "'" {
                content.append(scalar)
            } else if peek() == "'" {
                content.append("'")
                index += 1
            } else {
                return ExpressionToken(kind: .string(String(content)), range: start..<index)
            }
        }
        throw ExpressionProblem(
            "a text opens here and is never closed", hint: "write '' for a quote in a text",
            at: start..<start + 1)
    }

    /// The double-quoted text at `index` as it should be written.
    private var singleQuoted: String {
        let content = scalars[(index + 1)...].prefix { $0 != "\"" }
        var view = String.UnicodeScalarView()
        for scalar in content { view.append(contentsOf: scalar == "'" ? ["'", "'"] : [scalar]) }
        return "'\(String(view))'"
    }
}
