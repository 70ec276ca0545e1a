import OpsCore
import OpsRecipe
import Testing

/// What a policy allows, as other modules ask it.
@Suite struct PolicyValueTests {
    private static func policy(_ texts: String...) throws -> Policy {
        Policy(
            try texts.map {
                try PolicyLoader.read(Array(("policy: 1\n" + $0).utf8), as: "policy.yaml", project: "/p")
            })
    }

    @Test func allHoldAtOnce() throws {
        let policy = try Self.policy(
            "signatures: require\nhosts: [ a.test, b.test ]\n", "signatures: off\nhosts: [ b.test ]\n")
        #expect(policy.signatures == .require)
        #expect(policy.refusal(ofHost: "b.test", port: 443) == nil)
        #expect(
            policy.refusal(ofHost: "a.test", port: 443)?.message
                == "the policy policy.yaml does not allow the server 'a.test'")
        #expect(Policy().signatures == .warn)
        #expect(Policy().refusal(ofHost: "any.test", port: 1) == nil)
    }

    @Test(arguments: [
        ("a.test", 443, true), ("A.test", 80, true), ("x.sub.test", 1, true), ("sub.test", 1, false),
        ("port.test", 8080, true), ("port.test", 80, false), ("other.test", 443, false), ("xa.test", 443, false),
    ])
    func hosts(host: String, port: Int, isAllowed: Bool) throws {
        let policy = try Self.policy("hosts: [ a.test, '*.sub.test', 'port.test:8080' ]\n")
        #expect((policy.refusal(ofHost: host, port: port) == nil) == isAllowed)
    }

    @Test(arguments: [
        ("r.test", "any/where", true), ("s.test:5000", "team/app", true), ("s.test:5000", "team", true),
        ("s.test:5000", "teams/app", false), ("t.test", "a", false),
    ])
    func registries(registry: String, repository: String, isAllowed: Bool) throws {
        let policy = try Self.policy("registries: [ r.test, 's.test:5000/team' ]\n")
        #expect((policy.refusal(ofRegistry: registry, repository: repository) == nil) == isAllowed)
    }

    @Test func signers() throws {
        let policy = try Self.policy("signers: [ '*@team.test', me@home.test ]\n")
        #expect(policy.refusal(ofSigner: "you@team.test") == nil)
        #expect(policy.refusal(ofSigner: "me@home.test") == nil)
        #expect(policy.refusal(ofSigner: "you@home.test")?.hint == "its 'signers' allows *@team.test, me@home.test")
    }
}
