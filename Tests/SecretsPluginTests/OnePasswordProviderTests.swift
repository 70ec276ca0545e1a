import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct OnePasswordConnectTests {
    private let provider = OnePasswordProvider(retryDelay: .milliseconds(10))

    @Test func fieldsByNameWithOneRequestEach() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        let values = try await harness.fetch(
            provider, "op://CI/Registry/password", "op://ci/REGISTRY/Username", "op://ci/registry/admin/password",
            "op://ftz4pm2xxwmwrsd7rjqn7grzfz/2fcbqwe9ndg175zg2dzwftvkpa/sec1/f3", "op://ci/registry/one-time",
            "op://ci/registry/More/pin", "op://ci/registry/more/coded?decode=base64", "op://ci/registry/host",
            "op://ci/registry/more/host", "op://ci/registry/f8")
        #expect(
            values == [
                "pa55-s3cret\n", "ada", "admin-s3cret", "admin-s3cret", "otpauth://totp/x?secret=s3cret", "2", "hi",
                "outer", "inner",
                "empty: field 'f8' of 'ci/registry' in 1Password is empty",
            ])
        #expect(connect.paths.count == 3 && Set(connect.paths).count == 3)
        #expect(connect.server.requests.allSatisfy { $0.method == "GET" })
    }

    @Test func whatIsMissingOrSeveral() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        let values = try await harness.fetch(
            provider, "op://none/registry/password", "op://ci/none/password", "op://ci/registry/none",
            "op://ci/registry/none/password", "op://ci/registry/admin/username", "op://ci/gone/password",
            "op://twins/a/b", "op://ci/double/b", "op://ci/registry/pin", "op://closed/a/b")
        let url = connect.server.url
        #expect(
            values == [
                "missing: 1Password Connect at \(url) has no vault 'none'",
                "missing: vault 'ci' in 1Password has no item 'none'",
                "missing: 'ci/registry' in 1Password has no field 'none'",
                "missing: 'ci/registry' in 1Password has no section 'none'",
                "missing: section 'admin' of 'ci/registry' in 1Password has no field 'username'",
                "missing: 1Password Connect at \(url) does not have 'ci/gone' in 1Password: Item not found",
                "invalid: 2 vaults of 1Password Connect at \(url) have the name 'twins'",
                "invalid: 2 items of vault 'ci' in 1Password have the name 'double'",
                "invalid: 2 fields of 'ci/registry' in 1Password have the name 'pin'",
                "forbidden: 1Password Connect at \(url) refuses the items of vault 'closed': token does not have access to "
                    + "vault",
            ])
    }

    @Test func codesAreOfNowAndKeysOfOpenSSH() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        let context = harness.context
        let code = try SecretReference("op://ci/registry/one-time?attribute=otp")
        let seed = try SecretReference("op://ci/registry/one-time")
        #expect(provider.isDynamic(code) && !provider.isDynamic(seed))
        var codes: [String] = []
        for _ in 0..<2 {
            for result in await provider.fetch([code], context) {
                codes.append(String(decoding: try result.get(), as: UTF8.self))
            }
        }
        #expect(codes == ["123452", "123453"])
        let values = try await harness.fetch(
            provider, "op://ci/registry/password?attribute=otp", "op://ci/deploy key/private key?ssh-format=openssh",
            "op://ci/registry/password?ssh-format=openssh", "op://ci/deploy key/private key")
        #expect(values[0] == "invalid: field 'password' of 'ci/registry' in 1Password makes no one-time passwords")
        #expect(values[1].hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----\n"))
        #expect(values[2].hasPrefix("invalid: field 'password' of 'ci/registry' in 1Password is no Ed25519 or RSA key"))
        #expect(values[3].hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    }

    @Test func refusalsHoldNoToken() async throws {
        let connect = try await ConnectDouble()
        var harness = try SecretsHarness(connect.environment)
        harness.environment["OP_CONNECT_TOKEN"] = "wrong-s3cret"
        #expect(
            try await harness.fetch(provider, "op://ci/registry/password") == [
                "forbidden: 1Password Connect at \(connect.server.url) does not accept the token: Invalid bearer token "
                    + "Bearer …"
            ])
        harness.environment["OP_CONNECT_TOKEN"] = "s3cret\nX: y"
        let text = try await harness.fetch(provider, "op://ci/registry/password").joined()
        #expect(text == "invalid: the value of header 'Authorization' holds a control character")
        harness.environment["OP_CONNECT_HOST"] = "connect.example"
        #expect(
            try await harness.fetch(provider, "op://ci/registry/password") == [
                "invalid: OP_CONNECT_HOST cannot be used: the URL has no scheme"
            ])
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func theTokenIsMaskedOnce() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        let masks = Masks()
        var context = harness.context
        context.session = masks.session
        let references = try ["op://ci/registry/password", "op://ci/registry/username"].map { try SecretReference($0) }
        #expect(await provider.fetch(references, context).count == 2)
        #expect(masks.texts == [ConnectDouble.token])
    }

    @Test func aServerThatTheRecipeDoesNotNameIsNotAsked() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        var context = harness.context
        context.hosts = SecretHosts(["connect.example"])
        let results = await provider.fetch([try SecretReference("op://ci/registry/password")], context)
        guard case .failure(let failure) = results[0] else {
            Issue.record("a secret of a server that is not permitted")
            return
        }
        #expect(failure.reason == .forbidden && connect.paths.isEmpty)
    }

    @Test(arguments: [429, 500, 503])
    func retried(_ status: Int) async throws {
        let connect = try await ConnectDouble(first: [.json(status, "{}"), .json(status, "{}")])
        let harness = try SecretsHarness(connect.environment)
        #expect(try await harness.fetch(provider, "op://ci/registry/username") == ["ada"])
    }

    @Test func whatIsNotConnect() async throws {
        let wrong: [Answer] = [
            .text(200, "<html>s3cret</html>"), .json(200, "{}"), .text(404, "no"),
            .text(302, "", headers: [("Location", "http://other.example/v1/vaults")]),
        ]
        for answer in wrong {
            let server = try await HTTPTestServer { _ in answer }
            let harness = try SecretsHarness(["OP_CONNECT_HOST": server.url, "OP_CONNECT_TOKEN": "t"])
            #expect(
                try await harness.fetch(provider, "op://ci/registry/password") == [
                    "unreachable: what answers at \(server.url) is not 1Password Connect"
                ])
            #expect(server.requests.count == 1)
        }
    }

    @Test func probes() async throws {
        let connect = try await ConnectDouble()
        let harness = try SecretsHarness(connect.environment)
        #expect(
            try await harness.probe(provider, "op://ci/registry/password")
                == "the item has the field (Connect gives values with it; they were dropped)")
        #expect(
            try await harness.probe(provider, "op://ci/registry/none")
                == "missing: 'ci/registry' in 1Password has no field 'none'")
    }
}

