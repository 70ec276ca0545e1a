import OpsCore
import OpsRecipe
import OpsYAML
import Testing

@Suite struct ExpressionsCheckerTests {
    private func checked(_ text: String, hasStatus: Bool = true) -> String {
        do {
            let (type, diagnostics) = try Expression.parse(text, at: origin).check(
                with: FixedScope(hasStatus: hasStatus))
            return diagnostics.isEmpty ? "\(type)" : diagnostics.map(shown).joined(separator: "\n")
        } catch { return shown(error) }
    }

    @Test(arguments: [
        ("1", "integer"), ("1.5", "number"), ("'a'", "string"), ("null", "null"), ("[1, 2]", "list of integer"),
        ("[1, 'a']", "list"), ("1 + 2", "integer"), ("1 + 2.0", "number"),
        ("1 + any", "any"), ("inputs.version", "string"), ("u == 'a'", "boolean"), ("lower(u)", "string"),
        ("split(u, ',')[0]", "string"), ("secret", "secret"), ("lower(secret)", "secret"),
        ("secret == null", "boolean"), ("secret == 'x'", "secret"), ("not (secret == 'x')", "secret"),
        ("fromJSON(secret).a", "secret"), ("if(ub, 1, 2)", "integer"), ("if(ub, 1, null)", "integer or null"),
        ("if(ub, 1, 'a')", "any"), ("if(ub, 'a', secret)", "secret"), ("default(optional, 'a')", "secret"),
        ("default(null, 'a')", "string"), ("optional == null", "boolean"), ("vars.map.k", "any"),
        ("a.b == 1", "1 unknown name 'a'"),
        (
            "lower(nope) == 1",
            "7 unknown name 'nope'\n1 '==' cannot compare a value of type string with one of type integer"
        ), ("'1' == 1", "1 '==' cannot compare a value of type string with one of type integer"),
        ("ub < true", "1 '<' cannot compare a value of type boolean with one of type boolean"),
        ("u && true", "1 expected a boolean, not a value of type string [compare it, as in x == 'text']"),
        ("not 1", "5 expected a boolean, not a value of type integer [compare it, as in x > 0]"),
        (
            "'a' + 'b'",
            "1 '+' takes numbers, not a value of type string [join texts as \"${{ a }}${{ b }}\", or with join([a, b], '')]"
        ),
        ("'a' in u", "8 'in' takes a list or a map [use contains(text, part)]"),
        ("lower(1)", "7 'lower' takes a string as 'text', not a value of type integer [lower(text)]"),
        (
            "contains(1, 2)",
            "10 'contains' takes a string or list as 'in', not a value of type integer [contains(in, what)]"
        ), ("u.x", "1 a value of type string has no members"),
        ("vars.list.x", "1 an item of a list is taken by its number, not 'x' [as in list[0]]"),
        ("vars.list['x']", "1 an item of a list is taken by its number, not 'x' [as in list[0]]"),
        ("join([null])", "6 a value of type null cannot be part of a text [use default(value, '…')]"),
        (
            "format('{0}', vars.list)",
            "15 a value of type list cannot be part of a text [use join(list, ',') or toJSON(list)]"
        ), ("-'a'", "2 '-' takes numbers, not a value of type string"),
    ])
    func types(text: String, expected: String) {
        #expect(checked(text) == expected)
    }

    @Test func statusFunctions() {
        #expect(checked("success()") == "boolean")
        #expect(checked("success()", hasStatus: false) == "1 'success()' stands in a task's 'if' only")
    }

    /// What the checker calls certain, the evaluator gives: on every expression of the tables that evaluates.
    @Test(arguments: [
        "1 + 2", "7 / 2", "1 + 2.5", "'a' == 'a'", "lower('A')", "split('a', ',')", "toJSON(1)", "if(true, 1, 2)",
        "default(null, 'a')", "not true", "secret == null", "upper(secret)",
    ])
    func agreesWithEvaluator(text: String) throws {
        let expression = try Expression.parse(text, at: origin)
        #expect(try expression.evaluate(in: FixedScope()).type.mayBe(expression.check(with: FixedScope()).type))
    }

