import CryptoExtras
import HTTPTestServer
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct GoogleSecretManagerTests {
    private let provider = GoogleSecretManagerProvider(retryDelay: .milliseconds(5))

    /// A login by refresh token, which is in the file of gcloud.
    private func harness(_ google: GoogleDouble, refresh: String = "good") throws -> SecretsHarness {
        var harness = try SecretsHarness(google.environment)
        harness.environment["CLOUDSDK_CONFIG"] = harness.folder.path
        harness.environment["NO_GCE_CHECK"] = "true"
        try harness.folder.write(
            "application_default_credentials.json",
            #"{"type":"authorized_user","client_id":"i","client_secret":"c-s3cret","refresh_token":"\#(refresh)","quota_project_id":"q","token_uri":"\#(google.server.url)/token"}"#
        )
        return harness
    }

    @Test func payloadsAreVerified() async throws {
        let google = try await GoogleDouble()
        let values = try await harness(google).fetch(
            provider, "gcp-sm://p/a", "gcp-sm://p/damaged", "gcp-sm://p/a?location=europe-west3",
            "gcp-sm://p/a?version=1",
            "gcp-sm://p/a")
        #expect(
            values == [
                "123456789",
                "unreachable: the payload of secret 'damaged' of Google project 'p' was damaged on its way: its CRC32C differs",
                "123456789", "empty: secret 'a' of Google project 'p' is empty", "123456789",
            ])
        #expect(google.tokenRequests.count == 1)
        #expect(google.server.requests.count == 5)
        #expect(google.server.requests.last?.header("x-goog-user-project") == "q")
    }

    @Test func refusalsAreToldApart() async throws {
        let google = try await GoogleDouble()
        let values = try await harness(google).fetch(
            provider, "gcp-sm://p/none", "gcp-sm://p/denied", "gcp-sm://p/a?version=2", "gcp-sm://p/a?version=3",
            "gcp-sm://p/a?version=9")
        #expect(values[0] == "missing: there is no version latest of secret 'none' of Google project 'p'")
        #expect(
            values[1].hasPrefix("forbidden: version latest of secret 'denied' of Google project 'p' may not be read"))
        #expect(values[2].hasPrefix("forbidden: "))
        #expect(values[3].hasPrefix("missing: "))
        #expect(values[4] == "missing: there is no version 9 of secret 'a' of Google project 'p'")
    }

    @Test func probeReadsMetadataOnly() async throws {
        let google = try await GoogleDouble()
        let harness = try harness(google)
        let probe = try await provider.probe(try SecretReference("gcp-sm://p/a"), harness.context).get()
        #expect(
            probe
                == SecretProbe(
                    "version 4, made 2026-01-02, expires 2099-01-01", version: "4", expires: 4_070_908_800))
        #expect(try await harness.probe(provider, "gcp-sm://p/a?version=2").hasPrefix("forbidden: version 2 of"))
        #expect(try await harness.probe(provider, "gcp-sm://p/a?version=3").hasPrefix("missing: version 3 of"))
        #expect(try await harness.probe(provider, "gcp-sm://p/none").hasPrefix("missing: "))
        #expect(try await harness.probe(provider, "gcp-sm://p/denied").hasPrefix("forbidden: "))
        #expect(!google.server.requests.contains { $0.target.contains(":access") })
    }

    @Test func rateLimitsAndFailuresAreWaitedOut() async throws {
        let google = try await GoogleDouble(
            first: .text(429, "", headers: [("Retry-After", "0")]), .json(503, "{}"), .text(500, "<html>"))
        #expect(try await harness(google).fetch(provider, "gcp-sm://p/a") == ["123456789"])
        let limit = Answer.json(429, #"{"error":{"message":"Quota exceeded"}}"#)
        let busy = try await GoogleDouble(first: limit, limit, limit, limit, limit)
        let values = try await harness(busy).fetch(provider, "gcp-sm://p/a")
        #expect(
            values == [
                "unreachable: the rate limit for version latest of secret 'a' of Google project 'p' was reached: Quota exceeded"
            ])
        let elsewhere = try await GoogleDouble(first: .text(302, "", headers: [("Location", "https://evil.example/")]))
        #expect(
            try await harness(elsewhere).fetch(provider, "gcp-sm://p/a")[0].contains(
                "redirects to https://evil.example, and nothing is sent there"))
    }

    @Test func aServiceAccountSignsForItself() async throws {
        let google = try await GoogleDouble()
        var harness = try SecretsHarness(google.environment)
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let text = JSONWriter.text(
            .map([
                "type": .string("service_account"), "client_email": .string("ci@p.example"),
                "private_key_id": .string("k1"), "private_key": .string(key.pemRepresentation),
                "token_uri": .string(google.server.url + "/token"),
            ]))
        harness.environment["GOOGLE_APPLICATION_CREDENTIALS"] = try harness.folder.write("key.json", text)
        #expect(try await harness.fetch(provider, "gcp-sm://p/a") == ["123456789"])
        let body = try #require(google.tokenRequests.first?.bodyText)
        #expect(body.hasPrefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="))
        let parts = try #require(body.split(separator: "=").last).split(separator: ".")
        let signature = _RSA.Signing.RSASignature(
            rawRepresentation: try #require(Base64.decode(Array(parts[2].utf8))))
        #expect(
            key.publicKey.isValidSignature(
                signature, for: Array("\(parts[0]).\(parts[1])".utf8), padding: .insecurePKCS1v1_5))
        let header = try JSONReader.value(try #require(Base64.decode(Array(parts[0].utf8))))
        #expect(header == .map(["kid": .string("k1"), "alg": .string("RS256"), "typ": .string("JWT")]))
        let claims = try JSONReader.value(try #require(Base64.decode(Array(parts[1].utf8))))
        #expect(claims["iss"]?.stringValue == "ci@p.example")
        #expect(claims["aud"]?.stringValue == google.server.url + "/token")
        #expect(claims["scope"]?.stringValue == "https://www.googleapis.com/auth/cloud-platform")

        try harness.folder.write("key.json", text.replacing("PRIVATE KEY", with: "s3cret KEY"))
        let failure = try await harness.fetch(provider, "gcp-sm://p/a")
        #expect(failure[0].hasPrefix("invalid: the private_key in '"))
        #expect(!failure[0].contains("s3cret"))
    }

    @Test(arguments: [true, false]) func workloadIdentitiesAreExchanged(_ isFile: Bool) async throws {
        let google = try await GoogleDouble()
        var harness = try SecretsHarness(google.environment)
        let url = google.server.url
        let token = try harness.folder.write("token", "job.jwt.x\n")
        let source =
            isFile
            ? #"{"file":"\#(token)"}"#
            : #"{"url":"\#(url)/subject","headers":{"X-Job":7},"format":{"type":"json","subject_token_field_name":"value"}}"#
        harness.environment["GOOGLE_APPLICATION_CREDENTIALS"] = try harness.folder.write(
            "wif.json",
            #"{"type":"external_account","audience":"//iam/x","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"\#(url)/sts","credential_source":\#(source),"service_account_impersonation_url":"\#(url)/impersonate"}"#
        )
        #expect(try await harness.fetch(provider, "gcp-sm://p/a") == ["123456789"])
        let exchange = try #require(google.tokenRequests.first { $0.path == "/sts" }).bodyText
        #expect(exchange.contains("subject_token=job.jwt.x&"))
        #expect(exchange.contains("audience=%2F%2Fiam%2Fx&"))
    }

    @Test func credentialsThatCannotBeUsed() async throws {
        let google = try await GoogleDouble()
        let revoked = try await harness(google, refresh: "revoked").fetch(provider, "gcp-sm://p/a")
        #expect(
            revoked[0].hasSuffix("was refused (400): invalid_grant: Token has been expired or revoked."),
            "\(revoked[0])")
        var harness = try harness(google)
        for (text, message) in [
            ("[1]", "is not a JSON object"), (#"{"type":"gdch"}"#, "have the type 'gdch', which is not known"),
            (#"{"type":"service_account"}"#, "have no 'client_email'"),
            (
                #"{"type":"external_account","audience":"a","token_url":"https://sts.example","credential_source":{"environment_id":"aws1"}}"#,
                "has 'environment_id', which ops does not read"
            ),
            (
                #"{"type":"authorized_user","client_id":"i","client_secret":"c","refresh_token":"r","token_uri":"http://evil.example"}"#,
                "http://evil.example has no TLS"
            ),
        ] {
            harness.environment["GOOGLE_APPLICATION_CREDENTIALS"] = try harness.folder.write("c.json", text)
            let values = try await harness.fetch(provider, "gcp-sm://p/a")
            #expect(values[0].contains(message), "\(values[0])")
        }
        harness.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "/nowhere/c.json"
        #expect(
            try await harness.fetch(provider, "gcp-sm://p/a")[0].hasPrefix("invalid: GOOGLE_APPLICATION_CREDENTIALS"))
    }

    @Test func theMetadataServiceIsTheLastResort() async throws {
        let google = try await GoogleDouble()
        var harness = try SecretsHarness(google.environment)
        harness.environment["GCE_METADATA_HOST"] = "127.0.0.1:\(google.server.port)"
        #expect(try await harness.fetch(provider, "gcp-sm://p/a") == ["123456789"])
        // What does not say that it is Google is some other server on that address.
        let other = try await HTTPTestServer { _ in .json(200, #"{"access_token":"x"}"#) }
        harness.environment["GCE_METADATA_HOST"] = "127.0.0.1:\(other.port)"
        #expect(try await harness.fetch(provider, "gcp-sm://p/a")[0].hasPrefix("forbidden: no Google credentials: "))
        harness.environment["NO_GCE_CHECK"] = "true"
        #expect(try await harness.fetch(provider, "gcp-sm://p/a")[0].contains("NO_GCE_CHECK turns"))
        #expect(other.requests.count == 1)
    }

    @Test(arguments: [
        "gcp-sm://p", "gcp-sm://p/a/b", "gcp-sm://p/a?version=../x", "gcp-sm://p/a?location=x.evil", "gcp-sm://p/..",
    ])
    func formsThatAreWrong(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
        try provider.check(SecretReference("gcp-sm://example.com:p/a_b-c#x?version=3"))
    }
}
