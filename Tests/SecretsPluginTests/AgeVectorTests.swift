import Crypto
import OpsCore
import TestKit
import Testing

@testable import SecretsPlugin

/// The format's own test suite (C2SP/CCTV, age).
@Suite(.timeLimit(.minutes(10))) struct AgeVectorTests {
    @Test func allVectorsAreAtHand() {
        #expect(vectorsFolder == nil || AgeVector.all.count == 143)
    }

    @Test(arguments: AgeVector.all) func endsAsExpected(_ vector: AgeVector) throws {
        var identities: [any AgeIdentity] = vector.passphrases.map { PassphraseIdentity($0) }
        identities += try AgeIdentityFile.identities(
            Array(vector.identities.joined(separator: "\n").utf8), passphrase: nil)
        do throws(AgeError) {
            let content = try AgeFile(vector.file).decrypt(with: identities)
            #expect(vector.expectation == "success")
            #expect(hexadecimal(SHA256.hash(data: content)) == vector.digest)
        } catch {
            #expect(error.kind.rawValue == vector.expectation, "\(error)")
        }
    }

    /// What Debian's age 1.1 does otherwise than the format says since.
    private static let outdated = ["armor_empty_last_line", "armor_whitespace_outside"]

    /// Debian's age knows no post-quantum recipients, and asks for passphrases on a terminal.
    @Test func debiansAgeAgrees() throws {
        let folder = try TemporaryFolder()
        var judged = 0
        for vector in AgeVector.all where vector.passphrases.isEmpty && !vector.identities.isEmpty {
            guard !vector.identities.contains(where: { $0.hasPrefix("AGE-SECRET-KEY-PQ-") }),
                !Self.outdated.contains(vector.name)
            else { continue }
            try folder.write("identity", vector.identities.joined(separator: "\n"), mode: 0o600)
            try folder.write("file", vector.file)
            let result = try run(["age", "-d", "-i", "identity", "file"], in: folder.path)
            let agrees = (result.status == 0) == (vector.expectation == "success")
            #expect(agrees, "\(vector.name): \(result.errorText)")
            if result.status == 0 { #expect(hexadecimal(SHA256.hash(data: result.output)) == vector.digest) }
            judged += 1
        }
        #expect(vectorsFolder == nil || judged > 80)
    }
}
