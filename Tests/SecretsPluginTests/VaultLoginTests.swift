import HTTPTestServer
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultLoginTests {
    private let reference = "vault://secret/ci/registry#user"

    /// The variables of a login, and whether it is chosen by them alone.
    @Test(arguments: [
        ["VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret"],
        ["VAULT_USERNAME": "bob", "VAULT_PASSWORD": "password-s3cret"],
        ["VAULT_USERNAME": "bob", "VAULT_PASSWORD": "password-s3cret", "VAULT_AUTH_METHOD": "ldap"],
        ["VAULT_AUTH_ROLE": "ci", "VAULT_ID_TOKEN": "jwt-s3cret"],
        ["VAULT_AUTH_ROLE": "ci", "VAULT_ID_TOKEN": "jwt-s3cret", "VAULT_AUTH_PATH": "auth/team/ci/"],
        ["BAO_AUTH_ROLE": "ci", "BAO_ID_TOKEN": "jwt-s3cret", "VAULT_ID_TOKEN": "other"],
    ])
    func logins(_ variables: [String: String]) async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(variables.merging(["VAULT_ADDR": vault.server.url]) { $1 })
        #expect(try await scene.fetch(reference, "vault://old/ci#password") == ["bob", "old-s3cret"])
        #expect(vault.paths.filter { $0.contains("/login") }.count == 1)
        #expect(vault.server.requests.first?.header("x-vault-token") == nil)
        #expect(scene.heard.masks.contains("login-s3cret-1"))
        let proof = variables["VAULT_SECRET_ID"] ?? variables["VAULT_PASSWORD"] ?? "jwt-s3cret"
        #expect(scene.heard.masks.contains(proof))
        #expect(scene.heard.owed.map(\.id) == ["login \(vault.server.url) - login-accessor-1"])
        #expect(await scene.end() == [])
        #expect(vault.livingLogins.isEmpty && scene.heard.paid == scene.heard.owed)
        #expect(!scene.log.text.contains("s3cret"))
    }

    @Test func githubAndForgejo() async throws {
        let vault = try await VaultDouble()
        let service = try await HTTPTestServer { request in
            guard request.header("authorization") == "Bearer bearer-s3cret" else { return .text(401, "no") }
            return request.target == "/token?api-version=2.0&audience=https%3A%2F%2Fvault"
                ? .json(200, #"{"count":1,"value":"jwt-s3cret"}"#) : .json(200, #"{"value":"for another audience"}"#)
        }
        var variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_AUDIENCE": "https://vault",
            "ACTIONS_ID_TOKEN_REQUEST_URL": service.url + "/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-s3cret",
        ]
        let scene = VaultScene(variables)
        #expect(try await scene.fetch(reference, "vault://old/ci#password") == ["bob", "old-s3cret"])
        #expect(service.requests.count == 1)
        #expect(scene.heard.masks.contains("bearer-s3cret") && scene.heard.masks.contains("jwt-s3cret"))
        variables["VAULT_AUTH_AUDIENCE"] = nil
        #expect(
            try await VaultScene(variables).fetch(reference) == [
                "forbidden: Vault at \(vault.server.url) refuses the login 'jwt' at 'auth/jwt': "
                    + "error validating token: invalid audience (aud) claim"
            ])
        variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "other"
        #expect(
            try await VaultScene(variables).fetch(reference)
                == ["forbidden: the CI system's token service gave no token (401)"])
    }

    @Test func serviceAccountIsReadAtEachLogin() async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(uses: 1))
        let folder = try TemporaryFolder()
        let variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_AUTH_METHOD": "kubernetes", "VAULT_AUTH_ROLE": "ci",
            "VAULT_ID_TOKEN_FILE": try folder.write("token", "pod-s3cret-1\n"),
        ]
        let scene = VaultScene(variables)
        #expect(try await scene.fetch("vault://secret/ci/registry#user?kv=2") == ["bob"])
        try folder.write("token", "pod-s3cret-2\n")
        #expect(try await scene.fetch("vault://old/ci#password?kv=1") == ["old-s3cret"])
        let bodies = vault.server.requests.filter { $0.path.hasSuffix("/login") }.map(\.bodyText)
        #expect(bodies.count == 2 && bodies[0].contains("pod-s3cret-1") && bodies[1].contains("pod-s3cret-2"))
    }

    @Test func awsIdentityIsSignedNotSent() async throws {
        let vault = try await VaultDouble()
        let folder = try TemporaryFolder()
        var variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_AUTH_METHOD": "aws", "VAULT_AUTH_ROLE": "ci", "HOME": folder.path,
            "VAULT_AUTH_HEADER": "vault.example", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalr-s3cret",
        ]
        for region in [nil, "eu-west-1"] {
            variables["VAULT_AUTH_REGION"] = region
            // Only the server is permitted, so nothing was asked of AWS.
            let scene = VaultScene(variables, hosts: ["127.0.0.1"])
            #expect(try await scene.fetch(reference) == ["bob"])
            #expect(await scene.end() == [])
        }
        #expect(!vault.server.requests.contains { $0.bodyText.contains("wJalr-s3cret") })
    }

    @Test func deadTokenIsReplacedOnce() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene([
            "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret",
        ])
        #expect(try await scene.fetch(reference) == ["bob"])
        vault.endLogins()
        #expect(
            try await scene.fetch("vault://old/ci#password", "vault://secretv1/x#k", "vault://team/kv/app one#key")
                == ["old-s3cret", "v1-s3cret", "team-s3cret"])
        #expect(vault.count("auth/approle/login") == 2)
        vault.endLogins()
        let values = try await scene.fetch("vault://secret/ci/registry#password?version=1")
        #expect(
            values == [
                "forbidden: Vault at \(vault.server.url) no longer accepts the token, asked for 'secret/ci/registry'"
            ])
        #expect(vault.count("auth/approle/login") == 2)
        // A token that is gone needs no end.
        #expect(await scene.end() == [])
    }

    @Test func refusedPathIsNoDeadToken() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(["VAULT_ADDR": vault.server.url, "VAULT_TOKEN": "narrow-s3cret"])
        let values = try await scene.fetch("vault://secret/other#x?kv=2", reference)
        #expect(
            values == [
                "forbidden: Vault at \(vault.server.url) refuses 'secret/other': 1 error occurred: * permission denied",
                "bob",
            ])
        #expect(vault.count("auth/token/lookup-self") == 1)
        #expect(scene.heard.owed.isEmpty)
        #expect(await scene.end() == [])
        #expect(vault.count("auth/token/revoke") == 0)
    }

    @Test func refusalsHoldNoProof() async throws {
        let vault = try await VaultDouble()
        let url = vault.server.url
        for (variables, message) in [
            (
                ["VAULT_USERNAME": "bob", "VAULT_PASSWORD": "wrong-s3cret"],
                "forbidden: Vault at \(url) refuses the login 'userpass' at 'auth/userpass': invalid username or password, not …"
            ),
            (
                ["VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "wrong-s3cret"],
                "forbidden: Vault at \(url) refuses the login 'approle' at 'auth/approle': invalid role or secret ID"
            ),
            (
                ["VAULT_ROLE_ID": "role-1", "VAULT_AUTH_PATH": "elsewhere"],
                "invalid: there is no login method at 'auth/elsewhere' in Vault at \(url)"
            ),
            (
                ["VAULT_ROLE_ID": "role-1", "VAULT_AUTH_PATH": "second"],
                "forbidden: the login 'approle' at 'auth/second' asks for a second factor in a step of its own, "
                    + "which a run cannot give"
            ),
            (["VAULT_AUTH_METHOD": "aprole"], "invalid: VAULT_AUTH_METHOD names no login that ops knows"),
            (
                ["VAULT_AUTH_METHOD": "userpass"],
                "invalid: VAULT_USERNAME is not set, which the login 'userpass' needs"
            ),
            (["VAULT_AUTH_METHOD": "jwt"], "forbidden: there is no token that says who runs"),
            (["VAULT_AUTH_METHOD": "cert"], "invalid: VAULT_CLIENT_CERT is not set, which the login 'cert' needs"),
        ] {
            let scene = VaultScene(variables.merging(["VAULT_ADDR": url]) { $1 })
            #expect(try await scene.fetch(reference) == [message])
            #expect(!scene.log.text.contains("s3cret"))
        }
    }

    @Test func agentAddsItsOwnToken() async throws {
        let agent = try await HTTPTestServer { request in
            request.header("x-vault-token") == nil && request.header("x-vault-request") == "true"
                ? .json(200, #"{"data":{"k":"through the agent"}}"#) : .json(403, "{}")
        }
        let scene = VaultScene(["VAULT_AGENT_ADDR": agent.url, "VAULT_ADDR": "http://127.0.0.1:1"])
        #expect(try await scene.fetch("vault://old/x#k?kv=1") == ["through the agent"])
    }

    @Test func batchTokensAreNotOwed() async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(isLoginRenewable: false, isLoginBatch: true))
        let scene = VaultScene([
            "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret",
        ])
        #expect(try await scene.fetch("vault://database/creds/ci#password?read=dynamic") == ["pw-s3cret-2"])
        // Its end would not be that of the lease.
        #expect(scene.heard.owed.map(\.id) == ["lease \(vault.server.url) - database/creds/ci/lease-2"])
        #expect(await scene.end() == [])
        #expect(vault.livingLeases.isEmpty && vault.count("auth/token/revoke") == 0)
    }

    @Test func loginIsRenewed() async throws {
        let vault = try await VaultDouble()
        let clock = HandClock()
        let scene = VaultScene(
            [
                "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret",
            ], clock: clock)
        #expect(try await scene.fetch(reference) == ["bob"])
        #expect(vault.count("auth/token/renew-self") == 0)
        #expect(try await clock.pass() == 2_400_000)
        #expect(try await eventually { clock.asked.count == 2 })
        #expect(vault.count("auth/token/renew-self") == 1)
        #expect(await scene.end() == [])
    }
}
