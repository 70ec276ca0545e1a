import OpsCore
import OpsRecipe
import OrderedCollections
import Testing

@Suite struct ExpressionsEvaluatorTests {
    @Test(arguments: [
        ("1 + 2", "3"), ("1 + 2.5", "3.5"), ("7 / 2", "3"), ("-7 / 2", "-3"), ("7.0 / 2", "3.5"), ("7 % 4", "3"),
        ("-7 % 4", "-3"),
        ("2 * 3 - 1", "5"), ("- inputs.n", "-3"), ("- inputs.size", "-5.1"), ("inputs.size", "5.10"),
        ("1 == 1.0", "true"),
        ("'a' == 'a'", "true"), ("'a' != 'b'", "true"), ("'a' < 'b'", "true"), ("2 >= 2", "true"), ("2 > 2.5", "false"),
        ("1 <= 0", "false"),
        ("null == null", "true"), ("inputs.none == null", "true"), ("inputs.version != null", "true"),
        ("null == 5", "false"),
        ("[1, 'a'] == [1, 'a']", "true"), ("true && false", "false"), ("true || false", "true"), ("not true", "false"),
        ("false && inputs.version.x", "false"), ("true || nope", "true"), ("'a' in vars.list", "true"),
        ("'c' in vars.list", "false"),
        ("'k' in vars.map", "true"), ("3 in [1, 2, 3]", "true"), ("1 in ['1']", "false"), ("args[0]", "\"x\""),
        ("args[-1]", "2"),
        ("vars.map['k']", "\"v\""), ("vars.list[inputs.n - 2]", "\"b\""), ("needs['common:lint'].outputs.x", "7"),
        ("[inputs.n, 'a']", "[3,\"a\"]"), ("success() && always() && not failure()", "true"),
    ])
    func operators(text: String, expected: String) {
        #expect(evaluated(text) == expected)
    }

    @Test(arguments: [
        ("1 + 'a'", "1 '+' takes numbers, not a string [join texts as \"${{ a }}${{ b }}\", or with join([a, b], '')]"),
        ("1 - null", "1 '-' takes numbers, not null [use default(value, 0)]"),
        ("- 'a'", "1 '-' takes numbers, not a string"),
        ("1 / 0", "1 division by zero"), ("1 % 0", "1 division by zero"), ("1.0 / 0", "1 division by zero"),
        ("9223372036854775807 + 1", "1 the result is no 64-bit integer"),
        ("(-9223372036854775807 - 1) / -1", "1 the result is no 64-bit integer"),
        ("1e308 * 10", "1 the result is too large for a number"),
        ("'1' == 1", "1 '==' cannot compare a string with an integer"),
        ("true < false", "1 '<' cannot compare a boolean with a boolean"),
        ("'a' && true", "1 expected a boolean, not a string [compare it, as in x != null or x == 'text']"),
        ("true && 1", "9 expected a boolean, not an integer"),
        ("not null", "5 expected a boolean, not null [compare it, as in x != null or x == 'text']"),
        ("inputs.versoin", "1 'inputs' has no member 'versoin' [did you mean 'version'?]"),
        ("vars.map.zzz", "1 'vars.map' has no member 'zzz' [it has k]"),
        ("inputs.none.x", "1 'inputs.none' is null [use default(value, …)]"),
        ("inputs.version.x", "1 'inputs.version' is a text and has no members"),
        ("vars.list[5]", "1 there is no item 5 in a list of 2 [items are counted from 0]"),
        ("vars.list['a']", "1 an item of a list is taken by its number, as in list[0]"),
        ("'a' in 'abc'", "1 'in' takes a list or a map [use contains(text, part)]"),
        ("inptus.x", "1 unknown name 'inptus' [did you mean 'inputs'?]"),
        ("'{\"a\":1}'['a']", "1 the value is a text and has no members"),
        ("lower(1)", "7 'lower' takes a string as 'text', not an integer"),
        ("lower(null)", "7 'lower' takes a string as 'text', not null [use default(value, '…')]"),
        ("join([1, null])", "1 null cannot be part of a text [use default(value, '…')]"),
        ("join([[1]])", "1 a list cannot be part of a text [use join(list, ',') or toJSON(list)]"),
        ("format('{1}', 'a')", "1 'format' has no argument for {1}"),
        ("format('{', 'a')", "1 a lone '{' in the text of 'format' [write '{{']"),
        ("fromJSON('{')", "1 not valid JSON: expected a key at byte 1"),
        ("split('a', '')", "1 the text to look for is empty"),
        ("date('soon', 'yyyy')", "1 'soon' is no time [write it as '2026-11-21T10:00:00Z' or as seconds since 1970]"),
        (
            "date('2026-02-29', 'yyyy')",
            "1 '2026-02-29' is no time [write it as '2026-11-21T10:00:00Z' or as seconds since 1970]"
        ),
        (
            "date(0, 'YYYY')",
            "1 unknown field 'YYYY' in the pattern of 'date' [fields are yyyy yy MM dd DDD HH mm ss; quote other letters, as in ''T'']"
        ),
        ("date(9223372036854775807, 'yyyy')", "1 the time is not in the years 0 to 9999"),
    ])
    func failures(text: String, expected: String) {
        #expect(evaluated(text) == expected)
    }

