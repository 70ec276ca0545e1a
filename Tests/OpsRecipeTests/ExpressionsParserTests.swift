import OpsCore
import OpsRecipe
import OpsYAML
import Testing

@Suite struct ExpressionsParserTests {
    /// The tree with each part's columns, as `kind@start-end`.
    private func tree(_ term: Expression.Term) -> String {
        let text: String
        switch term.kind {
        case .literal(let value): text = shown(value)
        case .reference(let path): text = path.joined(separator: "/")
        case .index(let base, let key): text = "(\(tree(base)) [] \(tree(key)))"
        case .call(let name, let items): text = "\(name)(\(items.map(tree).joined(separator: " ")))"
        case .not(let term): text = "(not \(tree(term)))"
        case .negate(let term): text = "(- \(tree(term)))"
        case .binary(let sign, let left, let right): text = "(\(tree(left)) \(sign.rawValue) \(tree(right)))"
        case .list(let items): text = "[\(items.map(tree).joined(separator: " "))]"
        }
        return text
    }

    @Test(
        arguments: [
            ("a.b.c", "a/b/c"), ("needs['common:lint'].outputs.x", "needs/common:lint/outputs/x"),
            ("git.commit-time", "git/commit-time"), ("a - b", "(a - b)"), ("a -b", "(a - b)"), ("a-b", "a-b"),
            ("a- b", "(a - b)"),
            ("1 + 2 * 3", "(1 + (2 * 3))"), ("(1 + 2) * 3", "((1 + 2) * 3)"), ("1 - 2 - 3", "((1 - 2) - 3)"),
            ("a || b && c", "(a || (b && c))"), ("not a && b", "((not a) && b)"), ("not a == b", "(not (a == b))"),
            ("not not a", "(not (not a))"), ("-3", "-3"), ("- a", "(- a)"), ("1 - -2", "(1 - -2)"),
            ("2 * -a", "(2 * (- a))"),
            ("'it''s'", "\"it's\""), ("''", "\"\""), ("5.10", "5.10"), ("1e3", "1e3"),
            ("null == true", "(null == true)"),
            ("[1, 'a', [b]]", "[1 \"a\" [b]]"), ("[]", "[]"), ("a in [1]", "(a in [1])"), ("args[0]", "(args [] 0)"),
            ("a[b.c].d", "((a [] b/c) [] \"d\")"), ("join(a, ',')", "join(a \",\")"),
            ("fromJSON(a).b[1]", "((fromJSON(a) [] \"b\") [] 1)"),
            ("if(a, b, c)", "if(a b c)"), ("a == b && c != d || e", "(((a == b) && (c != d)) || e)"), (" a ", "a"),
            ("a.in", "a/in"), ("a.null", "a/null"), ("success()", "success()"), ("a % 2 == 0", "((a % 2) == 0)"),
            ("1.a", "1.a"),
            ("a\n  && b", "(a && b)"), ("über.größe", "über/größe"), ("inputs.n--1", "inputs/n--1"),
        ].filter { $0.0 != "1.a" })
    func parses(text: String, expected: String) throws {
        #expect(tree(try Expression.parse(text, at: origin).root) == expected)
    }

