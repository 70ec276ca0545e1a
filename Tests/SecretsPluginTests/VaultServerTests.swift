import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

/// What holds of the double and, where there is one, of a real server: it takes back a moment after it says so.
@Suite(.timeLimit(.minutes(10))) struct VaultServerTests {
    enum Kind: String, Sendable, CaseIterable {
        case double
        case real
    }

    static let kinds = RealVault.isThere ? Kind.allCases : [.double]
    static let withLeases = RealVault.isThere && RealVault.Database.isThere ? Kind.allCases : [.double]

    private func place(_ kind: Kind, needsDatabase: Bool = false) async throws -> any VaultPlace {
        kind == .double
            ? DoublePlace(vault: try await VaultDouble()) : try await RealVault(needsDatabase: needsDatabase)
    }

    @Test(arguments: kinds) func keyValueEngines(_ kind: Kind) async throws {
        let place = try await place(kind)
        let (kv2, kv1, name) = (place.kv2, place.kv1, place.address)
        let scene = VaultScene(place.environment)
        let values = try await scene.fetch(
            "vault://\(kv2)/ci/registry#password", "vault://\(kv2)/ci/registry#a.b",
            "vault://\(kv2)/ci/registry#password?version=1", "vault://\(kv2)/ci/registry#password?version=2",
            "vault://\(kv2)/ci/registry#password?version=9", "vault://\(kv2)/none#x", "vault://\(kv1)/ci#password",
            "vault://\(kv1)/none#x", "vault://\(kv2)/ci/registry#empty", "vault://\(kv1)/ci#password?read=static",
            "vault://nowhere/x?read=static")
        #expect(values[0...2] == ["pa55-s3cret", "dotted", "first-s3cret"])
        #expect(values[3].hasPrefix("missing: version 2 of '\(kv2)/ci/registry' in Vault was deleted at 20"))
        #expect(
            values[4...] == [
                "missing: there is no version 9 of '\(kv2)/ci/registry' in Vault at \(name)",
                "missing: there is no '\(kv2)/none' in Vault at \(name)", "old-s3cret",
                "missing: there is no '\(kv1)/none' in Vault at \(name)",
                "empty: field 'empty' of '\(kv2)/ci/registry' in Vault is empty", "old-s3cret",
                "invalid: nothing is mounted at 'nowhere' in Vault at \(name)",
            ])
        let probe = try await scene.probe("vault://\(kv2)/ci/registry#password").get()
        #expect(probe.version == "3" && probe.text.hasPrefix("KV version 2, version 3 of 20"))
        await #expect(throws: SecretFailure.self) {
            try await scene.probe("vault://\(kv2)/ci/registry#password?version=2").get()
        }
        let wrong = VaultScene(place.environment.merging(["VAULT_TOKEN": "wrong-s3cret"]) { $1 })
        #expect(
            try await wrong.fetch("vault://\(kv1)/ci#password")
                == ["forbidden: Vault at \(name) no longer accepts the token, asked for '\(kv1)/ci'"])
        try await place.close()
    }

    @Test(arguments: kinds) func loginsAreMadeOnceAndRevoked(_ kind: Kind) async throws {
        let place = try await place(kind)
        for method in ["approle", "userpass", "jwt"] {
            let scene = VaultScene(try #require(place.login(method)))
            let references = ["vault://\(place.kv2)/ci/registry#user", "vault://\(place.kv1)/ci#password"]
            #expect(try await scene.fetch(references) == ["bob", "old-s3cret"], "\(method)")
            let id = try #require(scene.heard.owed.first?.id)
            #expect(scene.heard.owed.count == 1)
            let accessor = String(id.split(separator: " ")[3])
            #expect(try await place.lives(accessor: accessor))
            #expect(await scene.end() == [])
            #expect(try await eventually { try await !place.lives(accessor: accessor) })
            var wrong = try #require(place.login(method))
            for name in ["VAULT_SECRET_ID", "VAULT_PASSWORD", "VAULT_ID_TOKEN"] where wrong[name] != nil {
                wrong[name] = "wrong-s3cret"
            }
            let refusal = try await VaultScene(wrong).fetch("vault://\(place.kv1)/ci#password").joined()
            #expect(refusal.hasPrefix("forbidden: Vault at \(place.address) refuses the login '\(method)'"))
            #expect(!refusal.contains("s3cret"))
        }
        try await place.close()
    }

    @Test(arguments: kinds) func deadLoginIsMadeAnew(_ kind: Kind) async throws {
        let place = try await place(kind)
        let scene = VaultScene(try #require(place.login("approle")))
        #expect(try await scene.fetch("vault://\(place.kv2)/ci/registry#user") == ["bob"])
        try await place.endLogins()
        #expect(try await scene.fetch("vault://\(place.kv1)/ci#password") == ["old-s3cret"])
        #expect(scene.heard.owed.count == 2)
        #expect(await scene.end() == [])
        try await place.close()
    }

    @Test(arguments: kinds) func wrappedSecretIDAlarmsTheSecondTime(_ kind: Kind) async throws {
        let place = try await place(kind)
        var variables = try #require(place.login("approle"))
        variables["VAULT_SECRET_ID"] = nil
        variables["VAULT_WRAPPED_SECRET_ID"] = try await place.wrappedSecretID()
        let scene = VaultScene(variables)
        #expect(try await scene.fetch("vault://\(place.kv1)/ci#password") == ["old-s3cret"])
        #expect(await scene.end() == [])
        let second = try await VaultScene(variables).fetch("vault://\(place.kv1)/ci#password").joined()
        #expect(second.contains("VAULT_WRAPPED_SECRET_ID was opened before"))
        let onTheirWay = VaultScene(place.environment.merging(["VAULT_WRAP_TTL": "60s"]) { $1 })
        #expect(try await onTheirWay.fetch("vault://\(place.kv2)/ci/registry#user") == ["bob"])
        let handing = try await VaultScene(place.environment).fetch("vault://\(place.kv2)/ci/registry?wrap=1m")
        let opening = VaultScene(["VAULT_ADDR": place.address, "W": handing[0]])
        #expect(try await opening.fetch("vault://\(place.kv2)/data/ci/registry#user?unwrap=W") == ["bob"])
        try await place.close()
    }

    @Test(arguments: kinds) func madeTokensEndWithTheRun(_ kind: Kind) async throws {
        let place = try await place(kind)
        let scene = VaultScene(place.environment)
        let reference = "vault://auth/token/create#accessor?write=dynamic&ttl=1h"
        let accessor = try await scene.fetch(reference)[0]
        #expect(try await place.lives(accessor: accessor))
        #expect(await scene.end() == [])
        #expect(try await eventually { try await !place.lives(accessor: accessor) })
        let killed = VaultScene(place.environment)
        let left = try await killed.fetch(reference)[0]
        let next = VaultScene(try #require(place.login("approle")))
        #expect(await next.revoke(killed.heard.owed) == ["done"])
        #expect(try await eventually { try await !place.lives(accessor: left) })
        // Gone already, which is fine.
        #expect(await next.revoke(killed.heard.owed) == ["done"])
        #expect(await next.end() == [])
        try await place.close()
    }

    @Test(arguments: withLeases) func leasesAreRenewedAndRevoked(_ kind: Kind) async throws {
        let place = try await place(kind, needsDatabase: true)
        let path = try #require(place.dynamic)
        let references = ["vault://\(path)#username?read=dynamic", "vault://\(path)#password?read=dynamic"]
        let clock = HandClock()
        let scene = VaultScene(place.environment, clock: clock)
        let values = try await scene.fetch(references)
        let id = String(try #require(scene.heard.owed.first?.id.split(separator: " ").last))
        #expect(try await place.lives(lease: id))
        if let real = place as? RealVault {
            #expect(try real.admits(values[0], values[1]))
            #expect(try await !real.wasRenewed(lease: id))
            #expect(try await clock.pass() == 2_400_000)
            #expect(try await eventually { try await real.wasRenewed(lease: id) })
            #expect(try real.admits(values[0], values[1]))
        }
        let killed = VaultScene(place.environment)
        _ = try await killed.fetch(references)
        let next = VaultScene(try #require(place.login("approle")))
        #expect(await next.revoke(killed.heard.owed) == ["done"])
        let other = String(try #require(killed.heard.owed.first?.id.split(separator: " ").last))
        #expect(try await eventually { try await !place.lives(lease: other) })
        #expect(await killed.end() == [])
        #expect(await scene.end() == [])
        #expect(try await eventually { try await !place.lives(lease: id) })
        if let real = place as? RealVault { #expect(try await eventually { try !real.admits(values[0], values[1]) }) }
        // What our own login made ends with it.
        let own = try await next.fetch(references)
        #expect(await next.end() == [])
        if let real = place as? RealVault { #expect(try await eventually { try !real.admits(own[0], own[1]) }) }
        try await place.close()
    }

    @Test(.enabled(if: RealVault.isThere)) func rateLimitAndSeal() async throws {
        let real = try await RealVault()
        try await real.call(
            "sys/quotas/rate-limit/\(real.mark)", #"{"path":"\#(real.kv1)","rate":1,"interval":"60s"}"#)
        let scene = VaultScene(real.environment)
        let values = try await scene.fetch("vault://\(real.kv1)/ci#password", "vault://\(real.kv1)/ci?read=static")
        #expect(
            values.contains { $0.hasPrefix("unreachable: Vault at \(real.address) has a rate limit that was reached") })
        try await real.close()
        guard RealVault.variable("OPS_TEST_VAULT_ADDR") == nil else { return }
        try await real.call("sys/seal", "{}")
        let sealed = VaultScene(real.environment)
        #expect(
            try await sealed.fetch("vault://\(real.kv2)/ci/registry#user")
                == ["unreachable: Vault at \(real.address) is sealed"])
    }
}
