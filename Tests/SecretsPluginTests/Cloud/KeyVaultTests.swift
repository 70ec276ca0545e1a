import CryptoExtras
import HTTPTestServer
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct KeyVaultTests {
    private let provider = KeyVaultProvider(retryDelay: .milliseconds(5))

    /// Asks for names in the double's vault, which the recipe permits.
    private func fetch(
        _ azure: AzureDouble, _ names: String..., environment: [String: String?] = [:], permitted: [String]? = nil
    ) async throws -> [String] {
        let references = try names.map { try SecretReference("azure-kv://\(azure.host)/\($0)") }
        for reference in references { try provider.check(reference) }
        return await provider.fetch(references, try context(azure, environment, permitted)).map(SecretsHarness.text)
    }

    private func context(
        _ azure: AzureDouble, _ changes: [String: String?] = [:], _ permitted: [String]? = nil
    ) throws -> SecretContext {
        var environment = azure.environment
        for (name, value) in changes { environment[name] = value }
        return SecretContext(
            directory: "/", environment: environment, logger: TestLog().logger,
            hosts: SecretHosts(permitted ?? ["127.0.0.1"]))
    }

    private func probe(_ azure: AzureDouble, _ name: String) async throws -> Result<SecretProbe, SecretFailure> {
        await provider.probe(try SecretReference("azure-kv://\(azure.host)/\(name)"), try context(azure))
    }

    @Test func valuesAndVersions() async throws {
        let azure = try await AzureDouble()
        #expect(
            try await fetch(azure, "a", "a?version=v0", "a?version=v9", "none", "a") == [
                "pa55-s3cret", "old-s3cret",
                "missing: there is no version 'v9' of secret 'a' in Azure Key Vault '\(azure.host)'",
                "missing: there is no secret 'none' in Azure Key Vault '\(azure.host)'", "pa55-s3cret",
            ])
        #expect(azure.login.requests.count == 1)
        #expect(azure.vault.requests.count == 4)
        #expect(
            azure.login.requests[0].bodyText
                == "grant_type=client_credentials&scope=https%3A%2F%2Fvault.azure.net%2F.default&client_id=client&client_secret=c-s3cret"
        )
    }

    @Test func whatIsNotValidNowIsRefused() async throws {
        let azure = try await AzureDouble()
        let place = "in Azure Key Vault '\(azure.host)'"
        #expect(
            try await fetch(azure, "disabled", "expired", "early", "denied") == [
                "forbidden: secret 'disabled' \(place) is disabled",
                "forbidden: secret 'expired' \(place) expired at 2001-09-09T01:46:40Z",
                "forbidden: secret 'early' \(place) is not valid before 2099-01-01T00:00:00Z",
                "forbidden: secret 'denied' \(place) may not be read (ForbiddenByRbac): Caller is not authorized",
            ])
    }

    @Test func probeListsVersionsOnly() async throws {
        let azure = try await AzureDouble()
        let found = try await probe(azure, "a").get()
        #expect(
            found
                == SecretProbe("version v1, made 2026-01-02, expires 2099-01-01", version: "v1", expires: 4_070_908_800)
        )
        #expect(try await probe(azure, "a?version=v0").get().version == "v0")
        for (name, reason) in [
            ("none", SecretFailure.Reason.missing), ("a?version=vx", .forbidden), ("denied", .forbidden),
            ("lured", .unreachable),
        ] {
            guard case .failure(let failure) = try await probe(azure, name) else {
                Issue.record("'\(name)' was found")
                continue
            }
            #expect(failure.reason == reason, "\(name): \(failure.message)")
        }
        #expect(azure.vault.requests.allSatisfy { $0.path.hasSuffix("/versions") })
    }

    @Test func noTokenGoesToAHostThatIsNoVault() async throws {
        let azure = try await AzureDouble()
        let reference = try SecretReference("azure-kv://\(azure.host)/a")
        let open = SecretContext(directory: "/", environment: azure.environment, logger: TestLog().logger)
        let refused = await provider.fetch([reference], open).map(SecretsHarness.text)
        #expect(
            refused == ["forbidden: '127.0.0.1' is not the host of a Key Vault, so no token is sent there"])
        #expect(try await fetch(azure, "a", permitted: ["vault.example"])[0].hasPrefix("forbidden: the recipe's"))
        #expect(azure.login.requests.isEmpty && azure.vault.requests.isEmpty)
    }

    @Test func rateLimitsAreWaitedOutAndRedirectsRefused() async throws {
        let azure = try await AzureDouble(
            first: .text(429, "", headers: [("Retry-After", "0")]), .json(503, "{}"))
        #expect(try await fetch(azure, "a") == ["pa55-s3cret"])
        let lured = try await AzureDouble(first: .text(307, "", headers: [("Location", "https://evil.example/x")]))
        #expect(try await fetch(lured, "a")[0].contains("redirects to https://evil.example, and nothing is sent there"))
        let page = try await AzureDouble(first: .text(200, "<html>"))
        #expect(try await fetch(page, "a")[0].hasPrefix("unreachable: what answers for"))
    }

    @Test func everyKindOfLogin() async throws {
        let azure = try await AzureDouble()
        let folder = try TemporaryFolder()
        let none: [String: String?] = ["AZURE_CLIENT_SECRET": nil]
        let token = try folder.write("token", "fed.jwt.x\n")
        let az = try folder.write(
            "az", "#!/bin/sh\necho \"$*\" >&2\necho '{\"accessToken\":\"eyJ-s3cret\",\"expires_on\":4070908800}'\n",
            mode: 0o755)
        let logins: [[String: String?]] = [
            ["AZURE_FEDERATED_TOKEN_FILE": token],
            ["IDENTITY_ENDPOINT": azure.login.url + "/msi/token", "IDENTITY_HEADER": "id-s3cret"],
            ["AZURE_POD_IDENTITY_AUTHORITY_HOST": azure.login.url],
            ["PATH": String(az.dropLast("/az".count)) + ":/usr/bin:/bin"],
        ]
        for login in logins {
            let values = try await fetch(azure, "a", environment: none.merging(login) { $1 })
            #expect(values == ["pa55-s3cret"], "\(login.keys)")
        }
        #expect(azure.login.requests[0].bodyText.contains("client_assertion=fed.jwt.x&client_assertion_type="))
        #expect(azure.login.requests.map(\.path).suffix(2) == ["/msi/token", "/metadata/identity/oauth2/token"])
        #expect(azure.login.requests[2].target.contains("resource=https%3A%2F%2Fvault.azure.net&client_id=client"))
    }

    @Test func aCertificateSignsTheLogin() async throws {
        let azure = try await AzureDouble()
        let folder = try TemporaryFolder()
        let made = try run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ops", "-keyout",
            folder.path + "/key.pem", "-out", folder.path + "/cert.pem",
        ])
        #expect(made.status == 0)
        let both = try folder.write("both.pem", try folder.read("key.pem") + folder.read("cert.pem"))
        let login = ["AZURE_CLIENT_SECRET": nil, "AZURE_CLIENT_CERTIFICATE_PATH": both]
        #expect(try await fetch(azure, "a", environment: login) == ["pa55-s3cret"])
        let body = try #require(azure.login.requests.first?.bodyText)
        let assertion = try #require(body.split(separator: "&").first { $0.hasPrefix("client_assertion=") })
        let parts = assertion.dropFirst("client_assertion=".count).split(separator: ".")
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: folder.text("key.pem"))
        let signature = _RSA.Signing.RSASignature(
            rawRepresentation: try #require(Base64.decode(Array(parts[2].utf8))))
        #expect(
            key.publicKey.isValidSignature(signature, for: Array("\(parts[0]).\(parts[1])".utf8), padding: .PSS))
        let print = try run(["openssl", "x509", "-in", folder.path + "/cert.pem", "-noout", "-fingerprint", "-sha256"])
        let hexadecimals = try #require(print.text.split(separator: "=").last).filter(\.isHexDigit).lowercased()
        let header = try JSONReader.value(try #require(Base64.decode(Array(parts[0].utf8))))
        let thumbprint = try #require(header["x5t#S256"]?.stringValue)
        #expect(hexadecimal(try #require(Base64.decode(Array(thumbprint.utf8)))) == hexadecimals)

        let keyOnly = ["AZURE_CLIENT_SECRET": nil, "AZURE_CLIENT_CERTIFICATE_PATH": folder.path + "/key.pem"]
        #expect(
            try await fetch(azure, "a", environment: keyOnly)[0].hasSuffix(
                "does not hold a certificate and its key in PEM"))
    }

    @Test func loginsThatFail() async throws {
        let azure = try await AzureDouble()
        #expect(
            try await fetch(azure, "a", environment: ["AZURE_CLIENT_SECRET": "wrong-s3cret"]) == [
                "forbidden: the login with AZURE_CLIENT_SECRET at \(azure.login.url) was refused (401): "
                    + "invalid_client: AADSTS7000215: Invalid client secret provided. Trace ID: x"
            ])
        #expect(
            try await fetch(azure, "a", environment: ["AZURE_TENANT_ID": nil])
                == ["invalid: the Azure login in the environment lacks AZURE_TENANT_ID"])
        let none = try await fetch(azure, "a", environment: ["AZURE_CLIENT_SECRET": nil])
        #expect(
            none[0].hasPrefix("forbidden: no Azure credentials: none in the environment; the Azure metadata service"))
        #expect(none[0].hasSuffix("; there is no program 'az'"))
        let only = ["AZURE_CLIENT_SECRET": nil, "AZURE_TOKEN_CREDENTIALS": "dev"]
        #expect(
            try await fetch(azure, "a", environment: only)
                == ["forbidden: no Azure credentials: none in the environment; there is no program 'az'"])
        #expect(try await fetch(azure, "a", environment: ["AZURE_TOKEN_CREDENTIALS": "x"])[0].hasPrefix("invalid: "))
    }

    @Test(arguments: [
        "azure-kv://v", "azure-kv://v/a/b", "azure-kv://v/a_b", "azure-kv://u@v/a", "azure-kv://v/a?version=a/b",
    ])
    func formsThatAreWrong(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
        try provider.check(SecretReference("azure-kv://v.vault.azure.cn/a-b#x.y?version=0a"))
    }
}
