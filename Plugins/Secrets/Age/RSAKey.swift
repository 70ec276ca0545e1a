import Crypto
import CryptoExtras
import FoundationEssentials

/// An RSA private key that decrypts OAEP with a label, which CryptoExtras' own encryption does not know.
///
/// Its blind signing (RFC 9474, section 4.3) is the plain private operation RSASP1, which is RSADP (RFC 8017,
/// sections 5.1.2 and 5.2.1).
struct RSAKey: Sendable {
    private typealias Operations = _RSA.BlindSigning.PrivateKey<SHA384>

    private let operations: Operations
    private let size: Int

    /// A key of its numbers, big-endian. Nil where they make none of at least 2048 bits.
    init?(modulus: [UInt8], publicExponent: [UInt8], privateExponent: [UInt8], primes: ([UInt8], [UInt8])) {
        guard
            let key = try? Operations(
                n: modulus, e: publicExponent, d: privateExponent, p: primes.0, q: primes.1,
                parameters: .RSABSSA_SHA384_PSS_Randomized)
        else { return nil }
        operations = key
        size = (key.keySizeInBits + 7) / 8
    }

    /// A key in PEM: PKCS #1 or PKCS #8. Nil where it is none.
    init?(pem: String) {
        guard let key = try? Operations(pemRepresentation: pem) else { return nil }
        operations = key
        size = (key.keySizeInBits + 7) / 8
    }

    /// The modulus and the public exponent, big-endian.
    var publicNumbers: (modulus: [UInt8], exponent: [UInt8])? {
        (try? operations.publicKey.getKeyPrimitives()).map { ([UInt8]($0.modulus), [UInt8]($0.publicExponent)) }
    }

    /// The message in RSAES-OAEP with SHA-256 (RFC 8017, section 7.1.2); nil where it is for another key or label.
    func decrypt(_ sealed: [UInt8], label: [UInt8]) -> [UInt8]? {
        guard sealed.count == size, let raw = try? operations.blindSignature(for: sealed) else { return nil }
        let encoded = [UInt8](raw.rawRepresentation)
        let length = SHA256.byteCount
        guard encoded.count == size, size >= 2 * length + 2 else { return nil }
        let masked = Array(encoded[(1 + length)...])
        let seed = Self.masked(Array(encoded[1...length]), with: masked)
        let block = Self.masked(masked, with: seed)
        // All is looked at before anything is said of it: where it went wrong must not show in the time it took.
        var isWrong = encoded[0]
        for (byte, expected) in zip(block, SHA256.hash(data: label)) { isWrong |= byte ^ expected }
        let rest = block[length...]
        guard let separator = rest.firstIndex(where: { $0 != 0 }), rest[separator] == 1, isWrong == 0 else {
            return nil
        }
        return Array(rest[(separator + 1)...])
    }

    /// The bytes xor MGF1 of a seed (RFC 8017, appendix B.2.1).
    private static func masked(_ bytes: [UInt8], with seed: [UInt8]) -> [UInt8] {
        var mask: [UInt8] = []
        var counter: UInt32 = 0
        while mask.count < bytes.count {
            mask += SHA256.hash(data: seed + withUnsafeBytes(of: counter.bigEndian) { Array($0) })
            counter += 1
        }
        return zip(bytes, mask).map { $0 ^ $1 }
    }
}
