import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct SopsProviderTests {
    private let provider = SopsProvider()

    private func harness() throws -> SecretsHarness { try SecretsHarness(["SOPS_AGE_KEY": AgeFixtures.identity]) }

    @Test func aFileWrittenByAnotherProgramIsRead() async throws {
        let harness = try harness()
        try harness.folder.write("f.yaml", SopsFixtures.golden)
        let values = try await harness.fetch(
            provider, "sops://f.yaml#database.user", "sops://f.yaml#database.password",
            "sops://f.yaml#database.ports.1",
            "sops://f.yaml#database.tls", "sops://f.yaml#database.ratio", "sops://f.yaml#id", "sops://f.yaml#list.1.a",
            "sops://f.yaml#note_unencrypted", "sops://f.yaml#count_unencrypted", "sops://f.yaml#database.ports",
            "sops://f.yaml#database.none", "sops://f.yaml#gone", "sops://f.yaml#sops", "sops://f.yaml#database.usr")
        #expect(
            values == [
                "app", "p: ss\nword ✓", "5433", "true", "0.25", "12345678901234567", "y", "in the clear", "7",
                "[5432,5433]", "empty: field 'database.none' of sops file 'f.yaml' is empty",
                "missing: field 'gone' of sops file 'f.yaml' is null",
                "missing: sops file 'f.yaml' has no field 'sops'",
                "missing: sops file 'f.yaml' has no field 'database.usr'",
            ])
        // Once for the file, not for each value.
        let warning = """
            warning: sops file 'f.yaml': its MAC does not cover the names of keys that are not encrypted: whoever can \
            write the file can rename and move these unseen: 'database.none', 'note_unencrypted', 'count_unencrypted', \
            'off_unencrypted', 'gone'
            """
        #expect(harness.log.text == warning)
    }

    @Test(arguments: [
        ("data:dg==,iv", "data:dw==,iv", "holds 'list.a', which does not decrypt"),
        ("    user: ENC", "    usre: ENC", "holds 'database.usre', which does not decrypt"),
        ("note_unencrypted: in the clear", "note_unencrypted: in the dark", "has another MAC than its values"),
        ("count_unencrypted: 7", "count_unencrypted: 8", "has another MAC than its values"),
        ("off_unencrypted: false", "off_unencrypted: true", "has another MAC than its values"),
        ("count_unencrypted: 7\n", "", "has another MAC than its values"),
        ("gone: null\n", "gone_unencrypted: x\n", "has another MAC than its values"),
        ("    none: ''", "    none: evil", "holds 'database.none' in plain text, which should be encrypted"),
        ("    none: ''", "    none: 7", "holds 'database.none' in plain text, which should be encrypted"),
        ("mac: ENC", "other: ENC", "has no MAC"),
        ("lastmodified: '2026-01", "lastmodified: '2027-01", "has a MAC that"),
        ("unencrypted_suffix: _un", "unencrypted_suffix: note_un", "holds 'count_unencrypted' in plain text"),
        ("\nsops:", "\nspos:", "is not encrypted with sops"),
        ("\ngone: null", "\ngone: [", "is no YAML that can be read"),
        ("-----BEGIN AGE", "-----BEGIN OLD", "has a data key that none of the keys at hand opens"),
    ])
    func aChangedFileIsRefused(_ old: String, _ new: String, _ problem: String) async throws {
        let harness = try harness()
        #expect(SopsFixtures.golden.contains(old))
        try harness.folder.write("f.yaml", SopsFixtures.golden.replacing(old, with: new, maxReplacements: 1))
        let value = try await harness.fetch(provider, "sops://f.yaml#database.user")[0]
        #expect(value.contains(": sops file 'f.yaml' \(problem)"), "\(value)")
        #expect(!value.contains("in the dark") && !value.contains("evil"))
    }

    @Test func valuesOfAListCannotChangePlaces() async throws {
        let harness = try harness()
        var lines = SopsFixtures.golden.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = try #require(lines.firstIndex { $0.hasPrefix("    - ENC") })
        lines.swapAt(first, first + 1)
        try harness.folder.write("f.yaml", lines.joined(separator: "\n"))
        let value = try await harness.fetch(provider, "sops://f.yaml#database.user")[0]
        #expect(value.contains("has another MAC than its values"), "\(value)")
    }

    /// sops itself does not see it either: the warning is all there is.
    @Test func aRenamedPlainKeyIsWarnedAbout() async throws {
        let harness = try harness()
        try harness.folder.write(
            "f.yaml", SopsFixtures.golden.replacing("note_unencrypted:", with: "admin_unencrypted:"))
        #expect(try await harness.fetch(provider, "sops://f.yaml#admin_unencrypted") == ["in the clear"])
        #expect(harness.log.text.contains("'admin_unencrypted'"))
    }

    @Test func aFullyEncryptedFileNeedsNoWarning() async throws {
        let harness = try harness()
        try harness.folder.write("f.json", SopsWriter.json(["a": .sealed("x"), "b": .sealed("y")]))
        #expect(try await harness.fetch(provider, "sops://f.json#a", "sops://f.json#b") == ["x", "y"])
        #expect(harness.log.text == "")
    }

    @Test func macOverEncryptedValuesOnly() async throws {
        let harness = try harness()
        let members: KeyValuePairs = ["a": SopsWriter.Leaf.sealed("x"), "b_unencrypted": .text("y")]
        let text = try SopsWriter.json(members, macOnlyEncrypted: true)
        try harness.folder.write("f.json", text.replacing("\"y\"", with: "\"changed\""))
        #expect(try await harness.fetch(provider, "sops://f.json#b_unencrypted") == ["changed"])
        #expect(
            harness.log.text == """
                warning: sops file 'f.json': its MAC covers only encrypted values (mac_only_encrypted): whoever can \
                write the file can change, rename, add and remove other keys unseen, such as 'b_unencrypted'
                """)
        // What the MAC is over cannot be switched in the file.
        for other in [
            text.replacing(#""mac_only_encrypted": true,"#, with: ""),
            try SopsWriter.json(members, metadata: #""mac_only_encrypted": true,"#),
        ] {
            try harness.folder.write("f.json", other)
            #expect(try await harness.fetch(provider, "sops://f.json#a")[0].contains("has another MAC than its values"))
        }
    }

    @Test(arguments: [
        ("", ["a", "x_unencrypted"], "x_unencrypted"), (#""unencrypted_suffix": "_p","#, ["a", "b_p"], "b_p"),
        (#""encrypted_suffix": "_s","#, ["a", "b_s"], "a"), (#""unencrypted_regex": "^(b|c)$","#, ["a", "b"], "b"),
        (#""encrypted_regex": "(?i)PASS","#, ["a", "my_pass"], "a"),
        (#""unencrypted_comment_regex": "plain","#, ["a", "b"], "b"),
        (#""encrypted_comment_regex": "sec","#, ["a", "b"], "b"),
    ])
    func rulesSayWhatIsEncrypted(_ rule: String, _ keys: [String], _ plain: String) async throws {
        let harness = try harness()
        func leaf(_ key: String) -> SopsWriter.Leaf { key == plain ? .text("1") : .sealed("2") }
        try harness.folder.write(
            "f.json", SopsWriter.json([keys[0]: leaf(keys[0]), keys[1]: leaf(keys[1])], metadata: rule))
        let values = try await harness.fetch(provider, "sops://f.json#\(keys[0])", "sops://f.json#\(keys[1])")
        #expect(values == keys.map { $0 == plain ? "1" : "2" })
    }

    @Test func rulesThatCannotBeFollowedAreErrors() async throws {
        let harness = try harness()
        for (rule, problem) in [
            (#""encrypted_suffix": "a", "encrypted_regex": "b","#, "has more than one rule of what is encrypted"),
            (#""encrypted_regex": "(a","#, "has a 'encrypted_regex' that is not understood: (a"),
        ] {
            try harness.folder.write("f.json", SopsWriter.json(["a": .sealed("x")], metadata: rule))
            let value = try await harness.fetch(provider, "sops://f.json#a")[0]
            #expect(value.hasPrefix("invalid: sops file 'f.json' \(problem)"), "\(value)")
        }
    }

    @Test func largeNumbersKeepTheirDigits() async throws {
        let harness = try harness()
        let digits = "12345678901234567890"
        let cases: [SopsWriter.Leaf] = [
            .sealed(digits, type: "int"), .plain(digits, covered: digits),
            .plain(digits, covered: "12345678901234567000"),
        ]
        for leaf in cases {
            let key = if case .sealed = leaf { "n" } else { "n_unencrypted" }
            try harness.folder.write("f.json", SopsWriter.json([key: leaf]))
            let value = try await harness.fetch(provider, "sops://f.json#\(key)")
            #expect(value == [digits])
        }
        #expect(harness.log.text.contains("its MAC covers large numbers only as sops rounds them"))
    }

    @Test func whatAReferenceSaysIsChecked() async throws {
        let harness = try harness()
        for (reference, problem) in [
            ("sops://f.yaml", "'sops://f.yaml' names no field"), ("sops://f.env", "names no field"),
            ("sops://f#a?format=xml", "sops knows no format 'xml'"), ("sops://f?format=json", "names no field"),
            ("sops://f?formt=json", "unknown option 'formt'"),
        ] {
            await #expect(throws: OpsError.self) { try await harness.fetch(provider, reference) }
            do throws(OpsError) { try provider.check(try SecretReference(reference)) } catch {
                #expect(error.message.contains(problem))
            }
        }
        #expect(try harness.presence(provider, "sops://none.yaml#a") == .missing)
        #expect(
            try await harness.fetch(provider, "sops://none.yaml#a") == ["missing: sops file 'none.yaml' does not exist"]
        )
    }

    @Test func aProbeDecryptsNoValue() async throws {
        let harness = try harness()
        // Its values are damaged: a probe that decrypted them would say so.
        let text = try SopsWriter.json(["a": .sealed("x"), "z": .plain("null", covered: nil)])
        try harness.folder.write("f.json", text.replacing(",tag:", with: ",gat:"))
        #expect(try await harness.probe(provider, "sops://f.json#a") == "a key at hand opens it, has field 'a'")
        #expect(try await harness.probe(provider, "sops://f.json#b") == "missing: sops file 'f.json' has no field 'b'")
        let probe = await provider.probe(try SecretReference("sops://f.json#a"), harness.context)
        #expect(try probe.get().version == SopsWriter.modified)
        let stranger = try SecretsHarness()
        try stranger.folder.write("f.json", text)
        #expect(
            try await stranger.probe(provider, "sops://f.json#a").hasPrefix(
                "forbidden: sops file 'f.json' has a data key"))
    }
}
