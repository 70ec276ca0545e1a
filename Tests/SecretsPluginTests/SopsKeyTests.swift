import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct SopsKeyTests {
    private let provider = SopsProvider()

    private func harness(_ environment: [String: String]) throws -> SecretsHarness {
        try SecretsHarness(["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 })
    }

    private func file(keys: String) throws -> String { try SopsWriter.json(["a": .sealed("x")], keys: keys) }

    /// Shares of the data key, made by a Python program of its own; their last byte is the x coordinate.
    private static let shares = [
        "cf1d520ff71eb488cd478294e7f7d2230b2f1fce8e935529cb01875a6252981711",
        "67aebcba3c6f4fa8201b0b18f1daf601b97ccaa805a5383cdaf0864c9cf4db53c9",
        "4dc40a5c48b837a0d00ce23b791aff84182e343c6125e8f215074dc42e508d42ff",
    ]
    private static let threeOfFour = [
        "8063b21bce056a7d7f1b12b31429ef186ad7ead10262bd5d0d30fda12bbf152b01",
        "274fb48bad4971cb768fa4acf3f0073e1577932790625d09e248d0d873e496bf02",
        "73c08a1cd74f51e823ebee1a190bb0fd926a842be85c275d5811bd3a8fd8956803",
        "25c90fb0999728ba10b50f7e05275f26fe594a3492715cb48b3167112490b7905a",
    ]

    private static func bytes(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test func sharesMakeTheDataKey() {
        let shares = Self.shares.map(Self.bytes)
        for pair in [[0, 1], [1, 2], [2, 0], [0, 1, 2]] {
            #expect(Shamir.combine(pair.map { shares[$0] }) == SopsWriter.dataKey)
        }
        let others = Self.threeOfFour.map(Self.bytes)
        #expect(Shamir.combine([others[3], others[0], others[2]]) == SopsWriter.dataKey)
        #expect(Shamir.combine([others[3], others[0]]) != SopsWriter.dataKey)
        let wrong: [[[UInt8]]] = [
            [], [shares[0]], [shares[0], shares[0]], [shares[0], Array(shares[1].dropLast())], [[1], [2]],
            [[1, 0], [2, 1]],
        ]
        for wrong in wrong {
            #expect(Shamir.combine(wrong) == nil)
        }
    }

    @Test func keyGroupsNeedTheirThreshold() async throws {
        let stranger = try run(["age-keygen"]).errorText.split(separator: " ").last.map(String.init) ?? ""
        let recipients = [AgeFixtures.recipient, stranger.split(separator: "\n").joined(), AgeFixtures.recipient]
        let harness = try harness(["SOPS_AGE_KEY": AgeFixtures.identity])
        func keys(_ groups: [Int], threshold: String) throws -> String {
            let members = try groups.map { index in
                let command = ["age", "-a", "-r", recipients[index]]
                let sealed = try run(command, input: Self.bytes(Self.shares[index])).text
                return #"{"age": [\#(SopsFixtures.ageKey(sealed, recipient: recipients[index]))]}"#
            }
            return #""key_groups": [\#(members.joined(separator: ", "))]\#(threshold)"#
        }
        try harness.folder.write("f.json", try file(keys: keys([1, 0, 2], threshold: #", "shamir_threshold": 2"#)))
        #expect(try await harness.fetch(provider, "sops://f.json#a") == ["x"])
        try harness.folder.write("f.json", try file(keys: keys([0, 1], threshold: #", "shamir_threshold": 2"#)))
        let value = try await harness.fetch(provider, "sops://f.json#a")[0]
        #expect(
            value.hasPrefix(
                "forbidden: sops file 'f.json' needs keys of 2 of its 2 key groups, of which 1 are at hand: "),
            "\(value)")
        // A file that says less than it takes gives no data key, and nothing is decrypted.
        try harness.folder.write("f.json", try file(keys: keys([0, 1], threshold: #", "shamir_threshold": 1"#)))
        #expect(try await harness.fetch(provider, "sops://f.json#a")[0].hasPrefix("invalid: sops file 'f.json' "))
    }

    @Test func anyRecipientOpensTheFile() async throws {
        let harness = try harness(["SOPS_AGE_KEY_CMD": "sh keys"])
        // Told the recipient, it gives the identity of the second only.
        try harness.folder.write(
            "keys",
            """
            echo $SOPS_AGE_RECIPIENT >>log
            if test $SOPS_AGE_RECIPIENT = \(AgeFixtures.recipient); then echo \(AgeFixtures.identity); fi
            """
        )
        let stranger = try AgeFixtures.encrypt(
            "0123456789abcdef0123456789abcdef", "-a", "-r",
            "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj")
        let keys =
            #""age": [\#(SopsFixtures.ageKey(String(decoding: stranger, as: UTF8.self), recipient: "age1other")), "#
            + "\(SopsFixtures.ageKey(SopsFixtures.wrappedKey))], \"kms\": [], \"pgp\": null"
        try harness.folder.write("f.json", try file(keys: keys))
        #expect(try await harness.fetch(provider, "sops://f.json#a", "sops://f.json#a") == ["x", "x"])
        #expect(try harness.folder.text("log") == "age1other\n\(AgeFixtures.recipient)\n")
    }

    @Test func aFailureNamesEachKeyAndWhatWasTried() async throws {
        let harness = try harness(["SOPS_AGE_KEY": AgeFixtures.stranger])
        let keys =
            SopsFixtures.ageKeys + #", "gcp_kms": [{"resource_id": "projects/p/key", "enc": "eA=="}], "#
            + #""hc_vault": [{"key_name": "k", "enc": "v"}], "azure_kv": [{"name": "n", "enc": "eA"}], "#
            + #""new": [{"enc": "v"}]"#
        try harness.folder.write("f.json", try file(keys: keys))
        let value = try await harness.fetch(provider, "sops://f.json#a")[0]
        #expect(
            value == """
                forbidden: sops file 'f.json' has a data key that none of the keys at hand opens: age key \
                \(AgeFixtures.recipient) is not encrypted for an identity at hand, but for 1 X25519 recipient; tried: \
                SOPS_AGE_KEY; gcp_kms key projects/p/key: it has no resource id of a key in Google Cloud KMS; \
                azure_kv key n: it has no address of an Azure Key Vault; hc_vault key k: it has no address of a Vault \
                server; new key is of a key service that ops does not know, which ops does not ask
                """)
        try harness.folder.write("f.json", try file(keys: #""age": []"#))
        #expect(
            try await harness.fetch(provider, "sops://f.json#a")
                == ["invalid: sops file 'f.json' names no key that it was encrypted for"])
    }

    /// A data key wrapped with a passphrase is nothing that sops writes: a file of hundreds would take hours.
    @Test func passphrasesAreNotTried() async throws {
        let harness = try harness(["OPS_AGE_PASSPHRASE": AgeFixtures.passphrase])
        try harness.folder.write(
            "f.json", try file(keys: #""age": ["# + SopsFixtures.ageKey(AgeFixtures.encryptedIdentity) + "]"))
        #expect(try await harness.fetch(provider, "sops://f.json#a")[0].contains("is encrypted with a passphrase"))
    }

    @Test func gpgOpensPGPKeys() async throws {
        let folder = try TemporaryFolder()
        let home = folder.path
        try run(["chmod", "700", home])
        let environment: [String: String?] = ["GNUPGHOME": home]
        let gpg = [
            "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always",
        ]
        let made = try run(
            gpg + ["--quick-gen-key", "test@example.com", "default", "default", "never"], environment: environment)
        #expect(made.status == 0, "\(made.errorText)")
        let sealed = try run(
            gpg + ["-a", "-r", "test@example.com", "-e"], environment: environment, input: SopsWriter.dataKey)
        let harness = try harness(["GNUPGHOME": home])
        let keys = #""pgp": [{"fp": "ABCD", "enc": \#(JSONWriter.text(.string(sealed.text)))}]"#
        try harness.folder.write("f.json", try file(keys: keys))
        #expect(try await harness.fetch(provider, "sops://f.json#a") == ["x"])
        try run(["gpgconf", "--kill", "all"], environment: environment)
        let empty = try TemporaryFolder()
        try run(["chmod", "700", empty.path])
        var other = harness
        other.environment["GNUPGHOME"] = empty.path
        let value = try await other.fetch(provider, "sops://f.json#a")[0]
        #expect(value.contains("opens: pgp key ABCD: 'gpg' failed with exit status 2: "), "\(value)")
        try run(["gpgconf", "--kill", "all"], environment: ["GNUPGHOME": empty.path])
        other.environment["SOPS_GPG_EXEC"] = "no-such-gpg"
        #expect(
            try await other.fetch(provider, "sops://f.json#a")[0].contains("the program 'no-such-gpg' is not installed")
        )
    }
}