    @Test(arguments: [
        ("if: inputs.n > 2", "true"), ("if: ${{ inputs.n > 5 }}", "false"), ("if: true", "true"),
        ("if: false", "false"), ("if: ub", "unknown(needs.a.outputs.flag: boolean)"), ("if: success()", "true"),
        ("if: \"'a' == inputs.version\"", "false"), ("if: secret != null", "true"),
        ("if: >\n  inputs.on\n  && true", "true"),
        (
            "if: secret == 'x'",
            "5 a condition cannot depend on a secret's value [only '== null' and '!= null' ask about a secret]"
        ), ("if: inputs.version", "5 expected a boolean, not a string [compare it, as in x != null or x == 'text']"),
        (
            "if: ${{ inputs.on }} == true",
            "5 an 'if' is one expression: '${{ }}' and text cannot be mixed [write if: \"inputs.on == true\"]"
        ), ("if: [a]", "5 'if' takes an expression, not a list"), ("if: ''", "5 the condition is empty"),
        ("if:", "4 the condition is empty"),
        (
            "{ if: contains(vars.list, b), run: x }",
            "7 YAML ends the condition here, inside a bracket [write if: \"contains(vars.list, b)\"]"
        ), ("if: inputs.on and true", "15 unexpected 'and' [write '&&']"),
        ("if: |\n  inputs.on &\n    x", "2:13 unknown operator '&' [write '&&']"),
        ("if: \"!x\"", "6 unknown operator '!' [write 'not']"),
        ("if: ${{ inputs.on", "5 '${{' is never closed by '}}' [write '$${{' for a literal '${{']"),
    ])
    func conditions(yaml: String, expected: String) throws {
        let node = try node(yaml)
        do {
            #expect(shown(try Template.condition(node).evaluate(in: FixedScope())) == expected)
        } catch { #expect(shown(error) == expected) }
    }

    @Test(
        arguments: [
            ("inputs.on", nil),
            (
                "secret == 'x'",
                "1 a condition cannot depend on a secret's value [only '== null' and '!= null' ask about a secret]"
            ), ("secret == null", nil), ("any", nil),
            (
                "inputs.version",
                "1 a condition is a boolean, not a value of type string [compare it, as in x == 'text' or x != null]"
            ),
        ] as [(String, String?)])
    func conditionTypes(text: String, expected: String?) throws {
        let condition = Condition(expression: try Expression.parse(text, at: origin))
        #expect(condition.check(with: FixedScope()).map(shown).first == expected)
    }

    @Test(arguments: [
        ("k: plain", "\"plain\""), ("k: 5.10", "5.10"), ("k: ${{ inputs.n }}", "3"),
        ("k: ' ${{ inputs.n }}'", "\" 3\""), ("k: v${{ inputs.version }}-${{ inputs.size }}", "\"v1.2.3-5.10\""),
        ("k: $${{ a }}", "\"${{ a }}\""),
        ("k: $${{ ${{ inputs.n }}", "\"${{ 3\""), ("k: [a, '${{ args }}']", "[\"a\",[\"x\",2]]"),
        ("k: {a: '${{ inputs.n }}', b: c}", "{\"a\":3,\"b\":\"c\"}"), ("k: \"${{ '}}' }}\"", "\"}}\""),
        ("k: x ${{ u }}", "unknown(needs.push.outputs.digest: string)"),
        ("k: x ${{ secret }}", "secret(two: x s3cret)"), ("k: x ${{ planned }}", "secret(one: -)"),
        ("k: ${{ secret }}${{ u }}", "secret(two: -)"), ("k: ['${{ secret }}', b]", "[secret(two: s3cret),\"b\"]"),
        ("k: a $ {{ b", "\"a $ {{ b\""),
        ("k: a ${{ inputs.none }}", "10 null cannot be part of a text [use default(value, '…')]"),
        ("k: a ${{ vars.list }}", "10 a list cannot be part of a text [use join(list, ',') or toJSON(list)]"),
        ("k: a ${{ b", "6 '${{' is never closed by '}}' [write '$${{' for a literal '${{']"),
        ("k: ['${{ & }}', '${{ ! }}']", "10 unknown operator '&' [write '&&']\n23 unknown operator '!' [write 'not']"),
        ("k: ${{ }}", "7 an expression is missing here"), ("k: 'it''s ${{ nope }}'", "15 unknown name 'nope'"),
        ("k: |\n  a\n   ${{ nope }}\n", "3:8 unknown name 'nope'"),
        ("k: \"a\\tb ${{ nope }}\"", "14 unknown name 'nope'"), ("k: \"${{ '${{' }}\"", "\"${{\""),
        ("k: $$${{ inputs.n }}", "\"$${{ inputs.n }}\""),
    ])
    func templates(yaml: String, expected: String) throws {
        let node = try node(yaml)
        do { #expect(shown(try Template(node).evaluate(in: FixedScope())) == expected) } catch {
            #expect(shown(error) == expected)
        }
    }

    @Test(
        arguments: [
            ("k: ${{ inputs.n }}", ValueType.integer, nil),
            ("k: ${{ inputs.n }}", .string, "4 expected a value of type string, not integer"),
            ("k: a${{ inputs.n }}", .string, nil), ("k: ${{ secret }}", .string, nil),
            ("k: ${{ secret }}", .integer, "4 expected a value of type integer, not secret"),
            ("k: ${{ any }}", .boolean, nil),
            ("k: ${{ inputs.none }}", .string, "4 expected a value of type string, not null [use default(value, …)]"),
            ("k: a${{ vars.map }}", .string, "9 a value of type map cannot be part of a text [use toJSON(map)]"),
            ("k: ['${{ inputs.n }}', '${{ inputs.n }}']", .list(.integer), nil),
            (
                "k: ['${{ lower(1) }}']", .any,
                "16 'lower' takes a string as 'text', not a value of type integer [lower(text)]"
            ),
        ] as [(String, ValueType, String?)])
    func templateTypes(yaml: String, type: ValueType, expected: String?) throws {
        let found = try Template(node(yaml)).check(with: FixedScope(), expecting: type).diagnostics
        #expect(found.map(shown).first == expected)
    }

    @Test func expressionsOfATemplate() throws {
        let template = try Template(node("k: [a, '${{ x.y }} ${{ z }}', {b: '${{ w[v] }}'}]"))
        #expect(template.expressions.flatMap(\.references) == [["x", "y"], ["z"], ["w"], ["v"]])
        #expect(template.hasExpressions)
        #expect(try !Template(node("k: [a, '$${{ b }}']")).hasExpressions)
    }
}
