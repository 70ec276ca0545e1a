import OpsCore
import OpsYAML
import OrderedCollections
import Testing

/// The plain value of a node.
func value(_ node: Node) -> Value {
    switch node.content {
    case .scalar(let scalar): scalar.value
    case .sequence(let items): .list(items.map(value))
    case .mapping(let entries): .map(ValueMap(uniqueKeysWithValues: entries.map { ($0.key, value($0.value)) }))
    }
}

func parse(_ text: String, limits: YAMLLimits = .default) throws -> Node {
    try YAML.parse(Array(text.utf8), file: "f", limits: limits)
}

/// `LINE:COLUMN code: message [hint]` of each problem, joined by line feeds.
func problems(_ bytes: [UInt8], limits: YAMLLimits = .default) -> String {
    do {
        _ = try YAML.parse(bytes, file: "f", limits: limits)
        return "none"
    } catch {
        return error.diagnostics.map { one in
            let place = one.range.map { "\($0.start.line):\($0.start.column)" } ?? "?"
            return "\(place) \(one.code): \(one.message)" + (one.hint.map { " [\($0)]" } ?? "")
        }.joined(separator: "\n")
    }
}

@Suite struct YAMLTests {
    @Test(arguments: [
        ("~", "null"), ("null", "null"), ("Null", "null"), ("nULL", "\"nULL\""), ("true", "true"),
        ("True", "true"), ("FALSE", "false"), ("tRUE", "\"tRUE\""), ("no", "\"no\""), ("on", "\"on\""), ("y", "\"y\""),
        ("12", "12"), ("-12", "-12"), ("+7", "7"), ("0o17", "15"), ("0x1F", "31"), ("0o", "\"0o\""),
        ("0o8", "\"0o8\""), ("0x", "\"0x\""), ("014", "14"), ("12:30", "\"12:30\""), ("1_000", "\"1_000\""),
        ("5.10", "5.10"), ("1.", "1"), (".5", "0.5"), ("-.5e3", "-500"), ("1e3", "1e3"), (".", "\".\""),
        ("1e", "\"1e\""), ("-", "[null]"), ("+", "\"+\""), ("--1", "\"--1\""), ("1.2.3", "\"1.2.3\""),
        (".inf", "null"), ("99999999999999999999", "99999999999999999999"), ("'12'", "\"12\""),
        ("\"true\"", "\"true\""), ("2026-11-21", "\"2026-11-21\""), ("=", "\"=\""), ("<<", "\"<<\""),
    ])
    func coreSchema(text: String, json: String) throws {
        #expect(JSONWriter.text(value(try parse("- " + text)), indentation: nil) == "[\(json)]")
    }

