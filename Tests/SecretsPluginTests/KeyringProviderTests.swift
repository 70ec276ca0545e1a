import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

/// A session bus of its own, with gnome-keyring on it.
private final class Keyring: Sendable {
    let harness: SecretsHarness
    private let session: RunningProgram

    init() throws {
        var harness = try SecretsHarness()
        let folder = harness.folder
        try folder.write("run/.keep", "")
        let base = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "XDG_RUNTIME_DIR": folder.path + "/run"]
        try folder.write(
            "session",
            """
            cd "$HOME"
            printf password | gnome-keyring-daemon --unlock --components=secrets
            until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \\
                string:org.freedesktop.secrets | grep -q 'boolean true'; do sleep 0.05; done
            printf %s "$DBUS_SESSION_BUS_ADDRESS" > address.new && mv address.new address
            for i in $(seq 6000); do [ -e stop ] && break; sleep 0.05; done
            """)
        let session = try start(
            ["env", "-i"] + base.map { "\($0.key)=\($0.value)" }
                + ["dbus-run-session", "--", "sh", folder.path + "/session"])
        try session.wait(for: folder.path + "/address")
        harness.environment = base
        harness.environment["DBUS_SESSION_BUS_ADDRESS"] = try folder.text("address")
        self.session = session
        self.harness = harness
    }

    deinit {
        _ = try? harness.folder.write("stop", "")
        _ = try? session.end()
    }

    func store(_ text: String, _ attributes: String...) throws {
        try need(["secret-tool", "store", "--label=test"] + attributes, input: text)
    }

    /// By the bus: Debian's `secret-tool lock` crashes.
    func lock() throws {
        try need([
            "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login",
        ])
    }

    private func need(_ command: [String], input: String = "") throws {
        let result = try run(command, environment: harness.environment.mapValues { $0 }, input: Array(input.utf8))
        guard result.status == 0 else { throw OpsError(.command, "\(command[0]): \(result.errorText)") }
    }
}

@Suite(.timeLimit(.minutes(10))) struct KeyringProviderTests {
    private let provider = KeyringProvider(.secretService, limit: .seconds(120))

    @Test func passwordsOfARealKeyring() async throws {
        let keyring = try Keyring()
        try keyring.store("s3cret\n", "service", "https://a.example/v2", "username", "ada")
        try keyring.store("aGk=", "server", "b.example", "user", "eve", "note", "one, two")
        let harness = keyring.harness
        let values = try await harness.fetch(
            provider, "keyring://https://a.example/v2/ada", "keyring://https://a.example/v2/eve",
            "keyring://-?server=b.example&user=eve&decode=base64", "keyring://-?server=b.example&note=one, two",
            "keyring://-?server=b.example&note=one, three", "keyring://-?server=c.example&note=one, three")
        #expect(
            values == [
                "s3cret",
                "missing: the password in the keyring with service 'https://a.example/v2', username 'eve' does not exist",
                "hi", "aGk=",
                "unreachable: secret-tool does not give the password in the keyring with note 'one, three', server "
                    + "'b.example'; it may be missing, or locked",
                "missing: the password in the keyring with note 'one, three', server 'c.example' does not exist",
            ])
        #expect(try await harness.probe(provider, "keyring://https://a.example/v2/ada") == "in the keyring")
        #expect(
            try await harness.probe(provider, "keyring://nowhere")
                == "missing: the password in the keyring with service 'nowhere' does not exist")
    }

    @Test func aLockedKeyringIsNotAMissingPassword() async throws {
        let keyring = try Keyring()
        try keyring.store("s3cret", "service", "a", "username", "ada")
        try keyring.lock()
        let harness = keyring.harness
        let values = try await harness.fetch(provider, "keyring://a/ada", "keyring://a/eve")
        #expect(
            values == [
                "unreachable: the password in the keyring with service 'a', username 'ada' is locked, and nobody "
                    + "unlocked it",
                "missing: the password in the keyring with service 'a', username 'eve' does not exist",
            ])
        #expect(try await harness.probe(provider, "keyring://a/ada") == "in the keyring, which is locked")
    }

    @Test func withoutASessionBusItIsUnreachable() async throws {
        let harness = try SecretsHarness(["PATH": "/usr/bin:/bin"])
        for text in [
            try await harness.fetch(provider, "keyring://a/b").joined(),
            try await harness.probe(provider, "keyring://a"),
        ] { #expect(text.hasPrefix("unreachable: the keyring cannot be asked: "), "\(text)") }
    }

    @Test func theProgramThatIsMissingIsNamed() async throws {
        let harness = try SecretsHarness(["PATH": "/nowhere"])
        let result = await provider.fetch([try SecretReference("keyring://a/b")], harness.context)
        guard case .failure(let failure) = result[0] else {
            Issue.record("a password without a keyring")
            return
        }
        #expect(failure.reason == .invalid && failure.message.contains("'secret-tool' is not installed"))
        #expect(failure.hint?.contains("libsecret-tools") == true)
    }

    @Test func theKeychainIsAskedBySecurity() async throws {
        let provider = KeyringProvider(.keychain)
        var harness = try SecretsHarness()
        try harness.folder.write(
            "bin/security",
            """
            #!/bin/sh
            echo "$@" >> log
            case "$*" in
            *" -w") [ "$5" = ada ] && echo s3cret && exit 0 ;;
            *ada*) echo 'class: "genp"'; exit 0 ;;
            *eve*) echo 'User interaction is not allowed.' >&2; exit 36 ;;
            esac
            [ "$5" = eve ] && echo 'User interaction is not allowed.' >&2 && exit 36
            echo 'The specified item could not be found in the keychain.' >&2; exit 44
            """, mode: 0o755)
        harness.environment = ["PATH": harness.folder.path + "/bin:/usr/bin:/bin"]
        let values = try await harness.fetch(provider, "keyring://a/ada")
        #expect(values == ["s3cret"])
        #expect(try await harness.probe(provider, "keyring://a/ada") == "in the keychain")
        #expect(
            try harness.folder.text("log")
                == "find-generic-password -s a -a ada -w\nfind-generic-password -s a -a ada\n")
        let failures = try await harness.fetch(provider, "keyring://a/eve", "keyring://a/bob", "keyring://-?label=x")
        #expect(
            failures.map { $0.prefix { $0 != ":" } } == ["forbidden", "missing", "missing"])
        #expect(try harness.folder.text("log").contains("find-generic-password -l x -w\n"))
        let other = try SecretReference("keyring://a?server=x")
        #expect(throws: OpsError.self) { try provider.check(other) }
    }

    @Test(arguments: [
        "keyring://-", "keyring://a/", "keyring:///a", "keyring://a#b", "keyring://a?user=", "keyring://-/",
    ])
    func wrongReferences(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
    }
}
