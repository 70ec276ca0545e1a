import OpsCore
import OrderedCollections
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        (Value.integer(1), Value.number(1.0), true), (.integer(1, spelling: "01"), .integer(1), true),
        (.string("1"), .integer(1), false),
        (.null, .null, true), (.null, .boolean(false), false), (.list([.null]), .list([.null]), true),
        (.list([.null]), .list([]), false),
        (.map(["a": .null, "b": .integer(1)]), .map(["b": .integer(1), "a": .null]), true),
        (.map(["a": .null]), .map(["b": .null]), false),
        (.unknown(Unknown("x")), .unknown(Unknown("x")), true), (.unknown(Unknown("x")), .unknown(Unknown("y")), false),
        (.secret(Secret(planned: ["s"])), .secret(Secret(planned: ["s"])), false),
    ])
    func equality(left: Value, right: Value, equal: Bool) {
        #expect((left == right) == equal)
        #expect((right == left) == equal)
    }

    @Test(
        arguments: [
            (Value.integer(7, spelling: "007"), "007"), (.number(5.1, spelling: "5.10"), "5.10"), (.number(3), "3"),
            (.number(0.5), "0.5"), (.boolean(true), "true"),
            (.string(""), ""), (.null, nil), (.list([]), nil), (.secret(Secret(planned: [])), nil),
        ] as [(Value, String?)])
    func scalarText(value: Value, text: String?) { #expect(value.scalarText == text) }

    @Test func whatIsInside() {
        let secret = Value.secret(Secret(names: ["b", "a", "b"], bytes: [1]))
        let value = Value.map(["x": .list([secret, .unknown(Unknown("u", type: .string))])])
        #expect(value.secretNames == ["a", "b"] && value.containsSecret && value.containsUnknown)
        #expect(value.firstUnknown == Unknown("u", type: .string))
        #expect(!Value.list([.null]).containsSecret)
    }

    @Test func secretsHideThemselves() {
        let secret = Secret(names: ["key"], bytes: Array("hidden".utf8))
        #expect(secret.revealText() == "hidden" && secret.isFetched && !Secret(planned: ["key"]).isFetched)
        for text in [
            "\(secret)", "\(Value.secret(secret))", String(reflecting: secret), JSONWriter.text(.secret(secret)),
        ] {
            #expect(!text.contains("hidden") && !text.contains("104"))
            #expect(text.contains("key"))
        }
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("104"))
        #expect(Secret(names: [], bytes: [0xFF]).revealText() == nil)
    }

    @Test(arguments: [
        (ValueType.integer, ValueType.number, true), (.number, .integer, false), (.any, .string, true),
        (.string, .any, true), (.null, .optional(.string), true),
        (.optional(.string), .string, true), (.string, .optional(.string), true),
        (.list(.integer), .list(.number), true), (.list(.any), .list(.string), true), (.list(.string), .string, false),
        (.secret, .string, false),
    ])
    func types(type: ValueType, other: ValueType, may: Bool) { #expect(type.mayBe(other) == may) }

    @Test(
        arguments: [
            ("needs", ["need", "name"], "need"), ("ned", ["needs"], nil), ("NEEDS", ["needs"], "needs"),
            ("xyz", ["needs"], nil), ("neds", ["needs"], "needs"),
            ("desciption", ["description", "deps"], "description"), ("rnu", ["run", "env"], "run"),
            ("tiemout", ["timeout"], "timeout"),
        ] as [(String, [String], String?)])
    func nearest(name: String, candidates: [String], expected: String?) {
        #expect(nearestName(to: name, among: candidates) == expected)
    }
}
