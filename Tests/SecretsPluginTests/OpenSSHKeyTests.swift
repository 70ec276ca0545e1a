import OpsCore
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct OpenSSHKeyTests {
    /// ssh-keygen signs with it; its public half is the one that openssl gives.
    @Test(arguments: [["-algorithm", "ED25519"], ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]])
    func sshKeygenReadsIt(_ algorithm: [String]) throws {
        let folder = try TemporaryFolder()
        try #require(try run(["openssl", "genpkey"] + algorithm + ["-out", folder.path + "/pkcs8"]).status == 0)
        let key = try #require(OpenSSHKey(pkcs8: try folder.text("pkcs8")))
        try folder.write("key", key.text, mode: 0o600)
        let read = try run(["ssh-keygen", "-y", "-P", "", "-f", folder.path + "/key"])
        #expect(read.status == 0, "\(read.errorText)")
        let shared = try run(["openssl", "pkey", "-in", folder.path + "/pkcs8", "-pubout", "-outform", "DER"]).output
        let blob = try #require(Base64.decode(Array(read.text.split(separator: " ")[1].utf8)))
        // The key's own numbers end the one; an exponent of five bytes follows them in the other.
        #expect(
            algorithm[1] == "RSA"
                ? blob.suffix(250) == shared.dropLast(5).suffix(250) : blob.suffix(32) == shared.suffix(32))
        try folder.write("text", "text")
        let signed = try run([
            "ssh-keygen", "-Y", "sign", "-n", "file", "-f", folder.path + "/key", folder.path + "/text",
        ])
        #expect(signed.status == 0, "\(signed.errorText)")
        try folder.write("allowed", "ada \(read.text)")
        let verified = try run(
            [
                "ssh-keygen", "-Y", "verify", "-n", "file", "-f", folder.path + "/allowed", "-I", "ada", "-s",
                folder.path + "/text.sig",
            ], input: Array("text".utf8))
        #expect(verified.status == 0, "\(verified.errorText)")
    }

    @Test(arguments: [
        "", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMAA=",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----",
    ])
    func anythingElseIsNoKey(_ text: String) { #expect(OpenSSHKey(pkcs8: text) == nil) }
}