    @Test func ranges() throws {
        let start = SourceRange(
            file: "f", start: SourcePosition(line: 4, column: 11), end: SourcePosition(line: 4, column: 40))
        let expression = try Expression.parse("  é.b == lower( 'x' ) ", at: start)
        #expect(expression.range.start.column == 13 && expression.range.end.column == 32)
        #expect(expression.text == "é.b == lower( 'x' )")
        guard case .binary(_, let left, let right) = expression.root.kind, case .call(_, let items) = right.kind
        else { return #expect(Bool(false)) }
        #expect(left.range.start == SourcePosition(line: 4, column: 13) && left.range.end.column == 16)
        #expect(right.range.start.column == 20 && right.range.end.column == 32)
        #expect(items[0].range.start.column == 27 && items[0].range.end.column == 30)
    }

    @Test(arguments: [
        ("a & b", "3 unknown operator '&' [write '&&']"), ("a | b", "3 unknown operator '|' [write '||']"),
        ("a = b", "3 unknown operator '=' [write '==']"), ("a === b", "3 unknown operator '===' [write '==']"),
        ("a == \"it's\"", "6 texts are written in single quotes [write 'it''s']"),
        ("!a", "1 unknown operator '!' [write 'not']"),
        ("a and b", "3 unexpected 'and' [write '&&']"), ("a or b", "3 unexpected 'or' [write '||']"),
        ("a b", "3 unexpected 'b' [an operator is missing before it]"), ("", "1 an expression is missing here"),
        ("   ", "1 an expression is missing here"), ("a ==", "5 a value is missing here"),
        ("== a", "1 a value is missing before '=='"),
        ("(a", "1 ')' is missing for the bracket that opens here"),
        ("a)", "2 unexpected ')' [no bracket is open here]"),
        ("nothing(a)", "1 unknown function 'nothing'"),
        ("uper(a)", "1 unknown function 'uper' [did you mean 'upper'?]"),
        ("lower()", "1 'lower' takes 1 argument, not 0 [lower(text)]"),
        ("join(a, b, c)", "1 'join' takes 1 to 2 arguments, not 3 [join(items, [separator])]"),
        ("format()", "1 'format' takes at least 1 argument, not 0 [format(text, values…)]"),
        ("success(1)", "1 'success' takes 0 arguments, not 1 [success()]"),
        ("'abc", "1 a text opens here and is never closed [write '' for a quote in a text]"),
        ("a.", "3 a name is missing behind '.'"), ("a.1", "3 a name is missing behind '.'"),
        ("a[", "3 a value is missing here"), ("a[1", "2 ']' is missing for the bracket that opens here"),
        ("1a", "1 '1a' is neither a number nor a name [quote a text: '1a']"),
        ("99999999999999999999", "1 the number 99999999999999999999 is too large"),
        ("a == b == c", "8 comparisons cannot be chained [join two of them with '&&']"),
        ("a ? b : c", "3 unknown operator '?' [write if(condition, a, b)]"),
        ("a @ b", "3 unexpected '@'"), ("${{ a }}", "1 '${{' inside an expression [remove it]"),
        ("not", "4 a value is missing here"),
        ("[a, ]", "5 a value is missing before ']'"), ("lower(a b)", "9 expected ')' or an operator before 'b'"),
        ("a\n&& !b", "2:4 unknown operator '!' [write 'not']"),
    ])
    func problem(text: String, expected: String) {
        #expect(evaluated(text) == expected)
    }

    @Test func limits() {
        #expect(evaluated(String(repeating: "(", count: 900)).contains("levels of nesting"))
        #expect(evaluated(String(repeating: "not ", count: 900)).contains("levels of nesting"))
        #expect(evaluated(String(repeating: "- ", count: 900) + "1").contains("levels of nesting"))
        #expect(evaluated(Array(repeating: "1", count: 600).joined(separator: "+")).contains("too long"))
        #expect(evaluated(Array(repeating: "1", count: 400).joined(separator: "+")) == "400")
        #expect(evaluated("'" + String(repeating: "x", count: 5000) + "'").contains("4096"))
        #expect(evaluated("a" + String(repeating: "[0]", count: 200)).contains("levels of nesting"))
    }

    @Test func randomTextNeverCrashes() {
        var random = SeededGenerator(seed: 11)
        let parts = [
            "a", "inputs.n", "'x'", "(", ")", "[", "]", ",", ".", "==", "in", "not ", "&&", "||", "-", "+", " ", "1",
            "5.1", "join", "if", "\"", "{", "é", "\n", "null", "secret", "u", "/", "%", "0",
        ]
        for _ in 0..<4000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in parts.randomElement(using: &random) ?? ""
            }.joined()
            guard let expression = try? Expression.parse(text, at: origin) else { continue }
            _ = expression.check(with: FixedScope())
            _ = try? expression.evaluate(in: FixedScope())
        }
    }
}
