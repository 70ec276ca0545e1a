import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct SopsFormatTests {
    private let provider = SopsProvider()

    private func harness() throws -> SecretsHarness { try SecretsHarness(["SOPS_AGE_KEY": AgeFixtures.identity]) }

    /// sops' metadata in a format of flat keys.
    private func flat(_ writer: SopsWriter, prefix: String, separator: String) throws -> String {
        let key = SopsFixtures.wrappedKey.replacing("\n", with: "\\n")
        let mac = try writer.mac()
        return [
            ("age__list_0__map_enc", key), ("age__list_0__map_recipient", AgeFixtures.recipient),
            ("lastmodified", SopsWriter.modified), ("mac", mac), ("unencrypted_suffix", "_unencrypted"),
        ].map { prefix + $0.0 + separator + $0.1 + "\n" }.joined()
    }

    @Test func dotenv() async throws {
        let harness = try harness()
        var writer = SopsWriter()
        let password = try writer.value(.sealed("two\nlines = #1"), at: "PASSWORD:")
        let key = try writer.value(.sealed("spaced"), at: "KEY :")
        let text =
            "#ENC[AES256_GCM,data:a,iv:b,tag:c,type:comment]\nPASSWORD=\(password)\nKEY =\(key)\n\nEMPTY=\n"
            + "HOST_unencrypted=a\\nb # c\n"
        _ = try writer.value(.plain("", covered: "a\nb # c"), at: "")
        try harness.folder.write("f.env", text + flat(writer, prefix: "sops_", separator: "="))
        let values = try await harness.fetch(
            provider, "sops://f.env#PASSWORD", "sops://f.env#KEY ", "sops://f.env#HOST_unencrypted",
            "sops://f.env#EMPTY",
            "sops://f.env#sops_mac")
        #expect(
            values == [
                "two\nlines = #1", "spaced", "a\nb # c", "empty: field 'EMPTY' of sops file 'f.env' is empty",
                "missing: sops file 'f.env' has no field 'sops_mac'",
            ])
        for broken in ["novalue\n", "A=1\nA=2\n", "A=1\n"] {
            try harness.folder.write("f.env", broken)
            #expect(try await harness.fetch(provider, "sops://f.env#A")[0].hasPrefix("invalid: sops file 'f.env' "))
        }
    }

    @Test func ini() async throws {
        let harness = try harness()
        var writer = SopsWriter()
        let password = try writer.value(.sealed("p#;w"), at: "database:password:")
        let port = try writer.value(.sealed("5432"), at: "database:port:")
        var text = "; a comment\n[database]\n; another\npassword   = \(password)\n"
        text += "port: \(port)\n\n[other section]\n"
        text += "a_unencrypted = `b # c` ; note\n"
        _ = try writer.value(.plain("", covered: "b # c"), at: "")
        text += "\n[sops]\n"
        text += try flat(writer, prefix: "", separator: "   = ")
        try harness.folder.write("f.ini", text)
        let values = try await harness.fetch(
            provider, "sops://f.ini#database.password", "sops://f.ini#database.port",
            "sops://f.ini#other section.a_unencrypted",
            "sops://f.ini#sops.mac")
        #expect(values == ["p#;w", "5432", "b # c", "missing: sops file 'f.ini' has no field 'sops.mac'"])
    }

    @Test(
        arguments: [
            ("a = 1", #"{"DEFAULT":{"a":"1"}}"#), ("[s]\n a:b=c ", #"{"s":{"a":"b=c"}}"#),
            ("[s]\na = \"x y\"\nb = 'z'\nc = v # w", #"{"s":{"a":"x y","b":"z","c":"v"}}"#),
            ("[s]\na = \"\"\"one\ntwo\"\"\"\nb =", #"{"s":{"a":"one\ntwo","b":""}}"#),
            ("[s]\na = one \\\n  two", #"{"s":{"a":"one two"}}"#),
            ("[s]\n`a=b` = c\n[]x]\n", #"{"s":{"a=b":"c"},"]x":{}}"#),
            ("[s", nil), ("[s]\nx", nil), ("[s]\na = `b", nil), ("[s]\na=1\na=2", nil), ("= 1", nil),
        ] as [(String, String?)])
    func iniLines(_ text: String, _ expected: String?) {
        let sections = try? INIReader.sections(Array(text.utf8))
        #expect(sections.map { JSONWriter.text(.map($0)) } == expected)
    }

    @Test func binary() async throws {
        let harness = try harness()
        let bytes: [UInt8] = [0xFF, 0x00, 0x0A, 0x0A]
        for (name, content) in [("key", bytes), ("text", Array("{\"a\":\"b\"}\n".utf8)), ("none", [])] {
            try harness.folder.write(name, try Self.binaryFile(content))
        }
        let result = await provider.fetch([try SecretReference("sops://key")], harness.context)[0]
        #expect(try result.get() == [0xFF, 0x00, 0x0A])
        let values = try await harness.fetch(
            provider, "sops://text", "sops://text#a", "sops://none", "sops://text#data?format=json")
        #expect(values == [#"{"a":"b"}"#, "b", "empty: sops file 'none' is empty", "{\"a\":\"b\"}\n"])
        try harness.folder.write("wrong", SopsWriter.json(["a": .sealed("x")]))
        #expect(
            try await harness.fetch(provider, "sops://wrong")[0].hasPrefix(
                "invalid: sops file 'wrong' is a binary file"))
    }

    private static func binaryFile(_ content: [UInt8]) throws -> String {
        var writer = SopsWriter()
        writer.cover(content)
        let value = content.isEmpty ? "" : try SopsWriter.seal(content, "str", "data:")
        let mac = try writer.mac()
        return #"{"data": "\#(value)", "sops": {\#(SopsFixtures.ageKeys), "lastmodified": "\#(SopsWriter.modified)", "#
            + #""mac": "\#(mac)"}}"#
    }

    @Test func yamlScalarsAreTypedAsSopsTypesThem() async throws {
        let harness = try harness()
        var writer = SopsWriter()
        var text = ""
        for (index, (spelling, covered)) in [
            ("010", "8"), ("1_000", "1000"), ("0x1F", "31"), ("0b11", "3"), ("-7", "-7"), ("1.50", "1.5"),
            ("1e3", "1000"),
            ("yes", "yes"), ("true", "True"), ("\"010\"", "010"),
            ("2026-01-31", "2026-01-31T00:00:00Z"), ("089", "89"), (".5", "0.5"), ("'~'", "~"),
        ].enumerated() {
            text += "k\(index)_unencrypted: \(spelling)\n"
            _ = try writer.value(.plain("", covered: covered), at: "")
        }
        let mac = try writer.mac()
        text += "sops:\n  lastmodified: \"\(SopsWriter.modified)\"\n  mac: \(mac)\n  age:\n"
        text += "  - recipient: \(AgeFixtures.recipient)\n    enc: |\n"
        text += SopsFixtures.wrappedKey.split(separator: "\n").map { "      \($0)\n" }.joined()
        try harness.folder.write("f.yml", text)
        let values = try await harness.fetch(provider, "sops://f.yml#k1_unencrypted", "sops://f.yml#k10_unencrypted")
        #expect(values == ["1_000", "2026-01-31T00:00:00Z"])
    }

    @Test(
        arguments: [
            (0.1, "0.1"), (1, "1"), (-0.0, "-0"), (1e21, "1000000000000000000000"), (1.5e-7, "0.00000015"),
            (123.456, "123.456"),
            (-1e300, "-1" + String(repeating: "0", count: 300)),
            (.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1.2345678901234567e19, "12345678901234567000"),
        ] as [(Double, String)])
    func numbersAreWrittenAsGoWritesThem(_ number: Double, _ text: String) {
        #expect(SopsNumber.text(number) == text)
    }

    @Test func flatMetadata() throws {
        let value = try FlatMetadata.value([
            "a__list_1__map_b": .string("x\\ny"), "a__list_0__map_b__map_c": .string("z"), "d": .string("1"),
        ])
        #expect(JSONWriter.text(value) == #"{"a":[{"b":{"c":"z"}},{"b":"x\ny"}],"d":"1"}"#)
        for keys in [
            ["a", "a__map_b"], ["a__list_0", "a__map_b"], ["a__list_99999999"], ["a__list_-1"], ["a__list_"],
        ] {
            let entries = ValueMap(keys.map { ($0, Value.string("")) }, uniquingKeysWith: { $1 })
            #expect(throws: SecretFailure.self) { try FlatMetadata.value(entries) }
        }
    }
}
