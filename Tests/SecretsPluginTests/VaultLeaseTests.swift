import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct VaultLeaseTests {
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

    @Test(arguments: [(.middle, 2_400_000), (.least, 2_280_000), (.most, 2_520_000)] as [(HandClock.Chance, Int)])
    func leaseIsRenewedAtTwoThirds(_ chance: HandClock.Chance, _ wait: Int) async throws {
        let vault = try await VaultDouble()
        vault.with { $0.manner.renewedDuration = 1800 }
        let clock = HandClock(chance)
        let scene = VaultScene(vault.environment, clock: clock)
        _ = try await scene.fetch(user)
        #expect(vault.count("sys/leases/renew") == 0)
        #expect(try await clock.pass() == wait)
        #expect(try await clock.pass() == wait / 2)
        #expect(try await eventually { clock.asked.count == 3 })
        #expect(vault.count("sys/leases/renew") == 2)
        #expect(await scene.end() == [])
        #expect(vault.count("database/creds/ci") == 1 && vault.count("sys/leases/renew") == 2)
    }

    @Test(
        arguments: [
            (.middle, [10, 20, 40, 80, 160, 300, 300], "4m50s"),
            (.least, [7.5, 15, 30, 60, 120, 225, 225, 225, 225], "3m07s"),
            (.most, [12.5, 25, 50, 100, 200, 375], "5m17s"),
        ] as [(HandClock.Chance, [Double], String)])
    func failingRenewalsBackOff(_ chance: HandClock.Chance, _ waits: [Double], _ left: String) async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(failingRenewals: 1000))
        let clock = HandClock(chance)
        let scene = VaultScene(vault.environment.merging(["VAULT_MAX_RETRIES": "0"]) { $1 }, clock: clock)
        _ = try await scene.fetch(user)
        try await clock.pass()
        for wait in waits { #expect(try await clock.pass() == Int(wait * 1000)) }
        #expect(try await eventually { scene.log.text.contains("was not renewed in time; it ends in \(left)") })
        #expect(await scene.end() == [])
        #expect(clock.asked.count == waits.count + 1 && vault.count("sys/leases/renew") == waits.count + 1)
    }

    @Test func renewalGoesOnAfterAFailure() async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(failingRenewals: 2))
        let clock = HandClock()
        let scene = VaultScene(vault.environment.merging(["VAULT_MAX_RETRIES": "0"]) { $1 }, clock: clock)
        _ = try await scene.fetch(user)
        for wait in [2400, 10, 20, 2400, 2400] { #expect(try await clock.pass() == wait * 1000) }
        #expect(await scene.end() == [])
    }

    /// The server gives less and less time near the lease's greatest age, at last none.
    @Test(arguments: [0, 360]) func renewalStops(_ renewedDuration: Int) async throws {
        let vault = try await VaultDouble()
        vault.with { $0.manner.renewedDuration = renewedDuration }
        let clock = HandClock()
        let scene = VaultScene(vault.environment, clock: clock)
        _ = try await scene.fetch(user)
        try await clock.pass()
        let warning = "warning: the lease of 'database/creds/ci' is not renewable any more"
        #expect(try await eventually { scene.log.text.contains(warning) })
        #expect(await scene.end() == [])
        #expect(clock.asked.count == 1 && vault.count("sys/leases/renew") == 1)
    }

    @Test(arguments: [(false, 3600), (true, 0)])
    func whatCannotBeRenewedIsNot(_ isRenewable: Bool, _ duration: Int) async throws {
        let vault = try await VaultDouble(VaultDouble.Manner(leaseDuration: duration, isLeaseRenewable: isRenewable))
        let clock = HandClock()
        let scene = VaultScene(vault.environment, clock: clock)
        _ = try await scene.fetch(user)
        // It waits for all that goes on beside the run, so that nothing comes later.
        #expect(await scene.end() == [])
        #expect(clock.asked == [] && vault.count("sys/leases/renew") == 0)
        #expect(!scene.log.text.contains("warning: the lease of"))
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
