import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(1))) struct VaultLeaseTests {
    private let user = "vault://database/creds/ci#username?read=dynamic"
    private let password = "vault://database/creds/ci#password?read=dynamic"

    private func login(_ vault: VaultDouble) -> [String: String] {
        ["VAULT_ADDR": vault.server.url, "VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret"]
    }

    @Test func dynamicIsSaidByTheText() throws {
        let provider = VaultProvider()
        for (text, isDynamic) in [
            (user, true), ("vault://pki/issue/web?write=dynamic&common_name=a", true), ("vault://a/b#c", false),
            ("vault://a/b#c?read=static", false), ("vault://a/b?wrap=5m", true), ("vault://a/b#c?unwrap=W", false),
        ] {
            #expect(provider.isDynamic(try SecretReference(text)) == isDynamic)
        }
    }

    @Test func fieldsOfOneReadBelongTogether() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        async let both = scene.fetch(user, password)
        async let again = scene.fetch(password)
        #expect(try await both == ["v-ci-1", "pw-s3cret-1"])
        #expect(try await again == ["pw-s3cret-1"])
        #expect(vault.count("database/creds/ci") == 1)
        #expect(await scene.end() == [])
    }

    @Test func ownLoginTakesItsLeasesAlong() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(login(vault))
        #expect(try await scene.fetch(user) == ["v-ci-2"])
        #expect(scene.heard.owed.map(\.id) == ["login \(vault.server.url) - login-accessor-1"])
        #expect(vault.livingLeases == ["database/creds/ci/lease-2"])
        #expect(await scene.end() == [])
        #expect(vault.livingLeases.isEmpty && vault.livingLogins.isEmpty)
    }

    @Test func givenTokenLivesOnAndItsLeasesEnd() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        _ = try await scene.fetch(user, "vault://auth/token/create#client_token?write=dynamic&ttl=1h")
        #expect(vault.livingLeases.count == 1 && vault.livingLogins.count == 1)
        #expect(await scene.end() == [])
        #expect(vault.livingLeases.isEmpty && vault.livingLogins.isEmpty)
        #expect(vault.with { $0.tokens["root-s3cret"]?.isDead } == false)
        #expect(Set(scene.heard.paid) == Set(scene.heard.owed) && scene.heard.paid.count == 2)
    }

    @Test func whatCannotBeRevokedIsSaid() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        _ = try await scene.fetch(user)
        vault.with { $0.tokens["root-s3cret"]?.isDead = true }
        let url = vault.server.url
        #expect(
            await scene.end() == [
                "lease \(url) - database/creds/ci/lease-1: Vault at \(url) refuses the end of the lease "
                    + "'database/creds/ci/lease-1': permission denied for …"
            ])
        #expect(scene.heard.paid.isEmpty)
    }

    @Test func nextRunFinishesTheJobOfAKilledOne() async throws {
        let vault = try await VaultDouble()
        let (given, own) = (VaultScene(vault.environment), VaultScene(login(vault)))
        _ = try await given.fetch(user)
        _ = try await own.fetch(password)
        let debts = given.heard.owed + own.heard.owed
        #expect(!debts.map(\.id).joined().contains("s3cret"))
        let next = VaultScene(login(vault))
        let gone = SecretDebt(scheme: "vault", id: "login \(vault.server.url) - nobody")
        let unknown = SecretDebt(scheme: "vault", id: "lease \(vault.server.url) team/a none/1")
        #expect(await next.revoke(debts + [gone, unknown]) == ["done", "done", "done", "done"])
        #expect(vault.server.requests.last?.header("x-vault-namespace") == "team/a")
        #expect(vault.livingLeases.isEmpty && vault.livingLogins.count == 1)
        #expect(await next.end() == [])
        #expect(vault.livingLogins.isEmpty)
        let elsewhere = SecretDebt(scheme: "vault", id: "lease https://other.example - a/1")
        #expect(
            await next.revoke([elsewhere, SecretDebt(scheme: "vault", id: "?")]) == [
                "unreachable: it was made by Vault at https://other.example, and \(vault.server.url) is asked now",
                "invalid: the journal's note of what Vault made is not one that this version wrote",
            ])
    }

    @Test func leaseIsRenewedAtTwoThirds() async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(leaseDuration: 1))
        let scene = VaultScene(vault.environment)
        let clock = ContinuousClock()
        let start = clock.now
        _ = try await scene.fetch(user)
        #expect(try await eventually { vault.count("sys/leases/renew") == 1 })
        let time = clock.now - start
        #expect(time > .milliseconds(600) && time < .milliseconds(950))
        #expect(try await eventually { vault.count("sys/leases/renew") == 2 })
        #expect(await scene.end() == [])
        #expect(vault.count("database/creds/ci") == 1)
    }

    @Test func failingRenewalsBackOff() async throws {
        // Each try is three requests of the client, so six tries.
        let vault = try await VaultDouble(VaultDouble.Manner(leaseDuration: 2, failingRenewals: 1000))
        let scene = VaultScene(vault.environment)
        _ = try await scene.fetch(user)
        #expect(try await eventually { scene.log.text.contains("was not renewed in time") })
        let count = vault.count("sys/leases/renew")
        #expect(count >= 6 && count <= 15)
        try await Task.sleep(for: .milliseconds(500))
        #expect(vault.count("sys/leases/renew") == count)
        #expect(await scene.end() == [])
    }

    @Test(arguments: [(true, 1, 1), (false, 1, 0), (true, 0, 1)])
    func renewalStops(_ isRenewable: Bool, _ duration: Int, _ count: Int) async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(leaseDuration: 1, isLeaseRenewable: isRenewable))
        // The server gives less and less time near the lease's greatest age, at last none.
        vault.with { $0.manner.renewedDuration = 0 }
        let scene = VaultScene(vault.environment)
        _ = try await scene.fetch(user)
        try await Task.sleep(for: .milliseconds(1200))
        #expect(vault.count("sys/leases/renew") == count)
        #expect(scene.log.text.contains("warning: the lease of 'database/creds/ci'") == isRenewable)
        #expect(await scene.end() == [])
    }

    @Test func certificateIsPostedFor() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        let reference = "vault://pki/issue/web#KEY?write=dynamic&common_name=a.example&ttl=1h%2030m"
        let values = try await scene.fetch(
            reference.replacing("KEY", with: "private_key"), reference.replacing("KEY", with: "certificate"),
            reference.replacing("KEY", with: "serial_number"),
            "vault://pki/issue/web#private_key?write=dynamic&common_name=b.other",
            "vault://pki/issue/web#private_key?read=static")
        #expect(
            values == [
                "key-s3cret", "for a.example 1h 30m", "123456789012345678901234567890",
                "invalid: Vault at \(vault.server.url) rejects the request for 'pki/issue/web' (400): "
                    + "common name b.other not allowed by this role",
                "invalid: Vault at \(vault.server.url) rejects the request for 'pki/issue/web' (405): "
                    + "1 error occurred: * unsupported operation",
            ])
        #expect(vault.count("pki/issue/web") == 3)
        #expect(scene.heard.owed.isEmpty)
    }

    @Test func anyOtherPath() async throws {
        let vault = try await VaultDouble()
        let scene = VaultScene(vault.environment)
        let values = try await scene.fetch(
            "vault://secret/data/ci/registry#data.id?read=static",
            "vault://secret/data/ci/registry#metadata.version?read=static",
            "vault://secret/data/ci/registry#data.password?read=static&version=1", "vault://old/none?read=static",
            "vault://nowhere/x?read=static", "vault://old/ci?read=static")
        #expect(
            values == [
                "12345678901234567890", "3", "first-s3cret",
                "missing: there is no 'old/none' in Vault at \(vault.server.url)",
                "invalid: nothing is mounted at 'nowhere' in Vault at \(vault.server.url)",
                #"{"password":"old-s3cret","ttl":"30m"}"#,
            ])
    }

    @Test(arguments: [
        ("vault://a/b#c?read=often", "'often' in 'vault://a/b#c?read=often' is no way to read"),
        (
            "vault://a/b#c?read=static&write=static",
            "'vault://a/b#c?read=static&write=static' has both read= and write="
        ),
        ("vault://a/b#c?wrap=5m", "'vault://a/b#c?wrap=5m' names a field of what is wrapped"),
        ("vault://a/b?wrap=soon", "'soon' in 'vault://a/b?wrap=soon' is not a time for a wrapping token"),
        ("vault://a/b#c?unwrap=W&kv=2", "unknown option 'kv' in 'vault://a/b#c?unwrap=W&kv=2'"),
        ("vault://a/b#c?read=static&decode=hex", "'vault://a/b#c?read=static&decode=hex' cannot decode 'hex'"),
    ])
    func wrongReferences(_ text: String, _ message: String) throws {
        let reference = try SecretReference(text)
        let error = #expect(throws: OpsError.self) { try VaultProvider().check(reference) }
        #expect(error?.message == message)
    }
}
