import HTTPTestServer
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultWrappingTests {
    @Test func wrappedSecretIDIsOpenedOnce() async throws {
        let vault = try await VaultDouble()
        let wrapping = vault.wrap("auth/approle/role/ci/secret-id", #"{"data":{"secret_id":"secret-id-s3cret"}}"#)
        let variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_WRAPPED_SECRET_ID": wrapping,
        ]
        let scene = VaultScene(variables)
        #expect(
            try await scene.fetch("vault://secret/ci/registry#user", "vault://old/ci#password") == [
                "bob", "old-s3cret",
            ])
        #expect(vault.count("sys/wrapping/unwrap") == 1)
        #expect(scene.heard.masks.contains(wrapping) && scene.heard.masks.contains("secret-id-s3cret"))
        let later = VaultScene(variables)
        let values = try await later.fetch("vault://secret/ci/registry#user")
        #expect(
            values == [
                "forbidden: the wrapping token in VAULT_WRAPPED_SECRET_ID was opened before, or its time is over: "
                    + "unless you know of either, somebody else has read what it held"
            ])
        #expect(
            later.log.text.contains("error: alarm: the wrapping token in VAULT_WRAPPED_SECRET_ID was opened before"))
        #expect(!later.log.text.contains("s3cret"))
    }

    @Test func anotherOriginIsNotOpened() async throws {
        let vault = try await VaultDouble()
        let wrapping = vault.wrap("cubbyhole/mine", #"{"data":{"secret_id":"secret-id-s3cret"}}"#)
        var variables = [
            "VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_WRAPPED_SECRET_ID": wrapping,
        ]
        #expect(
            try await VaultScene(variables).fetch("vault://secret/ci/registry#user") == [
                "forbidden: the wrapping token in VAULT_WRAPPED_SECRET_ID comes from 'cubbyhole/mine', which is not what "
                    + "it should hold; it was not opened"
            ])
        #expect(vault.count("sys/wrapping/unwrap") == 0)
        variables["VAULT_WRAPPING_PATH"] = "/v1/cubbyhole/mine"
        #expect(try await VaultScene(variables).fetch("vault://secret/ci/registry#user") == ["bob"])
    }

    @Test func wrappedTokenEndsWithTheRun() async throws {
        let vault = try await VaultDouble()
        let auth = vault.with { $0.makeLogin() }
        let wrapping = vault.wrap("auth/token/create", #"{"data":null,"auth":\#(auth)}"#)
        let scene = VaultScene(["VAULT_ADDR": vault.server.url, "VAULT_WRAPPED_TOKEN": wrapping])
        #expect(try await scene.fetch("vault://secret/ci/registry#user") == ["bob"])
        vault.endLogins()
        // It cannot be opened twice, so this is the end of it.
        #expect(try await scene.fetch("vault://old/ci#password").joined().hasPrefix("forbidden: Vault at"))
        #expect(vault.count("sys/wrapping/unwrap") == 1)
        #expect(await scene.end() == [])
    }

    @Test func wrappedSecretOfAVariable() async throws {
        let vault = try await VaultDouble()
        var variables = [
            "VAULT_ADDR": vault.server.url,
            "W2": vault.wrap("secret/data/x", #"{"data":{"data":{"k":"two-s3cret"},"metadata":{"version":1}}}"#),
            "W1": vault.wrap("old/x", #"{"data":{"k":"one-s3cret","n":12345678901234567890}}"#),
            "OTHER": vault.wrap("old/y", #"{"data":{"k":"s3cret"}}"#),
        ]
        let scene = VaultScene(variables)
        let probe = try await scene.probe("vault://old/x#k?unwrap=W1").get()
        #expect(probe == SecretProbe("wrapped, not opened yet", expires: 1_769_853_600 + 300))
        #expect(
            try await scene.fetch(
                "vault://secret/data/x#k?unwrap=W2", "vault://old/x#k?unwrap=W1", "vault://old/x#n?unwrap=W1",
                "vault://old/x#k?unwrap=OTHER", "vault://old/x#k?unwrap=NONE") == [
                    "two-s3cret", "one-s3cret", "12345678901234567890",
                    "forbidden: the wrapping token in OTHER comes from 'old/y', which is not what it should hold; "
                        + "it was not opened",
                    "missing: NONE is not set, which is to hold a wrapping token",
                ])
        #expect(vault.count("auth/") == 0)
        variables["W2"] = nil
        #expect(
            try await VaultScene(variables).fetch("vault://old/x#k?unwrap=W1").joined().contains("was opened before"))
    }

    @Test func answersForOthersAreWrapped() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        let values = try await scene.fetch("vault://secret/ci/registry?wrap=5m", "vault://old/ci?wrap=60&read=static")
        #expect(values.allSatisfy { $0.hasPrefix("wrapping-s3cret-") })
        #expect(vault.with { $0.wrapped.values.map(\.path).sorted() } == ["old/ci", "secret/data/ci/registry"])
        #expect(vault.with { $0.wrapped.values.allSatisfy { !$0.isOpened } })
        let times = vault.server.requests.compactMap { $0.header("x-vault-wrap-ttl") }
        #expect(times.sorted() == ["300s", "60s"])
    }

    @Test func answersAreWrappedOnTheirWay() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment.merging(["VAULT_WRAP_TTL": "30s"]) { $1 })
        let values = try await scene.fetch(
            "vault://secret/ci/registry#user", "vault://database/creds/ci#username?read=dynamic")
        #expect(values[0] == "bob" && values[1].hasPrefix("v-ci-"))
        #expect(vault.with { $0.wrapped.count == 2 && $0.wrapped.values.allSatisfy(\.isOpened) })
        #expect(scene.heard.owed.count == 1)
        #expect(await scene.end() == [])
        #expect(vault.livingLeases.isEmpty)
    }
}
