import OpsCore
import OrderedCollections
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "-1", "1.50", "1e3", "[]", "{}", "[1,[2,{\"a\":null}]]", "{\"b\":1,\"a\":2}",
        "\"é\\n\\\"\\\\\"", "12345678901234567890", "\"\\u0001\\u007f\"",
    ])
    func roundTrip(text: String) throws {
        #expect(JSONWriter.text(try JSONReader.value(text)) == text)
    }

    @Test(arguments: [(" [ 1 , 2 ] ", "[1,2]"), ("\"\\u00e9\\ud83d\\ude00\\/\"", "\"é😀/\""), ("\t\"a\"\r\n", "\"a\"")])
    func reads(text: String, expected: String) throws {
        #expect(JSONWriter.text(try JSONReader.value(text)) == expected)
    }

    @Test(arguments: [
        ("", "end of text at byte 0"), ("[1,]", "expected a value at byte 3"),
        ("{\"a\":1,\"a\":2}", "duplicate key 'a' at byte 12"), ("01", "expected a value at byte 0"),
        ("1 2", "text after the end at byte 2"),
        ("\"\n\"", "a control character in a string at byte 2"), ("\"\\x\"", "unknown escape at byte 3"),
        ("\"\\ud800\"", "half a surrogate pair at byte 7"), ("\"abc", "end of text in a string at byte 4"),
        ("{a:1}", "expected a key at byte 1"), ("nul", "expected a value at byte 0"),
        ("+1", "expected a value at byte 0"), (".5", "expected a value at byte 0"),
        ("1.", "expected a value at byte 0"),
        ("\"\\u12\"", "expected four hexadecimal digits at byte 3"), ("[1 2]", "expected ',' or ']' at byte 3"),
    ])
    func refuses(text: String, problem: String) {
        #expect { try JSONReader.value(text) } throws: { ($0 as? OpsError)?.message == "not valid JSON: " + problem }
    }

    @Test func refusesDepthAndBytes() {
        #expect(throws: OpsError.self) { try JSONReader.value(String(repeating: "[", count: 100_000)) }
        #expect(throws: OpsError.self) { try JSONReader.value([0x22, 0xFF, 0x22]) }
    }

    @Test func writesWhatIsNotKnown() {
        let value = Value.list([
            .unknown(Unknown("needs.a")), .secret(Secret(names: ["s"], bytes: [65])), .number(.infinity),
            .integer(15, spelling: "0xF"),
        ])
        #expect(JSONWriter.text(value) == #"[{"$unknown":"needs.a"},{"$secret":["s"]},null,15]"#)
        #expect(
            JSONWriter.text(.map(["a": .list([.null]), "b": .map([:])]), indentation: 2)
                == "{\n  \"a\": [\n    null\n  ],\n  \"b\": {}\n}")
    }
}