@Suite(.timeLimit(.minutes(10))) struct OnePasswordProgramTests {
    private let provider = OnePasswordProvider()

    /// A stand-in for `op` that says what its manual shows.
    private func harness() throws -> SecretsHarness {
        var harness = try SecretsHarness()
        try harness.folder.write(
            "bin/op",
            """
            #!/bin/sh
            echo "$*" >> log
            fail() { echo "[ERROR] 2026/01/31 10:00:00 $1" >&2; exit 1; }
            [ "$OP_SERVICE_ACCOUNT_TOKEN" = ops_s3cret ] || fail 'You are not currently signed in. Please run `op signin`'
            case "$*" in
            "read --no-newline op://ci/registry/password") printf 's3cret\\n' ;;
            "read --no-newline op://ci/registry/one-time?attribute=otp") printf 123456 ;;
            "read --no-newline op://ci/key/private key?ssh-format=openssh") printf KEY ;;
            "read --no-newline op://none/"*) fail '"none" isn'"'"'t a vault in this account.' ;;
            "read --no-newline op://ci/none/"*) fail '"none" isn'"'"'t an item in the "ci" vault.' ;;
            "read --no-newline op://ci/registry/none") fail "item 'ci/registry' does not have a field 'none'" ;;
            "read --no-newline op://ci/double/"*) fail 'More than one item matches "double". Try again and specify the item by its ID' ;;
            "read --no-newline "*) fail 'error initializing client: dial tcp: i/o timeout' ;;
            "item get registry --vault ci --format json")
                echo '{"id":"x","title":"Registry","fields":[{"id":"password","type":"CONCEALED","label":"password"}]}' ;;
            esac
            """, mode: 0o755)
        harness.environment = [
            "PATH": harness.folder.path + "/bin:/usr/bin:/bin", "OP_SERVICE_ACCOUNT_TOKEN": "ops_s3cret",
        ]
        return harness
    }

    @Test func valuesOfAServiceAccount() async throws {
        let harness = try harness()
        let values = try await harness.fetch(
            provider, "op://ci/registry/password", "op://ci/registry/password",
            "op://ci/registry/one-time?attribute=otp", "op://ci/key/private key?ssh-format=openssh")
        #expect(values == ["s3cret\n", "s3cret\n", "123456", "KEY"])
        #expect(try harness.folder.text("log").split(separator: "\n").count == 3)
    }

    @Test func failuresAreToldApart() async throws {
        var harness = try harness()
        let references = [
            "op://none/a/b", "op://ci/none/b", "op://ci/registry/none", "op://ci/double/b", "op://ci/other/b",
        ]
        var reasons: [String] = []
        for reference in references {
            reasons.append(String(try await harness.fetch(provider, reference).joined().prefix { $0 != ":" }))
        }
        #expect(reasons == ["missing", "missing", "missing", "invalid", "unreachable"])
        harness.environment["OP_SERVICE_ACCOUNT_TOKEN"] = nil
        let text = try await harness.fetch(provider, "op://ci/registry/password").joined()
        #expect(text.hasPrefix("forbidden: op does not give 'ci/registry' in 1Password: it ended with exit status 1"))
        harness.environment["PATH"] = "/nowhere"
        #expect(
            try await harness.fetch(provider, "op://ci/registry/password") == [
                "invalid: the program 'op' is not installed, or not in PATH"
            ])
    }

    @Test func connectComesBeforeTheServiceAccount() async throws {
        let connect = try await ConnectDouble()
        var harness = try harness()
        harness.environment.merge(connect.environment) { $1 }
        #expect(try await harness.fetch(provider, "op://ci/registry/username") == ["ada"])
        #expect(!harness.folder.exists("log"))
    }

    @Test func aProbeReadsNoValue() async throws {
        let harness = try harness()
        #expect(try await harness.probe(provider, "op://ci/registry/password") == "the item has the field")
        #expect(try await harness.probe(provider, "op://ci/registry/pin").hasPrefix("missing: "))
        #expect(try !harness.folder.text("log").contains("read"))
    }

    @Test(arguments: [
        "op://ci/registry", "op://ci//password", "op://a/b/c/d/e", "op://ci/registry/pass:word", "op://ci/registry/é",
        "op://ci/registry/password#x", "op://ci/registry/password?attribute=type",
        "op://ci/registry/password?ssh-format=pem", "op://ci/registry/a?attribute=otp&ssh-format=openssh",
        "op://ci/registry/a?version=1",
    ])
    func wrongReferences(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
    }
}
