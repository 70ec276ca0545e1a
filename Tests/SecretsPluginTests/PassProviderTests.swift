import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

/// A password store of its own, with a key of its own.
private final class PassStore: Sendable {
    let harness: SecretsHarness

    init() throws {
        var harness = try SecretsHarness()
        let folder = harness.folder
        // A socket's path is short: gpg-agent's must not lie deep.
        try folder.write("k/gpg.conf", "batch\n")
        harness.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "GNUPGHOME": folder.path + "/k", "LC_ALL": "C.UTF-8",
            "PASSWORD_STORE_DIR": folder.path + "/store",
        ]
        self.harness = harness
        try need(["chmod", "700", folder.path + "/k"])
        // gpg waits for the agent that it starts for five seconds only.
        try need(["gpg-agent", "--quiet", "--daemon"])
        try need([
            "gpg", "--quiet", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key",
            "ops-test",
            "default", "default", "never",
        ])
        try need(["pass", "init", "ops-test"])
    }

    deinit { _ = try? need(["gpgconf", "--kill", "all"]) }

    func insert(_ path: String, _ text: String) throws {
        try need(["pass", "insert", "--multiline", "--force", "--", path], input: text)
    }

    private func need(_ command: [String], input: String = "") throws {
        let result = try run(command, environment: harness.environment.mapValues { $0 }, input: Array(input.utf8))
        guard result.status == 0 else { throw OpsError(.command, "\(command[0]): \(result.errorText)") }
    }
}

@Suite(.timeLimit(.minutes(10))) struct PassProviderTests {
    private let provider = PassProvider()

    @Test func linesAndFieldsOfRealEntries() async throws {
        let store = try PassStore()
        try store.insert("team/registry", " s3cret \nlogin: ada\nurl:https://a.example/?x=1#y\nLogin: eve\n2: two\n")
        try store.insert("empty", "\nrest\n")
        try store.insert("-odd", "aGk=\n")
        let harness = store.harness
        let values = try await harness.fetch(
            provider, "pass://team/registry", "pass://team/registry#login", "pass://team/registry#url",
            "pass://team/registry#URL", "pass://team/registry#2", "pass://team/registry#3", "pass://team/registry#9",
            "pass://team/registry#pin", "pass://team/registry?whole=true", "pass://empty", "pass://-odd?decode=base64",
            "pass://none", "pass://team")
        #expect(
            values == [
                " s3cret ", "ada", "https://a.example/?x=1#y", "https://a.example/?x=1#y", "two",
                "url:https://a.example/?x=1#y", "missing: pass entry 'team/registry' has no line 9",
                "missing: pass entry 'team/registry' has no field 'pin'",
                " s3cret \nlogin: ada\nurl:https://a.example/?x=1#y\nLogin: eve\n2: two",
                "empty: pass entry 'empty' is empty",
                "hi", "missing: there is no entry 'none' in the password store",
                "missing: there is no entry 'team' in the password store",
            ])
        #expect(try harness.presence(provider, "pass://team/registry") == .present)
        #expect(try harness.presence(provider, "pass://team") == .missing)
        #expect(try harness.presence(provider, "pass://team/registry#login") == .unknown)
    }

    @Test func aMissingEntryIsToldFromAKeyThatDoesNotOpenIt() async throws {
        let store = try PassStore()
        try store.insert("team/registry", "s3cret\n")
        var harness = store.harness
        try harness.folder.write("store/broken.gpg", "no message")
        try harness.folder.write("o/gpg.conf", "no-autostart\n")
        #expect(try run(["chmod", "700", harness.folder.path + "/o"]).status == 0)
        let broken = try await harness.fetch(provider, "pass://broken")
        #expect(
            broken[0].hasPrefix("unreachable: pass entry 'broken' cannot be decrypted: pass ended with exit status 2"))
        harness.environment["GNUPGHOME"] = harness.folder.path + "/o"
        let values = try await harness.fetch(provider, "pass://team/registry", "pass://none")
        #expect(values[0].hasPrefix("forbidden: pass entry 'team/registry' cannot be decrypted: "))
        #expect(values[1] == "missing: there is no entry 'none' in the password store")
        // What needs the key would fail here.
        #expect(try await harness.probe(provider, "pass://team/registry") == "the entry is there; it is not decrypted")
        #expect(
            try await harness.probe(provider, "pass://none")
                == "missing: there is no entry 'none' in the password store")
    }

    @Test func anEntryIsDecryptedOnce() async throws {
        var harness = try SecretsHarness()
        try harness.folder.write("store/a.gpg", "")
        try harness.folder.write("bin/pass", "#!/bin/sh\necho \"$@\" >> log; echo one; echo 'two: 2'\n", mode: 0o755)
        harness.environment = [
            "PATH": harness.folder.path + "/bin:/usr/bin:/bin", "PASSWORD_STORE_DIR": harness.folder.path + "/store",
        ]
        #expect(
            try await harness.fetch(provider, "pass://a", "pass://a#two", "pass://a#none").prefix(2) == ["one", "2"])
        #expect(try harness.folder.text("log") == "show -- a\n")
    }

    @Test(arguments: [
        "pass://../a", "pass://a//b", "pass:///a", "pass://a/", "pass://a?whole=yes", "pass://a#b?whole=true",
        "pass://a?line=1",
    ])
    func wrongReferences(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
    }
}