    @Test func everyFunctionHasAnExampleThatHolds() {
        for function in ExpressionFunction.all {
            guard let result = function.exampleResult else {
                #expect(function.isStatus)
                continue
            }
            #expect(evaluated(function.example) == result, "\(function.name)")
        }
        #expect(
            ExpressionFunction.all.map(\.name).sorted()
                == "always basename contains date default dirname endsWith failure format fromJSON if join lower replace sha256 split startsWith success toJSON trim upper"
                .split(separator: " ").map(String.init))
    }

    @Test(arguments: [
        ("contains(vars.list, 'a')", "true"), ("contains('abc', 'x')", "false"), ("contains('abc', '')", "true"),
        ("startsWith('abc', 'b')", "false"),
        ("endsWith('abc', 'bc')", "true"), ("join(vars.list)", "\"a,b\""), ("join([])", "\"\""),
        ("join([inputs.size, true], ' ')", "\"5.10 true\""),
        ("split('', ',')", "[\"\"]"), ("split('a,,b', ',')", "[\"a\",\"\",\"b\"]"),
        ("split('a\r\nb', '\n')", "[\"a\\r\",\"b\"]"),
        ("replace('aaa', 'a', 'bb')", "\"bbbbbb\""), ("replace('abc', 'x', 'y')", "\"abc\""),
        ("trim('\n a b\t')", "\"a b\""),
        ("format('{{{0}}} {1} {0}', inputs.n, inputs.size)", "\"{3} 5.10 3\""), ("format('a')", "\"a\""),
        ("default(inputs.none, 5)", "5"), ("default(inputs.n, nope)", "3"), ("if(true, 1, nope)", "1"),
        ("if(inputs.n > 5, nope, 'x')", "\"x\""),
        ("date(git.commit-time, 'yyyy-MM-dd HH:mm:ss')", "\"2023-11-14 22:13:20\""),
        ("date('2024-02-29T23:30:00-02:00', 'yyyyMMdd''T''HHmm')", "\"20240301T0130\""),
        ("date('2024-12-31', 'DDD yy')", "\"366 24\""), ("date(-1, 'yyyy-MM-dd HH:mm:ss')", "\"1969-12-31 23:59:59\""),
        ("date('1700000000', 'yyyy')", "\"2023\""),
        ("date('2026-11-21T10:00:00.25Z', 'HH')", "\"10\""), ("basename('/a/b/')", "\"b\""), ("basename('/')", "\"/\""),
        ("basename('')", "\"\""),
        ("dirname('a')", "\".\""), ("dirname('/a')", "\"/\""), ("dirname('a//b')", "\"a\""),
        ("toJSON(vars.map)", "\"{\\\"k\\\":\\\"v\\\"}\""),
        ("fromJSON('{\"a\": [1.50]}').a[0]", "1.50"), ("fromJSON(toJSON(vars.list)) == vars.list", "true"),
        ("upper('straße')", "\"STRASSE\""),
        ("sha256('abc')", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
    ])
    func functions(text: String, expected: String) {
        #expect(evaluated(text) == expected)
    }

    @Test(arguments: [
        ("u", "unknown(needs.push.outputs.digest: string)"), ("lower(u)", "unknown(needs.push.outputs.digest: string)"),
        ("u == 'a'", "unknown(needs.push.outputs.digest: boolean)"),
        ("ub && false", "false"), ("false && ub", "false"), ("ub || true", "true"),
        ("ub && true", "unknown(needs.a.outputs.flag: boolean)"),
        ("true && ub", "unknown(needs.a.outputs.flag: boolean)"),
        ("not ub", "unknown(needs.a.outputs.flag: boolean)"),
        ("if(ub, 1, 2)", "unknown(needs.a.outputs.flag: integer)"),
        ("if(ub, 1, 'a')", "unknown(needs.a.outputs.flag: any)"),
        ("if(true, 1, u)", "1"), ("ui + 1", "unknown(needs.a.outputs.count: integer)"),
        ("ui + 1.5", "unknown(needs.a.outputs.count: number)"), ("any.x.y", "unknown(any.x.y: any)"),
        ("[u, 1]", "[unknown(needs.push.outputs.digest: string),1]"), ("[u, 1][1]", "1"),
        ("join([u, 'a'])", "unknown(needs.push.outputs.digest: string)"),
        ("u == null", "unknown(needs.push.outputs.digest: boolean)"),
        ("any == null", "unknown(needs.a.outputs.any: boolean)"),
        ("default(any, 1)", "unknown(needs.a.outputs.any: any)"),
        ("default(u, 'a')", "unknown(needs.push.outputs.digest: string)"),
        ("u && true", "1 expected a boolean, not a string"),
        ("lower(ui)", "7 'lower' takes a string as 'text', not an integer"),
        ("any && true", "unknown(needs.a.outputs.any: boolean)"),
        ("optional == null", "unknown(secrets.maybe: boolean)"), ("lower(optional)", "secret(maybe: -)"),
        ("default(optional, 'x')", "secret(maybe: -)"), ("vars.list[ui]", "unknown(needs.a.outputs.count: any)"),
    ])
    func unknowns(text: String, expected: String) {
        #expect(evaluated(text).hasPrefix(expected))
    }

    @Test(arguments: [
        ("secret", "secret(two: s3cret)"), ("upper(secret)", "secret(two: S3CRET)"),
        ("upper(planned)", "secret(one: -)"), ("format('{0}{1}', secret, planned)", "secret(one two: -)"),
        ("format('{0}-{1}', secret, creds)", "secret(json two: s3cret-{\"password\":\"pw\",\"n\":[1,2]})"),
        ("secret == null", "false"), ("null != planned", "true"), ("secret == 's3cret'", "secret(two: true)"),
        ("not (secret == 'x')", "secret(two: true)"), ("secret == 'x' && true", "secret(two: false)"),
        ("secret == 'x' && false", "false"), ("secret == 'x' || true", "true"),
        ("planned == 'x'", "secret(one: -)"), ("planned == 'x' && ub", "secret(one: -)"),
        ("if(secret == 's3cret', 'a', 'b')", "secret(two: a)"), ("if(planned == 'x', 'a', 'b')", "secret(one: -)"),
        ("if(true, 'a', secret)", "\"a\""), ("if(ub, 'a', secret)", "secret(two: -)"),
        ("default(secret, 'x')", "secret(two: s3cret)"), ("default(inputs.none, secret)", "secret(two: s3cret)"),
        ("[secret, 'a']", "[secret(two: s3cret),\"a\"]"), ("[secret, 'a'][1]", "\"a\""), ("vars.mixed[0]", "\"a\""),
        ("vars.mixed[1]", "secret(two: t0p)"), ("join(vars.mixed)", "secret(two: a,t0p)"),
        ("join([u, secret])", "secret(two: -)"), ("fromJSON(creds).password", "secret(json: pw)"),
        ("fromJSON(creds).n[1]", "secret(json: 2)"), ("fromJSON(planned).password", "secret(one: -)"),
        ("sha256(secret)", "secret(two: 1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0)"),
        ("contains(secret, 's')", "secret(two: true)"), ("toJSON(vars.mixed)", "secret(two: [\"a\",\"t0p\"])"),
        ("'a' in vars.mixed", "secret(two: true)"),
        ("fromJSON(secret)", "1 this fails on a value that derives from the secret 'two'"),
        ("secret + 1", "1 this fails on a value that derives from the secret 'two'"),
        ("secret && true", "1 expected a boolean, not a secret"),
        ("date(secret, 'yyyy')", "1 this fails on a value that derives from the secret 'two'"),
        ("secret.x", "1 this fails on a value that derives from the secret 'two'"),
    ])
    func secrets(text: String, expected: String) {
        #expect(evaluated(text) == expected)
    }

    @Test func statusFunctionsOnlyWhereAllowed() {
        #expect(evaluated("success()", FixedScope(hasStatus: false)) == "1 'success()' stands in a task's 'if' only")
    }

    @Test func resultsAreBounded() {
        var scope = FixedScope()
        scope.values["big"] = .string(String(repeating: "a", count: 100_000))
        let limit = "the text would be larger than 8 MiB"
        #expect(evaluated("replace(big, 'a', big)", scope).hasSuffix(limit))
        #expect(
            evaluated("join([\(Array(repeating: "big", count: 90).joined(separator: ", "))], '')", scope).hasSuffix(
                limit))
        #expect(evaluated("format('\(String(repeating: "{0}", count: 90))', big)", scope).hasSuffix(limit))
    }
}
