import Logging
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct AgeProviderTests {
    private let provider = AgeProvider()

    private func harness(_ environment: [String: String] = ["SOPS_AGE_KEY": AgeFixtures.identity]) throws
        -> SecretsHarness
    {
        var harness = try SecretsHarness()
        harness.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": harness.folder.path + "/home"]
            .merging(environment) { $1 }
        return harness
    }

    @Test func whatDebiansAgeEncryptsIsRead() async throws {
        let harness = try harness()
        try harness.folder.write("a.age", AgeFixtures.encrypt("one\n", "-r", AgeFixtures.recipient))
        try harness.folder.write("b.age", AgeFixtures.encrypt(" two\n\n", "-a", "-r", AgeFixtures.recipient))
        let large = String(repeating: "0123456789abcdef", count: 10_000)
        try harness.folder.write("c.age", AgeFixtures.encrypt(large, "-r", AgeFixtures.recipient))
        try harness.folder.write("d.age", AgeFixtures.encrypt("", "-r", AgeFixtures.recipient))
        let values = try await harness.fetch(provider, "age://a.age", "age://b.age", "age://c.age", "age://d.age")
        #expect(values == ["one", " two\n", large, "empty: age file 'd.age' is empty"])
        #expect(try harness.presence(provider, "age://a.age") == .unknown)
        #expect(try harness.presence(provider, "age://none.age") == .missing)
        #expect(
            try await harness.probe(provider, "age://a.age")
                == "an identity at hand opens it, encrypted for 1 X25519 recipient")
    }

    @Test func fieldsAreSelected() async throws {
        let harness = try harness()
        let yaml = "a.b: dotted\na: { b: nested, c: c }\nbig: 12345678901234567890\n"
        try harness.folder.write("f.yaml.age", AgeFixtures.encrypt(yaml, "-r", AgeFixtures.recipient))
        try harness.folder.write("f.age", AgeFixtures.encrypt(#"{"k":"aGVsbG8="}"#, "-r", AgeFixtures.recipient))
        let values = try await harness.fetch(
            provider, "age://f.yaml.age#a.b", "age://f.yaml.age#a.c", "age://f.yaml.age#big",
            "age://f.age#k?decode=base64",
            "age://f.age#x")
        #expect(
            values == ["dotted", "c", "12345678901234567890", "hello", "missing: age file 'f.age' has no field 'x'"])
    }

    @Test(arguments: [
        ["-t", "ed25519"], ["-t", "rsa", "-b", "2048"], ["-t", "rsa", "-b", "3072", "-m", "PEM"],
        ["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
    ])
    func sshKeysOpenFiles(_ kind: [String]) async throws {
        var harness = try harness(["SOPS_AGE_KEY": AgeFixtures.stranger])
        try harness.folder.write("home/.ssh/none", "")
        let key = harness.folder.path + "/home/.ssh/\(kind[1] == "rsa" ? "id_rsa" : "id_ed25519")"
        try run(["ssh-keygen", "-q", "-N", "", "-f", key] + kind)
        try harness.folder.write("a.age", AgeFixtures.encrypt("for ssh", "-R", key + ".pub"))
        #expect(
            try await harness.fetch(provider, "age://a.age", "age://a.age?identity=\(key)") == ["for ssh", "for ssh"])
        harness.environment["HOME"] = nil
        #expect(try await harness.fetch(provider, "age://a.age")[0].hasPrefix("forbidden: "))
        harness.environment["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] = key
        #expect(try await harness.fetch(provider, "age://a.age") == ["for ssh"])
    }

    @Test func sshKeysThatDoNotServeAreNamed() async throws {
        let harness = try harness([:])
        let folder = harness.folder.path
        for (name, options) in [
            ("locked", ["-t", "ed25519", "-N", "s3cret"]), ("lockedpem", ["-t", "rsa", "-m", "PEM", "-N", "s3cret"]),
            ("ecdsa", ["-t", "ecdsa", "-N", ""]), ("other", ["-t", "ed25519", "-N", ""]),
            ("mine", ["-t", "ed25519", "-N", ""]),
        ] { try run(["ssh-keygen", "-q", "-f", folder + "/" + name] + options) }
        try harness.folder.write("a.age", AgeFixtures.encrypt("x", "-R", folder + "/mine.pub"))
        try harness.folder.write("cut", String(harness.folder.text("mine").prefix(200)))
        let values = try await harness.fetch(
            provider, "age://a.age?identity=locked", "age://a.age?identity=lockedpem", "age://a.age?identity=ecdsa",
            "age://a.age?identity=other", "age://a.age?identity=cut", "age://a.age?identity=none")
        for (value, expected) in zip(
            values,
            [
                "; 'locked' is an SSH key with a passphrase, which ops does not ask for",
                "; 'lockedpem' is an SSH key with a passphrase, which ops does not ask for",
                "; 'ecdsa' is no SSH key that age knows", "; tried: 'other'", "; 'cut' is an SSH key that is cut off",
                "; 'none' does not exist",
            ])
        {
            #expect(value.hasPrefix("forbidden: age file 'a.age' is not encrypted for an identity at hand, but for "))
            #expect(value.contains("ssh-ed25519 keys with the fingerprints ") && value.hasSuffix(expected), "\(value)")
        }
    }

    @Test func identitiesComeFromWhereSopsLooks() async throws {
        let sealed = try AgeFixtures.encrypt("x", "-r", AgeFixtures.recipient)
        let lines = "# a comment\n\n\(AgeFixtures.stranger)\n  \(AgeFixtures.identity)\r\n"
        for (file, variables) in [
            ("home/.config/sops/age/keys.txt", [:]), ("xdg/sops/age/keys.txt", ["XDG_CONFIG_HOME": "@/xdg"]),
            ("keys", ["SOPS_AGE_KEY_FILE": "@/keys"]), ("keys", ["SOPS_AGE_KEY_CMD": #"sh -c "cat '@/keys'""#]),
        ] as [(String, [String: String])] {
            var harness = try harness(["SOPS_AGE_KEY": AgeFixtures.stranger])
            for (name, value) in variables {
                harness.environment[name] = value.replacing("@", with: harness.folder.path)
            }
            try harness.folder.write("a.age", sealed)
            #expect(try await harness.fetch(provider, "age://a.age")[0].hasPrefix("forbidden: "))
            try harness.folder.write(file, lines)
            #expect(try await harness.fetch(provider, "age://a.age") == ["x"], "\(variables)")
            // The option alone counts.
            try harness.folder.write("stranger", AgeFixtures.stranger)
            #expect(try await harness.fetch(provider, "age://a.age?identity=stranger")[0].hasPrefix("forbidden: "))
        }
    }

    @Test func theCommandRunsOnceAndOnlyWhereItIsNeeded() async throws {
        var harness = try harness()
        try harness.folder.write("keys", "echo run >>log; echo \(AgeFixtures.identity)")
        harness.environment["SOPS_AGE_KEY_CMD"] = "sh keys"
        for name in ["a", "b"] {
            try harness.folder.write("\(name).age", AgeFixtures.encrypt(name, "-r", AgeFixtures.recipient))
        }
        let references = ["age://a.age", "age://b.age", "age://a.age"]
        #expect(try await harness.fetch(provider, references[0], references[1]) == ["a", "b"])
        #expect(!harness.folder.exists("log"))
        harness.environment["SOPS_AGE_KEY"] = nil
        #expect(try await harness.fetch(provider, references[0], references[1], references[2]) == ["a", "b", "a"])
        #expect(try harness.folder.text("log") == "run\n")
        harness.environment["SOPS_AGE_KEY_CMD"] = "sh -c 'echo s3cret; exit 3'"
        let value = try await harness.fetch(provider, references[0])[0]
        #expect(value.hasSuffix("; SOPS_AGE_KEY_CMD: failed with exit status 3"), "\(value)")
        harness.environment["SOPS_AGE_KEY_CMD"] = "sh -c 'echo"
        #expect(try await harness.fetch(provider, references[0])[0].hasSuffix("is no command: a quote is not closed"))
    }

    @Test func passphrases() async throws {
        var harness = try harness([:])
        try harness.folder.write("a.age", AgeFixtures.encryptedIdentity)
        #expect(
            try await harness.fetch(provider, "age://a.age")
                == ["forbidden: age file 'a.age' is encrypted with a passphrase"])
        harness.environment["OPS_AGE_PASSPHRASE"] = "wrong horse"
        #expect(
            try await harness.fetch(provider, "age://a.age") == [
                "forbidden: age file 'a.age' is encrypted with another passphrase; tried: OPS_AGE_PASSPHRASE"
            ])
        harness.environment["OPS_AGE_PASSPHRASE"] = AgeFixtures.passphrase
        #expect(try await harness.fetch(provider, "age://a.age") == [AgeFixtures.identity])
    }

    @Test func aFileOfIdentitiesMayBeEncrypted() async throws {
        var harness = try harness([:])
        try harness.folder.write("keys.age", AgeFixtures.encryptedIdentity)
        try harness.folder.write("a.age", AgeFixtures.encrypt("x", "-r", AgeFixtures.recipient))
        let reference = "age://a.age?identity=keys.age"
        #expect(try await harness.fetch(provider, reference)[0].hasSuffix("; 'keys.age' is encrypted with age"))
        harness.environment["OPS_AGE_PASSPHRASE"] = "wrong horse"
        #expect(
            try await harness.fetch(provider, reference)[0].contains("OPS_AGE_PASSPHRASE does not hold its passphrase"))
        harness.environment["OPS_AGE_PASSPHRASE"] = AgeFixtures.passphrase
        #expect(try await harness.fetch(provider, reference) == ["x"])
    }

    @Test func nothingOfADamagedFileIsGiven() async throws {
        let harness = try harness()
        let text = String(repeating: "s3cret ", count: 20_000)
        let whole = try AgeFixtures.encrypt(text, "-r", AgeFixtures.recipient)
        var changed = whole
        changed[whole.count - 20] ^= 1
        for (bytes, problem) in [
            (Array(whole.dropLast()), "is cut off, or its content was changed after it was encrypted"),
            // Two whole chunks of three.
            (Array(whole.prefix(whole.count - text.utf8.count % 65536 - 16)), "is cut off, or its content was changed"),
            (changed, "is cut off, or its content was changed"),
            (Array(whole.prefix(180)), "is cut off behind its header"),
            (Array(whole.prefix(80)), "has a malformed header: it is cut off"), ([], "is empty"),
            (Array("s3cret\n".utf8), "is no age file: it starts neither as one nor with its PEM header"),
        ] {
            try harness.folder.write("a.age", bytes)
            let value = try await harness.fetch(provider, "age://a.age")[0]
            #expect(value.hasPrefix("invalid: age file 'a.age' \(problem)") && !value.contains("s3cret"), "\(value)")
        }
    }

    @Test func identitiesThatAreNoneAreNamedWithoutBeingQuoted() async throws {
        let harness = try harness([:])
        try harness.folder.write("a.age", AgeFixtures.encrypt("x", "-r", AgeFixtures.recipient))
        for (line, problem) in [
            (AgeFixtures.recipient, "holds a recipient in line 2, which only encrypts"),
            (AgeFixtures.identity.replacing("UKEAS", with: "UKEAT"), "holds no identity of age in line 2"),
            (AgeFixtures.identity.replacing("UKEAS", with: "ukeas"), "holds no identity of age in line 2"),
            ("hunter2", "holds no identity of age in line 2"),
            ("AGE-PLUGIN-YUBIKEY-1Q", "holds an identity of an age plugin in line 2, which ops does not run"),
        ] {
            try harness.folder.write("keys", "#\n" + line)
            let value = try await harness.fetch(provider, "age://a.age?identity=keys")[0]
            #expect(value.hasSuffix("but for 1 X25519 recipient; 'keys' \(problem)"), "\(value)")
            #expect(!value.contains(line))
        }
    }

    @Test func hostileFilesAreRefused() async throws {
        var harness = try harness()
        harness.environment["OPS_AGE_PASSPHRASE"] = "x"
        let share = "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
        let stanza = "-> X25519 \(share)\n\(share)\n"
        let end = "--- \(share)\n0123456789abcdef"
        let start = "age-encryption.org/v1\n"
        try harness.folder.write("many.age", start + String(repeating: stanza, count: 40_000) + end)
        try harness.folder.write("work.age", start + "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 21\n\(share)\n" + end)
        let values = try await harness.fetch(provider, "age://many.age", "age://work.age")
        #expect(values[0] == "invalid: age file 'many.age' has more recipients than are tried")
        #expect(values[1].hasPrefix("invalid: age file 'work.age' asks for too much work"))
    }

    @Test func keysAndPassphrasesAreMasked() async throws {
        let masked = TestLog()
        let logger = masked.logger
        let session = SecretSession(
            SecretSession.Listener(masks: { name, bytes in
                logger.info("\(name)=\(String(decoding: bytes, as: UTF8.self))")
            }))
        let harness = try harness(["SOPS_AGE_KEY": "#\n" + AgeFixtures.identity, "OPS_AGE_PASSPHRASE": "pass phrase"])
        try harness.folder.write("a.age", AgeFixtures.encrypt("x", "-r", AgeFixtures.recipient))
        var context = harness.context
        context.session = session
        _ = await provider.fetch([try SecretReference("age://a.age")], context)
        #expect(masked.text.contains("SOPS_AGE_KEY=" + AgeFixtures.identity))
        #expect(masked.text.contains("OPS_AGE_PASSPHRASE=pass phrase"))
    }

    @Test(
        arguments: [
            ("a  b", ["a", "b"]), (#"a 'b "c' "d 'e""#, ["a", #"b "c"#, "d 'e"]),
            (#"a\ b "c\"d\e""#, ["a b", #"c"d\e"#]),
            ("''", [""]), ("a 'b", nil), (#"a\"#, nil), (" ", []),
        ] as [(String, [String]?)])
    func commandsAreSplitIntoWords(_ text: String, _ words: [String]?) {
        #expect(CommandWords.split(text) == words)
    }
}
