import Glibc
import HTTPTestServer
import OpsCore
import TestKit
import Testing

/// What a run makes on a server to get its secrets is taken back, and nothing is asked of a server that the recipe does
/// not name: with the built program.
@Suite struct SecretDebtTests {
    private static let recipe = """
        ops: 1
        secrets: { s: "vault://database/creds/ci#password?read=dynamic" }
        tasks:
          t: { env: { S: "${{ secrets.s }}" }, run: 'touch started; sleep "${SECONDS_TO_SLEEP:-0}"; echo "$S"' }
          other: { run: echo other }

        """

    /// Logs in by AppRole, and makes a database user each time it is asked.
    private static func vault() async throws -> HTTPTestServer {
        try await HTTPTestServer { request in
            switch request.path {
            case "/v1/auth/approle/login":
                .json(
                    200,
                    #"""
                    {"auth":{"client_token":"hvs.token-of-the-login","accessor":"accessor-1","policies":["ci"],
                    "lease_duration":3600,"renewable":true,"token_type":"service"}}
                    """#)
            case "/v1/database/creds/ci":
                .json(
                    200,
                    #"""
                    {"lease_id":"database/creds/ci/lease-1","lease_duration":3600,"renewable":true,
                    "data":{"username":"v-ci-1","password":"password-of-the-lease"}}
                    """#)
            case "/v1/auth/token/revoke-self", "/v1/auth/token/revoke-accessor", "/v1/sys/leases/revoke":
                .text(204, "")
            default: .json(404, #"{"errors":[]}"#)
            }
        }
    }

    private static func variables(_ server: HTTPTestServer) -> [String: String?] {
        ["VAULT_ADDR": server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-of-the-role"]
    }

    private static func count(_ server: HTTPTestServer, _ path: String) -> Int {
        server.requests.count { $0.path == "/v1/" + path }
    }

    @Test(arguments: [0, SIGTERM])
    func `the login of a run ends with it`(signal: Int32) async throws {
        let server = try await Self.vault()
        let ops = try OpsProgram(Self.recipe)
        var variables = Self.variables(server)
        if signal != 0 { variables["SECONDS_TO_SLEEP"] = "1000" }
        let program = try ops.start(["t", "--stream", "raw", "--grace", "1s"], environment: variables)
        if signal != 0 {
            try program.wait(for: ops.project + "/started")
            program.signal(signal)
        }
        let result = try program.end()
        #expect(result.status == (signal == 0 ? 0 : 143), "\(result.text)\(result.errorText)")
        if signal == 0 { #expect(result.text == "[masked:s]\n") }
        #expect(Self.count(server, "auth/approle/login") == 1 && Self.count(server, "auth/token/revoke-self") == 1)
        #expect(try run(["test", "-e", ops.state + "/debts"]).status == 1)
    }

    @Test func `what a run that was killed has left is taken back by the next one`() async throws {
        let server = try await Self.vault()
        let ops = try OpsProgram(Self.recipe)
        var variables = Self.variables(server)
        variables["SECONDS_TO_SLEEP"] = "1000"
        let program = try ops.start(["t"], environment: variables)
        try program.wait(for: ops.project + "/started")
        program.signal(SIGKILL)
        _ = try program.end()
        #expect(Self.count(server, "auth/token/revoke-self") == 0)
        // The other process of the run may still be ending.
        var result = try ops.run(["other"], environment: Self.variables(server))
        _ = try await eventually {
            if result.text.contains("took back") { return true }
            result = try ops.run(["other"], environment: Self.variables(server))
            return false
        }
        #expect(result.text.contains("left: vault login \(server.url) - accessor-1"), "\(result.text)")
        let revoked = server.requests.filter { $0.path == "/v1/auth/token/revoke-accessor" }
        #expect(revoked.map(\.bodyText) == [#"{"accessor":"accessor-1"}"#])
        #expect(try run(["test", "-e", ops.state + "/debts"]).status == 1)
        let journals = try run(["sh", "-c", "cat \"$0\"/runs/*/journal.jsonl", ops.state]).text
        #expect(journals.contains(#""event":"secret-owed","scheme":"vault","id":"login "#))
        #expect(journals.contains(#""event":"secret-revoked""#) && journals.contains(#""earlier-run""#))
        for value in ["hvs.token-of-the-login", "password-of-the-lease", "secret-id-of-the-role"] {
            #expect(try run(["grep", "-rl", value, ops.state]).text == "")
        }
    }

    @Test func `nothing is sent to a server that secret-hosts does not name`() async throws {
        let server = try await Self.vault()
        let ops = try OpsProgram(Self.recipe + "secret-hosts: [ \"127.0.0.1:1\", vault.example.com ]\n")
        let result = try ops.run(["t"], environment: Self.variables(server))
        // It is fetched when it is needed: the step fails.
        #expect(result.status == 1)
        #expect(result.text.contains("'secret-hosts' does not name 127.0.0.1:\(server.port)"), "\(result.text)")
        #expect(server.requests.isEmpty)
        let named = try OpsProgram(Self.recipe + "secret-hosts: [ 127.0.0.1 ]\n")
        #expect(try named.run(["t"], environment: Self.variables(server)).status == 0)
    }
}
