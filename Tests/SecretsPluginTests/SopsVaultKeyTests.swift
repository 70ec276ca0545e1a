import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// Data keys that the transit engine of a real server unwraps.
@Suite(.timeLimit(.minutes(1)), .enabled(if: RealVault.isThere, "there is no bao program")) struct SopsVaultKeyTests {
    private let vault: RealVault
    private let root: RealVault.Caller
    private let engine: String
    private let folder: TemporaryFolder

    init() async throws {
        vault = try await RealVault()
        root = RealVault.Caller(address: vault.address, token: vault.rootToken)
        engine = vault.mark + "/transit"
        folder = try TemporaryFolder()
        try await root.post("sys/mounts/\(engine)", #"{"type":"transit"}"#)
        try await root.post("\(engine)/keys/k", "{}")
        try folder.write("f.json", try await file(key: "k"))
    }

    private func close() async throws {
        _ = try await root.status("sys/mounts/\(engine)", nil, "DELETE")
        try await vault.close()
    }

    /// A file with a data key that the server wrapped.
    private func file(key: String, address: String? = nil) async throws -> String {
        let plain = Base64.encode(SopsWriter.dataKey)
        let sealed = try await root.post("\(engine)/encrypt/k", #"{"plaintext":"\#(plain)"}"#)["data"]?["ciphertext"]
        let wrapping: ValueMap = [
            "vault_address": .string(address ?? vault.address), "engine_path": .string(engine),
            "key_name": .string(key), "created_at": .string("2026-01-31T12:00:00Z"), "enc": sealed ?? .null,
        ]
        return try SopsWriter.json(
            ["a": .sealed("pa55-s3cret")], keys: #""hc_vault": [\#(JSONWriter.text(.map(wrapping)))]"#)
    }

    private func fetch(_ scene: VaultScene, _ names: String...) async throws -> [String] {
        let references = try names.map { try SecretReference("sops://\(folder.path)/\($0)#a") }
        return await SopsServiceTests.provider.fetch(references, scene.context).map(SecretsHarness.text)
    }

    @Test func oneLoginServesFilesAndSecrets() async throws {
        try folder.write("g.json", try await file(key: "k"))
        let scene = VaultScene(try #require(vault.login("approle")))
        #expect(try await fetch(scene, "f.json", "g.json") == ["pa55-s3cret", "pa55-s3cret"])
        #expect(try await scene.fetch("vault://\(vault.kv2)/ci/registry#user") == ["bob"])
        #expect(scene.heard.owed.count == 1)
        // The login ends with the run.
        #expect(await scene.end() == [])
        #expect(scene.heard.paid == scene.heard.owed)
        try await close()
    }

    @Test func refusalsNameTheServer() async throws {
        try folder.write("none.json", try await file(key: "none"))
        let scene = VaultScene(vault.environment)
        let none = try await fetch(scene, "none.json")[0]
        #expect(none.contains("hc_vault key none: Vault at \(vault.address) rejects the request for "), "\(none)")
        var stranger = vault.environment
        stranger["VAULT_TOKEN"] = "nobody"
        let refused = try await fetch(VaultScene(stranger), "f.json")[0]
        #expect(refused.contains("hc_vault key k: Vault at \(vault.address) no longer accepts the token"), "\(refused)")
        try await close()
    }

    /// Another server than that of `VAULT_ADDR` is asked where `secret-hosts` names it, and only there.
    @Test func theRecipePermitsAnotherServer() async throws {
        var environment = vault.environment
        environment["VAULT_ADDR"] = "https://vault.invalid"
        let host = try #require(vault.address.split(separator: "/").last?.split(separator: ":").first.map(String.init))
        #expect(try await fetch(VaultScene(environment, hosts: [host]), "f.json") == ["pa55-s3cret"])
        let closed = try await fetch(VaultScene(environment), "f.json")[0]
        #expect(closed.contains("it is of Vault at \(vault.address), which VAULT_ADDR does not name"), "\(closed)")
        try folder.write("plain.json", try await file(key: "k", address: "http://vault.invalid"))
        let plain = try await fetch(VaultScene(environment, hosts: ["vault.invalid"]), "plain.json")[0]
        #expect(plain.contains("http://vault.invalid has no TLS"), "\(plain)")
        try await close()
    }
}
