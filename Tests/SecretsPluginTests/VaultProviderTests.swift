import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultProviderTests {
    private let provider = VaultProvider(pace: VaultPace(retryDelay: .milliseconds(10)))

    @Test func manyFieldsInOneRequest() async throws {
        let vault = try await VaultDouble()
        let harness = try SecretsHarness(vault.environment)
        let values = try await harness.fetch(
            provider, "vault://secret/ci/registry#password", "vault://secret/ci/registry#user",
            "vault://secret/ci/registry#id", "vault://secret/ci/registry#a.b", "vault://secret/ci/registry#a.c.d",
            "vault://secret/ci/registry#on", "vault://secret/ci/registry#empty", "vault://secret/ci/registry#null",
            "vault://secret/ci/registry#coded?decode=base64", "vault://secret/ci/registry#usr")
        #expect(
            values == [
                "pa55-s3cret", "bob", "12345678901234567890", "dotted", "deep", "true",
                "empty: field 'empty' of 'secret/ci/registry' in Vault is empty",
                "missing: field 'null' of 'secret/ci/registry' in Vault is null", "hi",
                "missing: 'secret/ci/registry' in Vault has no field 'usr'",
            ])
        #expect(vault.paths == ["/v1/sys/internal/ui/mounts/secret/ci/registry", "/v1/secret/data/ci/registry"])
    }

    @Test func eachMountIsAskedForOnce() async throws {
        let vault = try await VaultDouble()
        let harness = try SecretsHarness(vault.environment)
        let values = try await harness.fetch(
            provider, "vault://secret/ci/registry#user", "vault://secretv1/x#k", "vault://secret/none#x",
            "vault://secret/gone#x", "vault://secret/ci/registry#user?version=1", "vault://secret/z#x")
        #expect(values.prefix(2) == ["bob", "v1-s3cret"])
        #expect(vault.paths.filter { $0.hasPrefix("/v1/sys/internal/ui/mounts/") }.count == 2)
        #expect(vault.paths.count == 8)
    }

    @Test func enginesAndMounts() async throws {
        let vault = try await VaultDouble()
        let harness = try SecretsHarness(vault.environment)
        let values = try await harness.fetch(
            provider, "vault://old/ci#password", "vault://team/kv/app one#key", "vault://secretv1/x#k",
            "vault://secret/ci/registry#password?version=1", "vault://old/ci#password?kv=1", "vault://old/none#x",
            "vault://old/ci#password?version=1", "vault://pki/ca#x")
        #expect(
            values == [
                "old-s3cret", "team-s3cret", "v1-s3cret", "first-s3cret", "old-s3cret",
                "missing: there is no 'old/none' in Vault at \(vault.server.url)",
                "invalid: 'old' is a KV version 1 engine, which keeps no versions",
                "invalid: 'pki' in Vault is a 'pki' engine; only key-value engines can be read so",
            ])
    }

    @Test func missingIsToldFromDeleted() async throws {
        let vault = try await VaultDouble()
        let harness = try SecretsHarness(vault.environment)
        let url = vault.server.url
        let values = try await harness.fetch(
            provider, "vault://secret/none#x", "vault://secret/ci/registry#x?version=2", "vault://secret/gone#x",
            "vault://secret/ci/registry#x?version=9", "vault://secret/ci/registry#x?kv=1", "vault://nowhere/x#y?kv=2",
            "vault://nowhere/x#y")
        #expect(
            values.prefix(6) == [
                "missing: there is no 'secret/none' in Vault at \(url)",
                "missing: version 2 of 'secret/ci/registry' in Vault was deleted at 2026-02-01T10:00:00Z",
                "missing: version 7 of 'secret/gone' in Vault was destroyed",
                "missing: there is no version 9 of 'secret/ci/registry' in Vault at \(url)",
                "invalid: 'secret' in Vault is a KV version 2 engine",
                "invalid: nothing is mounted at 'nowhere' in Vault at \(url)",
            ])
        #expect(values[6].hasPrefix("forbidden: "))
    }

    @Test func refusalsHoldNoToken() async throws {
        let vault = try await VaultDouble()
        let url = vault.server.url
        var harness = try SecretsHarness(["VAULT_ADDR": url, "VAULT_TOKEN": "wrong-s3cret"])
        var text = try await harness.fetch(provider, "vault://secret/ci/registry#x").joined()
        #expect(text == "forbidden: Vault at \(url) no longer accepts the token, asked for 'secret/ci/registry'")
        harness.environment["VAULT_TOKEN"] = "narrow-s3cret"
        text = try await harness.fetch(provider, "vault://secret/other#x?kv=2").joined()
        #expect(text == "forbidden: Vault at \(url) refuses 'secret/other': 1 error occurred: * permission denied")
        harness.environment["VAULT_TOKEN"] = nil
        text = try await harness.fetch(provider, "vault://secret/other#x").joined()
        #expect(text == "forbidden: there is no Vault token, and the variables are not enough for a login")
        harness.environment["VAULT_TOKEN"] = "s3cret\nX: y"
        text = try await harness.fetch(provider, "vault://secret/other#x").joined()
        #expect(text == "invalid: the value of header 'X-Vault-Token' holds a control character")
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func tokenAndAddress() async throws {
        let vault = try await VaultDouble()
        var harness = try SecretsHarness(["VAULT_ADDR": vault.server.url])
        harness.environment["HOME"] = harness.folder.path
        try harness.folder.write(".vault-token", "root-s3cret\n")
        let reference = "vault://secret/ci/registry#user"
        #expect(try await harness.fetch(provider, reference) == ["bob"])
        harness.environment["VAULT_TOKEN"] = "wrong"
        harness.environment["BAO_TOKEN"] = "root-s3cret"
        harness.environment["VAULT_NAMESPACE"] = "team/a"
        #expect(try await harness.fetch(provider, reference) == ["bob"])
        #expect(vault.server.requests.last?.header("x-vault-namespace") == "team/a")
        harness.environment["BAO_ADDR"] = "vault.example"
        #expect(
            try await harness.fetch(provider, reference) == [
                "invalid: BAO_ADDR cannot be used: the URL has no scheme"
            ])
        harness.environment = [:]
        #expect(
            try await harness.fetch(provider, reference)
                == ["invalid: VAULT_ADDR is not set, so there is no Vault server to ask"])
    }

    @Test(arguments: [412, 429, 500, 502, 503])
    func retried(_ status: Int) async throws {
        let vault = try await VaultDouble(first: [.json(status, "{}"), .json(status, "{}")])
        let harness = try SecretsHarness(vault.environment)
        #expect(try await harness.fetch(provider, "vault://secret/ci/registry#user") == ["bob"])
        #expect(vault.paths.count == 4)
    }

    @Test func givenUp() async throws {
        let reference = "vault://secret/ci/registry#user"
        let sealed = Answer.json(503, #"{"errors":["Vault is sealed"]}"#)
        for (answer, message, count) in [
            (sealed, "is sealed", 3), (.json(501, "{}"), "answered 501", 1),
            (.json(429, "{}"), "has a rate limit that was reached", 3),
            (
                .text(307, "", headers: [("Location", "http://other.example/v1/x")]),
                "redirects to http://other.example, and the token is not sent there", 1
            ),
        ] as [(Answer, String, Int)] {
            let vault = try await VaultDouble(first: [Answer](repeating: answer, count: 9))
            let harness = try SecretsHarness(vault.environment)
            let values = try await harness.fetch(provider, reference)
            #expect(values == ["unreachable: Vault at \(vault.server.url) \(message)"])
            #expect(vault.paths.count == count)
        }
    }

    @Test func notVault() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "<html>s3cret</html>") }
        var harness = try SecretsHarness(["VAULT_ADDR": server.url + "/prefix/", "VAULT_TOKEN": "t"])
        let values = try await harness.fetch(provider, "vault://secret/a#b")
        #expect(values == ["unreachable: what answers at \(server.url) is not Vault"])
        #expect(server.requests.first?.target == "/prefix/v1/sys/internal/ui/mounts/secret/a")
        harness.environment["VAULT_ADDR"] = "http://127.0.0.1:1"
        #expect(
            try await harness.fetch(provider, "vault://secret/a#b")
                == ["unreachable: Vault at http://127.0.0.1:1 refused the connection"])
    }

    @Test func certificatesAreAlwaysChecked() async throws {
        let folder = try TemporaryFolder()
        let openssl = try run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                "-days",
                "2", "-subj", "/CN=vault", "-addext", "subjectAltName=IP:127.0.0.1",
            ], in: folder.path)
        #expect(openssl.status == 0)
        let vault = try await VaultDouble(tls: (folder.path + "/cert.pem", folder.path + "/key.pem"))
        var harness = try SecretsHarness(vault.environment)
        let values = try await harness.fetch(provider, "vault://secret/ci/registry#user")
        #expect(
            values == [
                "unreachable: the certificate of Vault at \(vault.server.url) is not signed by an authority known here, or has expired"
            ])
        harness.environment["VAULT_SKIP_VERIFY"] = "true"
        #expect(
            try await harness.fetch(provider, "vault://secret/ci/registry#user")
                == ["invalid: VAULT_SKIP_VERIFY asks for TLS that is not verified, which ops never does"])
        #expect(vault.paths.isEmpty)
        harness.environment["VAULT_SKIP_VERIFY"] = nil
        harness.environment["VAULT_CACERT"] = folder.path + "/cert.pem"
        #expect(try await harness.fetch(provider, "vault://secret/ci/registry#user") == ["bob"])
    }

    @Test func probes() async throws {
        let vault = try await VaultDouble()
        var harness = try SecretsHarness(vault.environment)
        #expect(
            try await harness.probe(provider, "vault://secret/ci/registry#x") == "KV version 2, version 3 of 2026-01-31"
        )
        #expect(
            try await harness.probe(provider, "vault://secret/ci/registry#x?version=2")
                == "missing: version 2 of 'secret/ci/registry' in Vault was deleted at 2026-02-01T10:00:00Z")
        #expect(
            try await harness.probe(provider, "vault://secret/none#x")
                == "missing: there is no 'secret/none' in Vault at \(vault.server.url)")
        #expect(try await harness.probe(provider, "vault://old/ci#x") == "readable if it exists, KV version 1")
        harness.environment["VAULT_TOKEN"] = "narrow-s3cret"
        #expect(
            try await harness.probe(provider, "vault://secret/ci/registry#x")
                == "readable if it exists, KV version 2 (its versions may not be listed)")
        #expect(
            try await harness.probe(provider, "vault://secret/other#x?kv=2")
                == "forbidden: Vault at \(vault.server.url) does not allow this token to read 'secret/data/other'")
        #expect(!vault.paths.contains { $0.contains("/data/") })
    }

    @Test func presenceIsUnknown() throws {
        #expect(try SecretsHarness().presence(provider, "vault://secret/a#b") == .unknown)
    }

    @Test(arguments: [
        ("vault://secret#x", "'vault://secret#x' does not name a mount and a path in it"),
        ("vault://secret/#x", "'vault://secret/#x' does not name a mount and a path in it"),
        ("vault://secret/../sys/x#x", "'vault://secret/../sys/x#x' does not name a mount and a path in it"),
        ("vault://secret/a", "'vault://secret/a' names no field"),
        ("vault://secret/a#x?version=0", "'0' in 'vault://secret/a#x?version=0' is not a version"),
        ("vault://secret/a#x?kv=3", "there is no KV version '3'"),
        ("vault://secret/a#x?kv=1&version=2", "KV version 1 in 'vault://secret/a#x?kv=1&version=2' keeps no versions"),
        ("vault://secret/a#x?address=http", "unknown option 'address' in 'vault://secret/a#x?address=http'"),
    ])
    func wrongReferences(_ text: String, _ message: String) throws {
        let reference = try SecretReference(text)
        let error = #expect(throws: OpsError.self) { try provider.check(reference) }
        #expect(error?.message == message)
    }
}
