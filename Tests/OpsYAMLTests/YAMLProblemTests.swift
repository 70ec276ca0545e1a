import OpsCore
import OpsYAML
import Testing

@Suite struct YAMLProblemTests {
    @Test(arguments: [
        ("", "1:1 empty-document: the file is empty"), ("# c\n", "2:1 empty-document: the file is empty"),
        ("---\n", "2:1 empty-document: the document is empty"),
        (
            "a: 1\n---\nb: 2\n",
            "2:1 several-documents: a second document starts here [a file holds one document; remove the '---']"
        ),
        ("a: 1\na: 2\n", "2:1 duplicate-key: duplicate key 'a' [it is already on line 1]"),
        ("{a: 1, 'a': 2}", "1:8 duplicate-key: duplicate key 'a' [it is already on line 1]"),
        (
            "1: a\n'1': b\n1: c",
            "2:1 duplicate-key: duplicate key '1' [it is already on line 1]\n3:1 duplicate-key: duplicate key '1' [it is already on line 1]"
        ),
        ("a: !foo x\n", "1:4 unknown-tag: unknown tag '!foo': a '!' starts a YAML tag [write a: \"!foo x\"]"),
        ("if: !x\n", "1:5 unknown-tag: unknown tag '!x': a '!' starts a YAML tag [write if: \"not x\"]"),
        (
            "if: !needs.a == 'y'\n",
            "1:5 unknown-tag: unknown tag '!needs.a': a '!' starts a YAML tag [write if: \"not needs.a == 'y'\"]"
        ),
        (
            "- if: !contains(a, 'b')\n",
            "1:7 unknown-tag: a '!' starts a YAML tag [write if: \"not contains(a, 'b')\"]"
        ),
        ("a: !!foo x", "1:4 unknown-tag: unknown tag '!!foo': a '!' starts a YAML tag [write a: \"!!foo x\"]"),
        ("a: !!int x", "1:10 tag-mismatch: 'x' is no '!!int'"),
        ("a: !!str [1]", "1:4 tag-mismatch: a list is no '!!str'"),
        ("a: !x {}", "1:4 unknown-tag: unknown tag '!x': a '!' starts a YAML tag [write a: \"!x {}\"]"),
        ("a: &nme 1\nb: *name", "2:4 undefined-alias: no anchor '&name' before this [did you mean '*nme'?]"),
        ("a: *foo", "1:4 undefined-alias: no anchor '&foo' before this [quote a text that starts with '*']"),
        ("a: &a [*a]", "1:8 recursive-alias: '*a' stands inside '&a' itself"),
        ("? [a]\n: b", "1:3 non-scalar-key: a key must be text, not a list"),
        (
            "a: {{ x }}",
            "1:5 non-scalar-key: a key must be text, not a map [quote a text that starts with '{'; an expression is written \"${{ … }}\"]"
        ),
        ("a: {<<: 5}", "1:9 merge-value: '<<' takes a map or a list of maps [such as '<<: *name']"),
        ("a: {<<: [{b: 1}, c]}", "1:18 merge-value: '<<' takes a map or a list of maps [such as '<<: *name']"),
        ("a:\n\t- b", "2:1 yaml-syntax: a tab cannot indent YAML [indent with spaces]"),
        ("a: b: c", "1:5 yaml-syntax: ': ' is not allowed here [write a: \"b: c\"]"),
        (
            "a: b\n  c: d",
            "2:4 yaml-syntax: ': ' is not allowed here [check the indentation, or quote a text that holds ': ']"
        ),
        ("a: \"b\nc: d\n", "1:4 yaml-syntax: a quote opens here and is never closed"),
        ("a: 'b\n", "1:4 yaml-syntax: a quote opens here and is never closed"),
        ("a: [b, c\nd: e\n", "1:4 yaml-syntax: '[' opens here and is never closed"),
        ("a: {b: c\n", "1:4 yaml-syntax: '{' opens here and is never closed"),
        ("a: [b}\n", "1:6 yaml-syntax: expected ',' or ']' [quote a text with '[', ']' or ',']"),
        ("a: @b", "1:4 yaml-syntax: a text cannot start with '@' [write a: \"@b\"]"),
        ("a: `b`", "1:4 yaml-syntax: a text cannot start with '`' [write a: \"`b`\"]"),
        ("a: %b", "1:4 yaml-syntax: a text cannot start with '%' [write a: \"%b\"]"),
        ("if: 'a' == b\n", "1:9 yaml-syntax: text behind a closing quote [write if: \"'a' == b\"]"),
        ("if: 'a' == b\nrun: x\n", "1:9 yaml-syntax: text behind a closing quote [write if: \"'a' == b\"]"),
        ("- { if: 'a' == b, run: c }\n", "1:13 yaml-syntax: expected ',' or '}' [write if: \"'a' == b\"]"),
        (
            "- { if: ${{ a }}, run: c }\n",
            "1:10 yaml-syntax: '{' inside an unquoted text [quote an expression inside { }: \"${{ … }}\"]"
        ),
        ("if: a && !b && &c", "none"), ("if: && c", "1:5 yaml-syntax: a '&' starts a YAML anchor [write if: \"&& c\"]"),
        (
            "a: \"\\q\"",
            "1:5 yaml-syntax: unknown escape in a double-quoted text [use single quotes for a text with backslashes]"
        ),
        ("a: |x\n b", "1:5 yaml-syntax: a block text starts on the line below its '|' or '>'"),
        ("%YAML 1.3\n---\na: 1", "1:1 yaml-syntax: unknown version of YAML [remove this line]"),
        ("a: - b", "1:4 yaml-syntax: a list item cannot start here [start the list on a line of its own]"),
        ("a:\n  b: 1\n c: 2", "3:2 yaml-syntax: this line is no entry of the map around it [check the indentation]"),
        (
            "word\nkey: x",
            "2:4 yaml-syntax: ': ' is not allowed here [check the indentation, or quote a text that holds ': ']"
        ),
        (
            "a: 1\nword\nb: 2",
            "2:1 yaml-syntax: this is no 'key: value' [a key is followed by ': '; check the indentation]"
        ),
        (
            "a: b\u{1}",
            "1:5 yaml-encoding: the character U+0001 is not allowed in YAML [remove it, or write it as an escape in double quotes]"
        ),
        (
            "a: é\nbc: \u{0}",
            "2:5 yaml-encoding: the character U+0000 is not allowed in YAML [remove it, or write it as an escape in double quotes]"
        ),
        ("a: !x!y z", "1:4 unknown-tag: a '!' starts a YAML tag [write a: \"!x!y z\"]"),
    ])
    func problem(text: String, expected: String) {
        #expect(problems(Array(text.utf8)) == expected)
    }

