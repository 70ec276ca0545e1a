import HTTPTestServer
import OpsCore
import OpsHTTP
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultSettingsTests {
    private let reference = "vault://secret/ci/registry#user"

    /// Variables of the official client that cannot be heeded, and what is said of them.
    @Test(arguments: [
        (["VAULT_SKIP_VERIFY": "1"], "VAULT_SKIP_VERIFY asks for TLS that is not verified, which ops never does"),
        (["BAO_SKIP_VERIFY": "maybe"], "BAO_SKIP_VERIFY is neither true nor false"),
        (
            ["VAULT_SRV_LOOKUP": "true", "VAULT_ADDR": "https://vault.example"],
            "VAULT_SRV_LOOKUP asks for SRV records, which ops does not look up"
        ),
        (["VAULT_CLIENT_TIMEOUT": "soon"], "VAULT_CLIENT_TIMEOUT is not a time"),
        (["VAULT_MAX_RETRIES": "-1"], "VAULT_MAX_RETRIES is not a number from 0 to 100"),
        (["VAULT_RATE_LIMIT": "many"], "VAULT_RATE_LIMIT is not a rate"),
        (
            ["VAULT_CACERT": "/nonexistent/ca.pem"],
            "VAULT_CACERT names a file that cannot be used: cannot open '/nonexistent/ca.pem': No such file or directory"
        ),
        (
            ["VAULT_CAPATH": "/nonexistent"],
            "VAULT_CAPATH names a folder that cannot be used: cannot read '/nonexistent': No such file or directory"
        ),
        (
            ["VAULT_CLIENT_CERT_BYTES": "x"],
            "a client certificate needs VAULT_CLIENT_CERT and VAULT_CLIENT_KEY, of which one is not set"
        ),
        (["VAULT_ADDR": "unix:///run/vault"], "VAULT_ADDR cannot be used: the URL's scheme is neither http nor https"),
        (["VAULT_DISABLE_REDIRECTS": "si"], "VAULT_DISABLE_REDIRECTS is neither true nor false"),
    ])
    func refused(_ variables: [String: String], _ message: String) throws {
        let error = #expect(throws: SecretFailure.self) {
            try VaultSettings(
                VaultVariables(variables.merging(["VAULT_ADDR": "https://vault.example:8200"]) { old, _ in old }))
        }
        #expect(error?.message == message)
        #expect(error?.reason == .invalid)
    }

    @Test func baoComesFirstEvenEmpty() throws {
        let variables = VaultVariables([
            "VAULT_ADDR": "http://a", "BAO_ADDR": "http://b", "VAULT_NAMESPACE": "x", "BAO_NAMESPACE": "",
            "VAULT_CLIENT_TIMEOUT": "90", "BAO_MAX_RETRIES": "0", "VAULT_SKIP_VERIFY": "false",
            "VAULT_SRV_LOOKUP": "0",
        ])
        let settings = try VaultSettings(variables)
        #expect(settings.address.origin == "http://b")
        #expect(settings.namespace == nil)
        #expect(settings.timeout == .seconds(90) && settings.retries == 0)
    }

    @Test func headersOfTheClient() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(
            vault.environment.merging(["VAULT_NAMESPACE": "team/a", "VAULT_MFA": "method:123456"]) { $1 })
        _ = try await scene.fetch(reference, "vault://old/ci#password?namespace=team/b")
        let headers = vault.server.requests.map { "\($0.header("x-vault-namespace") ?? "-") \($0.path)" }
        #expect(headers.contains("team/a /v1/secret/data/ci/registry") && headers.contains("team/b /v1/old/ci"))
        #expect(vault.server.requests.allSatisfy { $0.header("x-vault-mfa") == "method:123456" })
    }

    @Test func retriesAndTimeAreSettable() async throws {
        let failing = try await VaultDouble(first: [Answer](repeating: .json(502, "{}"), count: 20))
        var scene = VaultScene(failing.environment.merging(["VAULT_MAX_RETRIES": "0"]) { $1 })
        // Asked how it is, it says nothing that explains it.
        #expect(try await scene.fetch(reference) == ["unreachable: Vault at \(failing.server.url) answered 502"])
        #expect(failing.count("sys/internal") == 1)
        let silent = try await HTTPTestServer { _ in .silence }
        scene = VaultScene([
            "VAULT_ADDR": silent.url, "VAULT_TOKEN": "t", "VAULT_CLIENT_TIMEOUT": "200ms",
        ])
        #expect(try await scene.fetch(reference) == ["unreachable: no answer from Vault at \(silent.url) within 200ms"])
    }

    @Test func unwellServerSaysWhatItIs() async throws {
        let vault = try await VaultDouble(first: [.json(500, "{}")])
        let scene = VaultScene(vault.environment.merging(["VAULT_MAX_RETRIES": "0"]) { $1 })
        // The double's health is that of a standby node: 429, which is no rate limit.
        #expect(
            try await scene.fetch(reference)
                == ["unreachable: Vault at \(vault.server.url), which is a standby node, answered 500"])
        #expect(vault.count("sys/health") == 1)
        #expect(vault.server.requests.last?.header("x-vault-token") == nil)
    }

    @Test func rateIsKept() async throws {
        let clock = HandClock(jumps: true)
        let limit = VaultRateLimit(try #require(VaultRateLimit.Rate("10:2")), clock)
        func wait() -> Int { Int((limit.delay().seconds * 1000).rounded()) }
        #expect((0..<4).map { _ in wait() } == [0, 0, 100, 200])
        try await clock.sleep(for: .milliseconds(250))
        #expect((0..<2).map { _ in wait() } == [50, 150])
        #expect(VaultRateLimit.Rate("3")?.burst == 3 && VaultRateLimit.Rate("0.5")?.burst == 1)
        let vault = try await VaultDouble()
        let late = HandClock(jumps: true)
        let scene = VaultScene(vault.environment.merging(["VAULT_RATE_LIMIT": "10:1"]) { $1 }, clock: late)
        _ = try await scene.fetch(reference, "vault://old/ci#password")
        #expect(vault.paths.count == 4 && late.ticks >= 300_000_000)
    }

    @Test func redirectsStayWhereTheyMay() async throws {
        let active = try await VaultDouble()
        let standby = try await HTTPTestServer { request in
            .text(307, "", headers: [("Location", active.server.url + request.target)])
        }
        let variables = ["VAULT_ADDR": standby.url, "VAULT_TOKEN": "root-s3cret"]
        let refusal = [
            "unreachable: Vault at \(standby.url) redirects to \(active.server.url), and the token is not sent there"
        ]
        #expect(try await VaultScene(variables).fetch(reference) == refusal)
        var hosts = ["127.0.0.1:\(standby.port)", "127.0.0.1:\(active.server.port)"]
        let off = VaultScene(variables.merging(["VAULT_DISABLE_REDIRECTS": "true"]) { $1 }, hosts: hosts)
        #expect(try await off.fetch(reference) == refusal)
        #expect(try await VaultScene(variables, hosts: hosts).fetch(reference) == ["bob"])
        hosts.removeLast()
        let count = active.paths.count
        let values = try await VaultScene(variables, hosts: hosts).fetch(reference)
        #expect(values.joined().hasPrefix("forbidden: the recipe's 'secret-hosts' does not name 127.0.0.1"))
        #expect(active.paths.count == count)
        let none = VaultScene(variables, hosts: ["vault.example"])
        let asked = standby.requests.count
        #expect(try await none.fetch(reference).joined().hasPrefix("forbidden: the recipe's 'secret-hosts'"))
        #expect(standby.requests.count == asked)
    }

    @Test func proxyIsAsked() async throws {
        let proxy = try await HTTPTestServer { _ in .text(502, "") }
        for name in ["VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY"] {
            let scene = VaultScene([
                "VAULT_ADDR": "http://vault.example:8200", "VAULT_TOKEN": "t", name: proxy.url,
                "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*", "VAULT_MAX_RETRIES": "0",
            ])
            let values = try await scene.fetch(reference)
            #expect(values == ["unreachable: the proxy did not connect to Vault at http://vault.example:8200"])
            #expect(scene.log.text.contains("Vault at http://vault.example:8200 is asked without TLS"))
        }
        #expect(
            proxy.requests.map { "\($0.method) \($0.target)" } == [
                "CONNECT vault.example:8200", "CONNECT vault.example:8200",
            ])
    }

    @Test func authoritiesOfFileBytesAndFolder() async throws {
        let authority = try CertificateAuthority()
        let vault = try await VaultDouble(tls: authority.issue("IP:127.0.0.1"))
        let folder = try TemporaryFolder()
        // Under any name, and beside files that are no certificates.
        try folder.write("b.crt", authority.folder.read("ca.pem"))
        try folder.write("a.txt", "no certificate\n")
        for variables in [
            ["VAULT_CACERT": authority.certificate], ["VAULT_CAPATH": folder.path],
            ["VAULT_CACERT_BYTES": try authority.folder.text("ca.pem"), "SSL_CERT_FILE": "/nonexistent"],
        ] {
            #expect(try await VaultScene(vault.environment.merging(variables) { $1 }).fetch(reference) == ["bob"])
        }
        let scene = VaultScene(vault.environment.merging(["VAULT_CACERT_BYTES": "none"]) { $1 })
        #expect(try await scene.fetch(reference) == ["invalid: what is to be trusted is not a certificate in PEM form"])
    }

    @Test func serverNameIsAskedForAndChecked() async throws {
        let authority = try CertificateAuthority()
        let vault = try await VaultDouble(tls: authority.issue("DNS:vault.internal"))
        var variables = vault.environment.merging(["VAULT_CACERT": authority.certificate]) { $1 }
        variables["VAULT_MAX_RETRIES"] = "0"
        let wrong = "unreachable: the certificate of Vault at \(vault.server.url) is for another host name"
        #expect(try await VaultScene(variables).fetch(reference) == [wrong])
        variables["VAULT_TLS_SERVER_NAME"] = "other.internal"
        #expect(try await VaultScene(variables).fetch(reference) == [wrong])
        variables["VAULT_TLS_SERVER_NAME"] = "Vault.internal"
        #expect(try await VaultScene(variables).fetch(reference) == ["bob"])
        #expect(vault.server.requests.last?.header("host") == "127.0.0.1:\(vault.server.port)")
    }

    @Test func clientCertificateIsShown() async throws {
        let authority = try CertificateAuthority()
        let client = try authority.issue("DNS:client", file: "client")
        let vault = try await VaultDouble(tls: authority.issue("IP:127.0.0.1"), clientAuthority: authority.certificate)
        var variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_CACERT": authority.certificate, "VAULT_MAX_RETRIES": "0",
            "VAULT_TOKEN": "root-s3cret",
        ]
        #expect(try await VaultScene(variables).fetch(reference).joined().hasPrefix("unreachable: "))
        #expect(vault.paths.isEmpty)
        variables["VAULT_CLIENT_CERT"] = client.certificate
        variables["VAULT_CLIENT_KEY"] = client.key
        #expect(try await VaultScene(variables).fetch(reference) == ["bob"])
        variables["VAULT_TOKEN"] = nil
        variables["VAULT_AUTH_METHOD"] = "cert"
        variables["VAULT_AUTH_ROLE"] = "ci"
        #expect(try await VaultScene(variables).fetch(reference) == ["bob"])
        variables["VAULT_CLIENT_KEY"] = authority.certificate
        #expect(
            try await VaultScene(variables).fetch(reference)
                == ["invalid: the key of the client certificate is not a private key in PEM form"])
    }
}