    @Test func specialNumbers() throws {
        guard case .list(let items) = value(try parse("[.inf, -.Inf, .NaN, 18446744073709551616, 0xFFFFFFFFFFFFFFFFF]"))
        else { return #expect(Bool(false)) }
        let numbers = items.map { (item) -> Double in
            if case .number(let number, _) = item { return number } else { return -1 }
        }
        #expect(numbers[0] == .infinity && numbers[1] == -.infinity && numbers[2].isNaN)
        #expect(numbers[3] == 18446744073709551616)
        #expect(numbers[4] == 295147905179352825856)
        #expect(items[3].scalarText == "18446744073709551616")
    }

    @Test(arguments: [("007", "007"), ("5.10", "5.10"), ("1e3", "1e3"), ("+4", "+4"), ("0x1F", "0x1F")])
    func spellings(text: String, spelling: String) throws {
        #expect(value(try parse("- " + text)).listValue?.first?.scalarText == spelling)
    }

    @Test(arguments: [
        ("!!str 5", "\"5\""), ("! 5", "\"5\""), ("!!int '5'", "5"), ("!!float 5", "5"), ("!!null ''", "null"),
        ("!!bool 'true'", "true"), ("!!map {a: 1}", "{\"a\":1}"), ("!!seq [1]", "[1]"), ("! [1]", "[1]"),
        ("!<tag:yaml.org,2002:str> 5", "\"5\""), ("!!str", "\"\""),
    ])
    func tags(text: String, json: String) throws {
        #expect(JSONWriter.text(value(try parse("k: " + text))) == "{\"k\":\(json)}")
    }

    @Test(arguments: [
        ("5: a\ntrue: b\n~: c\n1.0: d", #"{"5":"a","true":"b","~":"c","1.0":"d"}"#),
        ("a: &x {k: 1}\nb: *x", #"{"a":{"k":1},"b":{"k":1}}"#),
        ("a: &x {k: 1, l: 2}\nb: {k: 3, <<: *x, m: 4}", #"{"a":{"k":1,"l":2},"b":{"k":3,"l":2,"m":4}}"#),
        ("b: {<<: [{k: 1}, {k: 2, l: 3}]}", #"{"b":{"k":1,"l":3}}"#),
        ("b: {'<<': 1}", #"{"b":{"<<":1}}"#),
        ("&k a: 1\nb: *k", #"{"a":1,"b":"a"}"#),
        ("a: &x 1\nb: &x 2\nc: *x", #"{"a":1,"b":2,"c":2}"#),
        ("---\na: 1\n...\n", #"{"a":1}"#), ("%YAML 1.2\n---\na: 1", #"{"a":1}"#),
        ("\u{FEFF}a: 1", #"{"a":1}"#), ("a: |\n  x\n  y\nb: >-\n  p\n  q", #"{"a":"x\ny\n","b":"p q"}"#),
        ("a:\r\n  - b\r\n", #"{"a":["b"]}"#), ("a: \"\\u00e9\\n\"", "{\"a\":\"é\\n\"}"), ("a: ''", #"{"a":""}"#),
        ("a:\nb:", #"{"a":null,"b":null}"#), ("a: ${{ x }}", #"{"a":"${{ x }}"}"#),
        ("if: !!str true", #"{"if":"true"}"#),
    ])
    func documents(text: String, json: String) throws {
        #expect(JSONWriter.text(value(try parse(text))) == json)
    }

    @Test func manyKeys() throws {
        let text = (0..<500).map { "key\($0): \($0)" }.joined(separator: "\n")
        #expect(value(try parse(text)).mapValue?.count == 500)
        #expect(
            problems(Array((text + "\nkey77: 1").utf8))
                == "501:1 duplicate-key: duplicate key 'key77' [it is already on line 78]")
    }

    @Test func ranges() throws {
        let node = try parse(
            "é: 'ab'\nlist:\n  - &x !!str word\n  - {k: v}\ntext: |\n  one\n  two\nend: plain text # c\n")
        var found: [String] = []
        func visit(_ node: Node) {
            let range = node.range
            found.append("\(range.start.line):\(range.start.column)-\(range.end.line):\(range.end.column)")
            switch node.content {
            case .scalar: break
            case .sequence(let items): items.forEach(visit)
            case .mapping(let entries): entries.forEach { visit($0.value) }
            }
        }
        visit(node)
        #expect(
            found == [
                "1:1-8:16", "1:4-1:8", "3:3-4:11", "3:14-3:18", "4:5-4:11", "4:9-4:10", "5:7-8:1", "8:6-8:16",
            ])
    }

    @Test(arguments: [
        ("a: b ${{x}}", 0), ("a: 'it''s ${{x}}'", 0), ("a: \"t\\tq\\u0041 ${{x}}\"", 0),
        ("a: |\n  one\n  two ${{x}}\n", 0), ("a: |\n\n    one\n      two ${{x}}\n", 0),
        ("a: >\n  one\n  two\n\n  ${{x}}\n", 0),
        ("a: one\n  two ${{x}}\n", 0), ("a: \"one\n   two \\\n   three ${{x}}\"\n", 0), ("a: 'é\n\n  b ${{x}}'", 0),
        ("a: |2\n    one\n   two ${{x}}\n", 0), ("a: |-\n  ${{x}}", 0), ("a: \"${{x}}\"", 0), ("a: 'x''y'' ${{x}}'", 0),
    ])
    func textPositions(text: String, _: Int) throws {
        guard case .mapping(let entries) = try parse(text).content, case .scalar(let scalar) = entries[0].value.content
        else { return #expect(Bool(false)) }
        let offset = try #require(scalar.text.unicodeScalars.firstIndex(of: "$"))
        let count = scalar.text.unicodeScalars.distance(from: scalar.text.startIndex, to: offset)
        let range = TextPositions(scalar, at: entries[0].value.range).range(count..<count + 6)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = Array(lines[range.start.line - 1].unicodeScalars)
        #expect(line.dropFirst(range.start.column - 1).prefix(6).elementsEqual("${{x}}".unicodeScalars))
        #expect(range.end == SourcePosition(line: range.start.line, column: range.start.column + 6))
    }
}
