import OpsCore
import OpsSSH
import TestKit
import Testing

/// Signatures that ssh-keygen makes and checks.
@Suite struct SSHSignatureTests {
    private static let message = Array("sha256:0123\n".utf8)

    private func keygen(_ folder: TemporaryFolder, _ kind: [String], passphrase: String = "") throws -> String {
        let file = folder.path + "/" + kind.joined(separator: "-")
        let made = try run(["ssh-keygen", "-q", "-N", passphrase, "-C", "a comment", "-f", file, "-t"] + kind)
        try #require(made.status == 0, "\(made.errorText)")
        return file
    }

    @Test(arguments: [["ed25519"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"]])
    func agreesWithSSHKeygenBothWays(kind: [String]) async throws {
        let folder = try TemporaryFolder()
        // Numbers with leading zeros come up only now and then.
        for _ in 0..<3 {
            let file = try keygen(folder, kind)
            let signer = try await SSHSigner.find(file, environment: [:])
            let signature = try await SSHSignature(of: Self.message, namespace: "ops-recipe", by: signer)
            try folder.write("m.sig", signature.armored)
            let key = String(decoding: try readAll(file + ".pub"), as: UTF8.self)
            try folder.write("signers", "alice@example.com \(key)")
            let judged = try run(
                [
                    "ssh-keygen", "-Y", "verify", "-f", folder.path + "/signers", "-I", "alice@example.com", "-n",
                    "ops-recipe", "-s", folder.path + "/m.sig",
                ], input: Self.message)
            #expect(judged.text.hasPrefix("Good \"ops-recipe\" signature for alice@example.com"), "\(judged.errorText)")
            let checked = try run(
                ["ssh-keygen", "-Y", "check-novalidate", "-n", "ops-recipe", "-s", folder.path + "/m.sig"],
                input: Self.message)
            #expect(checked.status == 0)

            for hash in ["sha256", "sha512"] {
                let theirs = try run(
                    ["ssh-keygen", "-Y", "sign", "-O", "hashalg=\(hash)", "-f", file, "-n", "ops-recipe"],
                    input: Self.message)
                let read = try SSHSignature(armored: theirs.text)
                try read.verify(Self.message, namespace: "ops-recipe")
                #expect(read.fingerprint == signer.publicKey.fingerprint)
                #expect(try SSHSignature(armored: read.armored).armored == read.armored)
                #expect(theirs.text == read.armored)
            }
            _ = try run(["rm", file, file + ".pub"])
        }
    }

    @Test func refusesOtherContentOtherPurposesAndChangedBytes() async throws {
        let folder = try TemporaryFolder()
        let signer = try await SSHSigner.find(try keygen(folder, ["ed25519"]), environment: [:])
        let signature = try await SSHSignature(of: Self.message, namespace: "ops-recipe", by: signer)
        #expect(throws: OpsError.self) { try signature.verify(Self.message + [0x0A], namespace: "ops-recipe") }
        let purpose = #expect(throws: OpsError.self) { try signature.verify(Self.message, namespace: "ops-plugin") }
        #expect(purpose?.message == "the signature is made for 'ops-recipe', not for 'ops-plugin'")
        let lines = signature.armored.split(separator: "\n").map(String.init)
        let bytes = try #require(Base64.decode(Array(lines.dropFirst().dropLast().joined().utf8)))
        // Every byte counts: a changed one is no signature, or not this one.
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            let text = ([lines[0]] + [Base64.encode(changed)] + [lines[lines.count - 1]]).joined(separator: "\n")
            #expect(throws: OpsError.self, "byte \(index)") {
                try SSHSignature(armored: text).verify(Self.message, namespace: "ops-recipe")
            }
        }
        for text in ["", "x", lines.dropLast().joined(separator: "\n"), lines.dropFirst().joined(separator: "\n")] {
            #expect(throws: OpsError.self) { try SSHSignature(armored: text) }
        }
    }

    @Test func refusesKeysThatItDoesNotKnowAndNamesThem() async throws {
        let folder = try TemporaryFolder()
        let rsa = try keygen(folder, ["rsa", "-b", "2048"])
        let theirs = try run(["ssh-keygen", "-Y", "sign", "-f", rsa, "-n", "ops-recipe"], input: Self.message)
        let read = try SSHSignature(armored: theirs.text)
        let unknown = #expect(throws: OpsError.self) { try read.verify(Self.message, namespace: "ops-recipe") }
        #expect(unknown?.message == "the key of the signature cannot be used: it is a key of kind ssh-rsa")
        let foreign = await #expect(throws: OpsError.self) { try await SSHSigner.find(rsa, environment: [:]) }
        #expect(foreign?.message == "cannot sign with '\(rsa)': it is a key of kind ssh-rsa")
        let certified = try keygen(folder, ["ed25519"])
        let made = try run(["ssh-keygen", "-q", "-s", rsa, "-I", "x", "-n", "alice", certified + ".pub"])
        try #require(made.status == 0, "\(made.errorText)")
        let certificate = try folder.text("ed25519-cert.pub")
        let refused = #expect(throws: OpsError.self) { try SSHPublicKey(line: certificate) }
        #expect(
            refused?.message
                == "it is a certificate (ssh-ed25519-cert-v01@openssh.com), which ops does not take")
    }

