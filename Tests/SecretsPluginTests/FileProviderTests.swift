import Glibc
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct FileProviderTests {
    private let provider = FileProvider()

    @Test(arguments: [
        ("plain", "plain"), ("one\n", "one"), ("two\n\n", "two\n"), ("windows\r\n", "windows"), (" kept \n", " kept "),
        ("\n", "empty: file 'f' is empty"), ("", "empty: file 'f' is empty"),
    ])
    func oneLineBreakAtTheEndGoes(_ content: String, _ expected: String) async throws {
        let harness = try SecretsHarness()
        try harness.folder.write("f", content)
        #expect(try await harness.fetch(provider, "file://f") == [expected])
    }

    @Test func places() async throws {
        var harness = try SecretsHarness()
        try harness.folder.write("d/f", "relative")
        harness.environment["HOME"] = harness.folder.path + "/d"
        let values = try await harness.fetch(
            provider, "file://d/f", "file://\(harness.folder.path)/d/f", "file://~/f", "file://none", "file://d/f/x",
            "file://d")
        #expect(
            values == [
                "relative", "relative", "relative", "missing: file 'none' does not exist",
                "missing: file 'd/f/x' does not exist", "invalid: file 'd' is not a regular file",
            ])
        #expect(try harness.presence(provider, "file://d/f") == .present)
        #expect(try harness.presence(provider, "file://none") == .missing)
        #expect(try harness.presence(provider, "file://d/f#x") == .unknown)
        #expect(try await harness.probe(provider, "file://d/f") == "readable")
    }

    @Test func fields() async throws {
        let harness = try SecretsHarness()
        try harness.folder.write(
            "f.json",
            #"{"a.b":"dotted","a":{"b":"nested","c":"c"},"big":12345678901234567890,"n":5.10,"t":true,"z":null,"e":"","l":[{"k":"v"}],"x.y":{"z.w":"inner"},"x":{"q":1}}"#
        )
        let values = try await harness.fetch(
            provider, "file://f.json#a.b", "file://f.json#a.c", "file://f.json#big", "file://f.json#n",
            "file://f.json#t",
            "file://f.json#z", "file://f.json#e", "file://f.json#l.0.k", "file://f.json#l.1.k", "file://f.json#a",
            "file://f.json#bg", "file://f.json#x.y.z.w", "file://f.json#x.q")
        #expect(
            values == [
                "dotted", "c", "12345678901234567890", "5.10", "true", "missing: field 'z' of file 'f.json' is null",
                "empty: field 'e' of file 'f.json' is empty", "v", "missing: file 'f.json' has no field 'l.1.k'",
                #"{"b":"nested","c":"c"}"#, "missing: file 'f.json' has no field 'bg'", "inner",
                "1",
            ])
        #expect(try await harness.probe(provider, "file://f.json#t") == "readable, has field 't'")
    }

    @Test func fieldsOfYAML() async throws {
        let harness = try SecretsHarness()
        try harness.folder.write(
            "f.yaml",
            """
            # A comment.
            a.b: dotted
            a: { b: nested, c: 'c' }
            big: 12345678901234567890
            n: 5.10
            zero: 007
            no: no
            z: ~
            e: ""
            key: |
              line one
              line two
            l: [ { k: v } ]
            """)
        let values = try await harness.fetch(
            provider, "file://f.yaml#a.b", "file://f.yaml#a.c", "file://f.yaml#big", "file://f.yaml#n",
            "file://f.yaml#zero", "file://f.yaml#no", "file://f.yaml#z", "file://f.yaml#e", "file://f.yaml#key",
            "file://f.yaml#l.0.k", "file://f.yaml#a", "file://f.yaml#a.d")
        #expect(
            values == [
                "dotted", "c", "12345678901234567890", "5.10", "007", "no",
                "missing: field 'z' of file 'f.yaml' is null", "empty: field 'e' of file 'f.yaml' is empty",
                "line one\nline two\n", "v", #"{"b":"nested","c":"c"}"#, "missing: file 'f.yaml' has no field 'a.d'",
            ])
    }

    @Test func theNameSaysHowAFileIsRead() async throws {
        let harness = try SecretsHarness()
        for name in ["f", "f.json", "f.yml"] { try harness.folder.write(name, "k: v\n") }
        for name in ["g", "g.json", "g.yml"] { try harness.folder.write(name, #"{"k":"v\/"}"#) }
        let values = try await harness.fetch(
            provider, "file://f#k", "file://f.json#k", "file://f.yml#k", "file://g#k", "file://g.json#k",
            "file://g.yml#k")
        #expect(
            values == [
                "v", "invalid: file 'f.json' is no map or list in JSON, of which '#k' selects a member", "v", "v/",
                "v/", "v/",
            ])
    }

    @Test func messagesHoldNoContent() async throws {
        let harness = try SecretsHarness()
        for content in [
            #"{"s3cret":1,"s3cret":2}"#, "s3cret", #"{"k":"s3cret"#, "s3cret: 1\ns3cret: 2\n", "a: *s3cret",
        ] {
            try harness.folder.write("f", content)
            let text = try await harness.fetch(provider, "file://f#k", "file://f?decode=base64").joined()
            #expect(text.contains("invalid: ") && !text.contains("s3cret"), "\(text)")
        }
    }

    @Test func pipesAndLargeFilesAreRefused() async throws {
        let harness = try SecretsHarness()
        #expect(mkfifo(harness.folder.path + "/pipe", 0o600) == 0)
        try harness.folder.write("large", [UInt8](repeating: 0x61, count: 1 << 20 + 1))
        let values = try await harness.fetch(provider, "file://pipe", "file://large")
        #expect(values[0] == "invalid: file 'pipe' is not a regular file")
        #expect(values[1].hasPrefix("invalid: ") && values[1].hasSuffix("is larger than 1.0 MB"))
    }

    @Test func decodes() async throws {
        let harness = try SecretsHarness()
        try harness.folder.write("f", "aGVs\nbG8K\n")
        #expect(try await harness.fetch(provider, "file://f?decode=base64") == ["hello\n"])
    }
}
