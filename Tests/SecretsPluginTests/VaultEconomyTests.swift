import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultEconomyTests {
    @Test func fiftyReferencesCostOneLoginAndOneRequestAPath() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene([
            "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret",
        ])
        let fields = ["user", "password", "id", "a.b", "on"]
        let references = (0..<50).map { index in
            index % 2 == 0
                ? "vault://secret/ci/registry#\(fields[index / 2 % 5])" : "vault://secret/app-\(index % 20)#x"
        }
        // As two tasks would ask at a time, and a third one later.
        async let first = scene.fetch(Array(references[..<30]))
        async let second = scene.fetch(Array(references[20...]))
        let values = try await first + second
        #expect(values.filter { $0 == "bob" }.count == 6)
        #expect(values.filter { $0.hasPrefix("missing: there is no 'secret/app-") }.count == 30)
        _ = try await scene.fetch(references)
        let paths = vault.paths
        #expect(Set(paths).count == paths.count)
        // A login, the mount, and 11 paths, misses too.
        #expect(paths.count == 13)
        #expect(paths.filter { $0.contains("/login") }.count == 1)
    }

    @Test func probesShareTheirQuestions() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment.merging(["VAULT_TOKEN": "narrow-s3cret"]) { $1 })
        let first = try await scene.probe("vault://secret/ci/registry#user").get()
        #expect(first.text == "readable if it exists, KV version 2 (its versions may not be listed)")
        // The token that was given ends in two hours.
        let left = try #require(first.expires) - Timestamp.now
        #expect(left > 7100 && left <= 7200)
        _ = try await scene.probe("vault://secret/ci/registry#password")
        #expect(vault.count("sys/capabilities-self") == 1 && vault.count("secret/metadata") == 1)
        #expect(!vault.paths.contains { $0.contains("/data/") })
    }

    @Test func dynamicSecretsAreProbedUnmade() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        #expect(
            try await scene.probe("vault://database/creds/ci#username?read=dynamic").get().text
                == "may be read, which makes a secret each time")
        #expect(
            try await scene.probe("vault://pki/issue/web#private_key?write=dynamic&common_name=a").get().text
                == "may be written to, which makes a secret each time")
        #expect(vault.count("database/") == 0 && vault.count("pki/") == 0)
        let narrow = VaultScene(vault.environment.merging(["VAULT_TOKEN": "narrow-s3cret"]) { $1 })
        let result = try await narrow.probe("vault://database/creds/ci#username?read=dynamic")
        #expect(throws: SecretFailure.self) { try result.get() }
    }

    @Test(arguments: [
        ("2026-01-31T10:00:00Z", 1_769_853_600.0), ("2026-01-31T10:00:00.123456789Z", 1_769_853_600),
        ("2026-01-31T12:00:00.5+02:00", 1_769_853_600), ("2026-01-31T04:30:00-05:30", 1_769_853_600),
    ])
    func times(_ text: String, _ seconds: Double) {
        #expect(VaultTime.seconds(text) == seconds)
        #expect(VaultTime.seconds(text + "?") == nil)
    }
}