    @Test func encodings() {
        #expect(problems([0xFF, 0xFE, 0x61, 0]) == "1:1 yaml-encoding: the file is UTF-16 [save it as UTF-8]")
        let bytes = Array("a: 1\nb: é".utf8) + [0xFF]
        #expect(problems(bytes) == "2:5 yaml-encoding: the text is not UTF-8 (byte 0xFF) [save it as UTF-8]")
        #expect(problems([0xC3]) == "1:1 yaml-encoding: the text is not UTF-8 (byte 0x0) [save it as UTF-8]")
    }

    @Test func limits() throws {
        let deep = String(repeating: "[", count: 40_000)
        #expect(problems(Array(deep.utf8)) == "1:65 yaml-limit: more than 64 levels of nesting")
        let blocks = String(repeating: "- ", count: 400) + "x"
        #expect(problems(Array(blocks.utf8)) == "1:129 yaml-limit: more than 64 levels of nesting")
        let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(problems(Array(allowed.utf8)) == "none")
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...12 {
            let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            bomb += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(
            problems(Array(bomb.utf8)).contains(
                "yaml-limit: the document has more than 100000 values, aliases expanded"))
        let text = "a: &a '\(String(repeating: "x", count: 1000))'\nb: [*a, *a, *a]"
        let small = YAMLLimits(bytes: 3000, levels: 64, nodes: 100)
        #expect(
            problems(Array(text.utf8), limits: small)
                == "2:9 yaml-limit: the document has more than 3.0 kB of text, aliases expanded")
        #expect(problems(Array("a: 1".utf8), limits: YAMLLimits(bytes: 3, levels: 1, nodes: 1)).contains("larger than"))
        #expect(
            problems(Array("[a, b, c]".utf8), limits: YAMLLimits(bytes: 99, levels: 1, nodes: 3))
                == "1:8 yaml-limit: the document has more than 3 values, aliases expanded")
        let nested =
            "a: &a \(String(repeating: "[", count: 40) + String(repeating: "]", count: 40))\nb: \(String(repeating: "[", count: 30))*a\(String(repeating: "]", count: 30))"
        #expect(problems(Array(nested.utf8)) == "2:34 yaml-limit: more than 64 levels of nesting")
        let merges = "a: &a {k: 1}\nb: {<<: *a}\n"
        #expect(problems(Array(merges.utf8)) == "none")
    }

    /// Random edits of a valid document either parse or throw diagnostics that have places.
    @Test func randomTextNeverCrashes() {
        var random = SeededGenerator(seed: 7)
        let seed = Array("a: &x [1, 'b', \"c\\n\", {d: *y}]\nb: |\n  text\n? k\n: <<: *x\n- !t >\n é\n".utf8)
        let letters = Array("[]{}:,-?&*!|>'\"%@`# \n\tab1é~\u{85}\u{2028}".utf8) + [0xFF, 0]
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let letter = letters[Int.random(in: 0..<letters.count, using: &random)]
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = letter
                case 1: bytes.insert(letter, at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            do throws(DiagnosticsError) { _ = try YAML.parse(bytes, file: "f") } catch {
                #expect(!error.diagnostics.isEmpty)
                #expect(
                    error.diagnostics.allSatisfy {
                        ($0.range?.start.line ?? 0) >= 1 && ($0.range?.start.column ?? 0) >= 1
                    })
            }
        }
    }
}
