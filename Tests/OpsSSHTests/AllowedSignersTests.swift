import OpsCore
import OpsSSH
import OpsSystem
import TestKit
import Testing

/// `allowed_signers` files, judged by ssh-keygen.
@Suite struct AllowedSignersTests {
    private static let message = Array("text\n".utf8)

    /// Whether a line counts for alice's signature for `ops-recipe` at a time, as ssh-keygen and as ops say.
    private func verdicts(_ line: String, at time: Int, in folder: TemporaryFolder) throws -> (Bool, Bool) {
        try folder.write("signers", "# comment\n\n\(line)\n")
        let date = String(Timestamp.iso8601(Double(time)).filter { $0.isNumber })
        let judged = try run(
            [
                "ssh-keygen", "-Y", "verify", "-O", "verify-time=\(date)", "-f", folder.path + "/signers", "-I",
                "alice@example.com", "-n", "ops-recipe", "-s", folder.path + "/message.sig",
            ], environment: ["TZ": "UTC"], input: Self.message)
        let ours: Bool
        do {
            let signers = try AllowedSigners.read(folder.path + "/signers", zone: .utc)
            let signature = try SSHSignature(armored: try folder.text("message.sig"))
            _ = try signers.signer(of: signature, among: ["alice@example.com"], at: time)
            ours = true
        } catch {
            ours = false
        }
        return (judged.status == 0, ours)
    }

    @Test func agreesWithSSHKeygen() throws {
        let folder = try TemporaryFolder()
        try folder.write("message", Self.message)
        for name in ["key", "other"] {
            #expect(
                try run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", folder.path + "/" + name]).status == 0)
        }
        let signed = try run(
            [
                "ssh-keygen", "-q", "-Y", "sign", "-f", folder.path + "/key", "-n", "ops-recipe",
                folder.path + "/message",
            ])
        #expect(signed.status == 0, "\(signed.errorText)")
        let key = try folder.text("key.pub").split(separator: "\n")[0]
        let other = try folder.text("other.pub").split(separator: "\n")[0]
        let now = try #require(Timestamp.parse("2026-06-15T12:00:00Z"))
        let table: [(line: String, counts: Bool)] = [
            ("alice@example.com \(key)", true), ("  alice@example.com\t\(key)", true),
            ("alice@example.com \(other)", false), ("bob@example.com \(key)", false),
            ("bob@example.com,alice@example.com \(key)", true), ("*@example.com \(key)", true),
            ("*@example.com,!alice@example.com \(key)", false), ("!bob@example.com \(key)", false),
            ("ali?e@*.com \(key)", true), ("\"alice@example.com\" \(key)", true), ("* \(key)", true),
            ("Alice@example.com \(key)", false),
            ("alice@example.com namespaces=\"ops-recipe\" \(key)", true),
            ("alice@example.com namespaces=\"git,ops-*\" \(key)", true),
            ("alice@example.com namespaces=\"git\" \(key)", false),
            ("alice@example.com NAMESPACES=\"ops-recipe\" \(key)", true),
            ("alice@example.com namespaces=ops-recipe \(key)", false),
            ("alice@example.com valid-after=\"20260615\" \(key)", true),
            ("alice@example.com valid-after=\"20260616\" \(key)", false),
            ("alice@example.com valid-before=\"20260616Z\" \(key)", true),
            ("alice@example.com valid-before=\"20260615Z\" \(key)", false),
            ("alice@example.com valid-after=\"202606151200\",valid-before=\"20260615120000Z\" \(key)", false),
            ("alice@example.com valid-after=\"202606151159\",valid-before=\"20260615120000Z\" \(key)", true),
            ("alice@example.com valid-before=\"20260615115959\" \(key)", false),
            ("alice@example.com valid-before=\"tomorrow\" \(key)", false),
            ("alice@example.com valid-before=\"20261301\" \(key)", false),
            ("alice@example.com cert-authority \(key)", false),
            ("alice@example.com what \(key)", false), ("alice@example.com", false),
            ("alice@example.com namespaces=\"ops-recipe \(key)", false),
            ("alice@example.com \(key.dropLast(30))", false),
            ("alice@example.com namespaces=\"ops-recipe\",namespaces=\"git\" \(key)", false),
        ]
        for (line, counts) in table {
            let (theirs, ours) = try verdicts(line, at: now, in: folder)
            #expect(theirs == counts, "ssh-keygen: \(line)")
            #expect(ours == counts, "ops: \(line)")
        }
        // The first line of a key need not be the one that counts.
        let (theirs, ours) = try verdicts("bob@example.com \(key)\nalice@example.com \(key)", at: now, in: folder)
        #expect(theirs && ours)
    }

    @Test func datesWithoutAZAreTheMachinesOwn() throws {
        let folder = try TemporaryFolder()
        try #require(try run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", folder.path + "/key"]).status == 0)
        let key = try folder.text("key.pub")
        let zone = ZoneDatabase.local(environment: ["TZ": "Europe/Berlin"])
        for (text, expected) in [
            ("20260615", "2026-06-14T22:00:00Z"), ("20260115", "2026-01-14T23:00:00Z"),
            ("202603290330", "2026-03-29T01:30:00Z"), ("20260615Z", "2026-06-15T00:00:00Z"),
        ] {
            let signers = try AllowedSigners("a valid-after=\"\(text)\" \(key)", name: "signers", zone: zone)
            #expect(signers.entries.first?.validAfter == Timestamp.parse(expected), "\(text)")
        }
    }

    @Test func saysWhyNoneCounts() async throws {
        let folder = try TemporaryFolder()
        try #require(try run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", folder.path + "/key"]).status == 0)
        let key = try folder.text("key.pub").split(separator: "\n")[0]
        let signer = try await SSHSigner.find(folder.path + "/key", environment: [:])
        let signature = try await SSHSignature(of: Self.message, namespace: "ops-recipe", by: signer)
        for (line, reason) in [
            ("", "its key \(signature.fingerprint) is not in signers"),
            ("bob@example.com \(key)", "it is by bob@example.com, who is not among alice@example.com"),
            ("alice@example.com namespaces=\"git\" \(key)", "signers:1 does not allow signatures for 'ops-recipe'"),
            ("alice@example.com valid-after=\"20300101Z\" \(key)", "signers:1 is valid only from 2030-01-01T00:00:00Z"),
            (
                "alice@example.com valid-before=\"20200101Z\" \(key)",
                "signers:1 was valid only until 2020-01-01T00:00:00Z"
            ),
            ("alice@example.com cert-authority \(key)", "signers:1 is a cert-authority, and ops takes no certificates"),
        ] {
            let signers = try AllowedSigners(line, name: "signers")
            let error = #expect(throws: OpsError.self) {
                try signers.signer(of: signature, among: ["alice@example.com"], at: 1_780_000_000)
            }
            #expect(error?.message == "the signature does not count: \(reason)")
        }
        let broken = #expect(throws: OpsError.self) {
            try AllowedSigners("a \(key)\na quick=\"brown\" \(key)", name: "signers")
        }
        #expect(
            broken?.description
                == "signers:2: there is no option 'quick' (there are cert-authority, namespaces, valid-after and valid-before)"
        )
    }
}
