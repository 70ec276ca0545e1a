import HTTPTestServer
import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// Data keys that services unwrap: which are asked, and what is said where none does.
@Suite(.timeLimit(.minutes(1))) struct SopsServiceTests {
    static let provider = SopsProvider(
        services: SopsKeyServices(
            retryDelay: .milliseconds(5), vaultPace: VaultPace(retryDelay: .milliseconds(10), clock: HandClock())))

    /// Writes a file whose data key is wrapped as said, and asks for its value.
    static func fetch(
        _ harness: SecretsHarness, hosts: [String]? = nil, _ kind: String, _ wrappings: [ValueMap]
    ) async throws -> String {
        let keys = #""\#(kind)": "# + JSONWriter.text(.list(wrappings.map { .map($0) }))
        try harness.folder.write("f.json", try SopsWriter.json(["a": .sealed("pa55-s3cret")], keys: keys))
        var context = harness.context
        context.hosts = hosts.map { SecretHosts($0) }
        return await provider.fetch([try SecretReference("sops://f.json#a")], context).map(SecretsHarness.text)[0]
    }

    /// Names that lead elsewhere are refused before anything is sent.
    @Test func whatNamesNoKeyIsRefused() async throws {
        let harness = try SecretsHarness([
            "VAULT_ADDR": "https://vault.example.com", "VAULT_TOKEN": "t-s3cret", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "k-s3cret", "NO_GCE_CHECK": "true",
        ])
        let azure = "https://evil.example.com"
        let cases: [(String, ValueMap, String)] = [
            ("kms", ["arn": .string("arn:aws:kms:evil.example.com/:1:key/k")], "it has no ARN of a key in AWS KMS"),
            ("kms", ["arn": .string("arn:aws:ssm:eu-west-1:1:key/k")], "it has no ARN of a key in AWS KMS"),
            (
                "kms", ["arn": .string("arn:aws:kms:eu-west-1:1:key/k"), "enc": .string("%")],
                "its encrypted data key is not base64"
            ),
            (
                "gcp_kms", ["resource_id": .string("projects/p/key")],
                "it has no resource id of a key in Google Cloud KMS"
            ),
            (
                "gcp_kms", ["resource_id": .string("projects/p/locations/../keyRings/r/cryptoKeys/k")],
                "it has no resource id of a key in Google Cloud KMS"
            ),
            (
                "azure_kv", ["vault_url": .string("http://v.vault.azure.net"), "name": .string("k")],
                "it has no address of an Azure Key Vault"
            ),
            (
                "azure_kv", ["vault_url": .string("https://v.vault.azure.net"), "name": .string("../k")],
                "it does not name a key in Azure"
            ),
            (
                "azure_kv", ["vault_url": .string(azure), "name": .string("k")],
                "'evil.example.com' is not the host of a Key Vault"
            ),
            ("hc_vault", ["vault_address": .string("vault")], "it has no address of a Vault server"),
            (
                "hc_vault", ["vault_address": .string("https://evil.example.com")],
                "it is of Vault at https://evil.example.com, which VAULT_ADDR does not name, so no token is sent there"
            ),
            (
                "hc_vault",
                [
                    "vault_address": .string("https://vault.example.com:443"), "engine_path": .string(".."),
                    "key_name": .string("k"),
                ],
                "it does not name a transit engine in Vault and a key"
            ),
            ("hckms", ["key_id": .string("k")], "is of Huawei Cloud KMS, which ops does not ask"),
            ("new", [:], "is of a key service that ops does not know, which ops does not ask"),
        ]
        for (kind, given, problem) in cases {
            var fields = given
            if fields["enc"] == nil { fields["enc"] = .string("eA==") }
            let value = try await Self.fetch(harness, kind, [fields])
            #expect(value.hasPrefix("forbidden: sops file 'f.json' has a data key that none of the keys"), "\(value)")
            #expect(value.contains(problem), "\(value)")
        }
    }

    @Test(arguments: [
        (
            "kms", #"{"arn": "arn:aws:kms:eu-west-1:1:key/k", "enc": "eA=="}"#,
            "kms.eu-west-1.amazonaws.com:443"
        ),
        (
            "gcp_kms", #"{"resource_id": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "enc": "eA=="}"#,
            "cloudkms.googleapis.com:443"
        ),
        (
            "azure_kv", #"{"vault_url": "https://v.vault.azure.net/", "name": "k", "version": "1", "enc": "eA"}"#,
            "v.vault.azure.net:443"
        ),
        (
            "hc_vault", #"{"vault_address": "https://v.example.com", "key_name": "k", "enc": "vault:v1:x"}"#,
            "v.example.com:443"
        ),
    ])
    func noServiceIsAskedThatTheRecipeDoesNotPermit(_ kind: String, _ wrapping: String, _ host: String) async throws {
        let harness = try SecretsHarness([
            "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "k-s3cret", "AWS_EC2_METADATA_DISABLED": "true",
        ])
        try harness.folder.write(
            "f.json", try SopsWriter.json(["a": .sealed("x")], keys: #""\#(kind)": [\#(wrapping)]"#))
        var context = harness.context
        context.hosts = SecretHosts(["other.example.com"])
        let value = await Self.provider.fetch([try SecretReference("sops://f.json#a")], context)
            .map(SecretsHarness.text)[0]
        #expect(
            value.contains("the recipe's 'secret-hosts' does not name \(host), so nothing is asked there"), "\(value)")
    }

    /// No service is asked where a key at hand opens the file, whatever the order in it.
    @Test func aLocalKeyComesFirst() async throws {
        let harness = try SecretsHarness(["SOPS_AGE_KEY": AgeFixtures.identity])
        let keys = #""hc_vault": [{"vault_address": "vault", "enc": "v"}], "# + SopsFixtures.ageKeys
        try harness.folder.write("f.json", try SopsWriter.json(["a": .sealed("x")], keys: keys))
        #expect(try await harness.fetch(Self.provider, "sops://f.json#a") == ["x"])
    }

    @Test func googleUnwraps() async throws {
        let google = try await GoogleDouble()
        var harness = try SecretsHarness(google.environment)
        harness.environment["CLOUDSDK_CONFIG"] = harness.folder.path
        try harness.folder.write(
            "application_default_credentials.json",
            #"{"type":"authorized_user","client_id":"i","client_secret":"c-s3cret","refresh_token":"good","#
                + #""quota_project_id":"q","token_uri":"\#(google.server.url)/token"}"#)
        let ring = "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/"
        func fetch(_ key: String, _ sealed: String) async throws -> String {
            try await Self.fetch(
                harness, "gcp_kms",
                [["resource_id": .string(ring + key), "enc": .string(Base64.encode(Array(sealed.utf8)))]])
        }
        #expect(try await fetch("k", GoogleDouble.sealed) == "pa55-s3cret")
        let asked = google.server.requests.last
        #expect(asked?.method == "POST")
        #expect(asked?.header("x-goog-user-project") == "q")
        let wrong = try await fetch("k", "another")
        #expect(
            wrong.contains("cryptoKeys/k: Google rejects the request for the key in Google Cloud KMS (400): "),
            "\(wrong)")
        let denied = try await fetch("denied", GoogleDouble.sealed)
        #expect(denied.contains("the key in Google Cloud KMS may not be used: Permission 'cloudkms"), "\(denied)")
        let damaged = try await fetch("damaged", GoogleDouble.sealed)
        #expect(damaged.hasPrefix("unreachable: ") && damaged.contains("its CRC32C differs"), "\(damaged)")
    }

    /// The double decrypts with a real key.
    @Test func azureUnwraps() async throws {
        let azure = try await AzureDouble()
        let sealed = try AzureDouble.encrypt(SopsWriter.dataKey)
        let harness = try SecretsHarness(azure.environment)
        func fetch(_ name: String, _ version: String, sealed: String = sealed) async throws -> String {
            try await Self.fetch(
                harness, hosts: ["127.0.0.1"], "azure_kv",
                [
                    [
                        "vault_url": .string("https://\(azure.host)/"), "name": .string(name),
                        "version": .string(version), "enc": .string(sealed),
                    ]
                ])
        }
        #expect(try await fetch("k", "v1") == "pa55-s3cret")
        #expect(try await fetch("k", "") == "pa55-s3cret")
        #expect(azure.vault.requests.map(\.path) == ["/keys/k/v1/decrypt", "/keys/k//decrypt"])
        let wrong = try await fetch("k", "v1", sealed: (sealed.hasPrefix("A") ? "B" : "A") + sealed.dropFirst())
        #expect(
            wrong.contains("azure_kv key k: Azure rejects the request for the key in Azure Key Vault '127.0.0.1' (400)")
        )
        let denied = try await fetch("denied", "v1")
        #expect(denied.contains("may not be used (ForbiddenByRbac): Caller is not authorized"), "\(denied)")
    }
}