    @Test func aKeyWithAPassphraseIsTheAgents() async throws {
        let folder = try TemporaryFolder()
        let agent = try Agent(folder)
        for kind in [["ed25519"], ["ecdsa", "-b", "256"]] {
            let file = try keygen(folder, kind)
            #expect(try run(["ssh-add", "-q", file], environment: agent.environment).status == 0)
            #expect(try run(["ssh-keygen", "-q", "-p", "-N", "pass phrase", "-f", file]).status == 0)
            for path in [file, file + ".pub"] {
                let signer = try await SSHSigner.find(path, environment: agent.environment)
                let signature = try await SSHSignature(of: Self.message, namespace: "n", by: signer)
                try folder.write("m.sig", signature.armored)
                let judged = try run(
                    ["ssh-keygen", "-Y", "check-novalidate", "-n", "n", "-s", folder.path + "/m.sig"],
                    input: Self.message)
                #expect(judged.status == 0, "\(judged.errorText)")
            }
            let lonely = await #expect(throws: OpsError.self) { try await SSHSigner.find(file, environment: [:]) }
            #expect(
                lonely?.message
                    == "cannot sign with '\(file)': it has a passphrase, and there is no ssh-agent (SSH_AUTH_SOCK is not set)"
            )
        }
        let other = try keygen(folder, ["ecdsa", "-b", "384"], passphrase: "pass phrase")
        let unheld = await #expect(throws: OpsError.self) {
            try await SSHSigner.find(other, environment: agent.environment)
        }
        #expect(
            unheld?.message
                == "cannot sign with '\(other)': it has a passphrase, and the ssh-agent does not hold the key")
        let unreached = await #expect(throws: OpsError.self) {
            try await SSHSigner.find(other, environment: ["SSH_AUTH_SOCK": folder.path + "/none"])
        }
        #expect(unreached?.code == .unavailable)
    }

    @Test func brokenKeyFilesAreErrorsThatHoldNothingOfTheKey() async throws {
        let folder = try TemporaryFolder()
        let file = try keygen(folder, ["ed25519"])
        let text = try folder.text("ed25519")
        let lines = text.split(separator: "\n").map(String.init)
        let pem = try run(["openssl", "genpkey", "-algorithm", "ed25519"]).text
        for (broken, reason) in [
            (lines.dropLast().joined(separator: "\n"), "it is no valid OpenSSH private key"),
            (text.replacing(lines[2], with: String(lines[2].reversed())), "it is no valid OpenSSH private key"),
            (pem, "it is a private key of another form than OpenSSH's"), ("hello", "there is no public key"),
        ] {
            try folder.write("ed25519", broken)
            let refused = await #expect(throws: OpsError.self) { try await SSHSigner.find(file, environment: [:]) }
            #expect(refused?.message == "cannot sign with '\(file)': \(reason)")
        }
    }
}

/// A real ssh-agent, ended with the last reference.
private final class Agent: Sendable {
    let environment: [String: String]
    private let pid: String

    init(_ folder: TemporaryFolder) throws {
        let socket = folder.path + "/agent"
        let started = try run(["ssh-agent", "-s", "-a", socket])
        let mark = try #require(started.text.firstRange(of: "SSH_AGENT_PID="))
        pid = String(started.text[mark.upperBound...].prefix { $0.isNumber })
        environment = ["SSH_AUTH_SOCK": socket]
    }

    deinit { _ = try? run(["kill", pid]) }
}
