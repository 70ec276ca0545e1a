import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite struct CredentialProviderTests {
    private let provider = CredentialProvider()

    @Test func credentialsOfTheService() async throws {
        var harness = try SecretsHarness()
        harness.environment["CREDENTIALS_DIRECTORY"] = harness.folder.path + "/c"
        try harness.folder.write("c/token", "s3cret\n", mode: 0o400)
        try harness.folder.write("c/settings", "user: ada\npassword: s3cret\n")
        try harness.folder.write("c/nothing", "\n")
        let values = try await harness.fetch(
            provider, "systemd://token", "systemd://settings#password", "systemd://nothing", "systemd://none",
            "systemd://settings#x")
        #expect(
            values == [
                "s3cret", "s3cret", "empty: systemd credential 'nothing' is empty",
                "missing: systemd credential 'none' does not exist",
                "missing: systemd credential 'settings' has no field 'x'",
            ])
        #expect(try harness.presence(provider, "systemd://token") == .present)
        #expect(try harness.presence(provider, "systemd://none") == .missing)
        #expect(try harness.presence(provider, "systemd://settings#x") == .unknown)
        #expect(try await harness.probe(provider, "systemd://token") == "readable")
    }

    @Test func outsideAServiceItIsMissingWithAHint() async throws {
        let harness = try SecretsHarness()
        let result = await provider.fetch([try SecretReference("systemd://token")], harness.context)
        guard case .failure(let failure) = result[0] else {
            Issue.record("a credential without a service")
            return
        }
        #expect(failure.reason == .missing && failure.hint?.contains("LoadCredential=token:FILE") == true)
        #expect(try harness.presence(provider, "systemd://token") == .missing)
    }

    @Test(arguments: [
        "systemd://a/b", "systemd://..", "systemd://.", "systemd://a:b", "systemd://é", "systemd://a?x=y",
    ])
    func namesAreChecked(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
    }
}
