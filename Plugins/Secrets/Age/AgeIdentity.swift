import Crypto
import CryptoExtras
import FoundationEssentials

/// What opens an age file: a private key or a passphrase.
protocol AgeIdentity: Sendable {
    /// The types of recipients it can be tried on.
    var types: [String] { get }

    /// The file key (16 bytes) in a stanza of such a type; nil where it was wrapped for another.
    ///
    /// Throws: an `AgeError` (`header`) where the stanza is malformed.
    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]?
}

extension AgeStanza {
    /// The body where it is a sealed file key, and the number of arguments right.
    func sealedKey(arguments count: Int) throws(AgeError) -> [UInt8] {
        guard arguments.count == count else {
            throw AgeHeader.malformed("has an \(type) recipient with \(arguments.count) arguments")
        }
        guard body.count == 32 else {
            throw AgeHeader.malformed("has an \(type) recipient whose file key is not 16 bytes")
        }
        return body
    }

    /// An argument in base64, of that many bytes.
    func bytes(at index: Int, count: Int) throws(AgeError) -> [UInt8] {
        guard let bytes = AgeHeader.base64(arguments[index].utf8), bytes.count == count else {
            throw AgeHeader.malformed("has an \(type) recipient with a share that is not \(count) bytes in base64")
        }
        return bytes
    }
}

extension Curve25519.KeyAgreement.PrivateKey {
    /// What it shares with a point; nil for a point of low order, which the library lets pass (RFC 7748, section 6.1).
    func sharedSecret(with point: [UInt8]) -> SharedSecret? {
        guard let point = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: point),
            let secret = try? sharedSecretFromKeyAgreement(with: point),
            secret.withUnsafeBytes({ $0.contains { $0 != 0 } })
        else { return nil }
        return secret
    }
}

/// A native identity, `AGE-SECRET-KEY-1…` (C2SP age, "The X25519 recipient type").
struct X25519Identity: AgeIdentity {
    let types = ["X25519"]
    private let key: Curve25519.KeyAgreement.PrivateKey

    /// Nil where the bytes are not 32.
    init?(_ bytes: [UInt8]) {
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes) else { return nil }
        self.key = key
    }

    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]? {
        let sealed = try stanza.sealedKey(arguments: 1)
        let share = try stanza.bytes(at: 0, count: 32)
        guard let secret = key.sharedSecret(with: share) else {
            throw AgeHeader.malformed("has an X25519 recipient with a share of low order")
        }
        let wrap = secret.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: share + key.publicKey.rawRepresentation,
            sharedInfo: Array("age-encryption.org/v1/X25519".utf8), outputByteCount: 32)
        return AgeSeal.open(sealed, key: wrap)
    }
}

/// A post-quantum identity, `AGE-SECRET-KEY-PQ-1…` (C2SP age, "The mlkem768x25519 recipient type"): HPKE (RFC 9180)
/// with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
struct HybridIdentity: AgeIdentity {
    let types = ["mlkem768x25519"]
    private let key: XWingMLKEM768X25519.PrivateKey

    private static let suite = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .chaChaPoly)
    private static let info = Data("age-encryption.org/mlkem768x25519".utf8)

    /// Nil where the bytes are not 32.
    init?(_ bytes: [UInt8]) {
        guard let key = try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: bytes, publicKey: nil) else {
            return nil
        }
        self.key = key
    }

    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]? {
        let sealed = try stanza.sealedKey(arguments: 1)
        let share = try stanza.bytes(at: 0, count: 1120)
        guard
            var recipient = try? HPKE.Recipient(
                privateKey: key, ciphersuite: Self.suite, info: Self.info, encapsulatedKey: Data(share))
        else { throw AgeHeader.malformed("has an mlkem768x25519 recipient with a share of low order") }
        return (try? recipient.open(sealed)).map { [UInt8]($0) }
    }
}

/// A passphrase (C2SP age, "The scrypt recipient type").
struct PassphraseIdentity: AgeIdentity {
    let types = ["scrypt"]
    private let passphrase: [UInt8]

    /// 2^20 rounds take 1 GiB of memory and some seconds; age itself writes 2^18.
    static let workFactorLimit = 20

    init(_ passphrase: String) { self.passphrase = Array(passphrase.utf8) }

    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]? {
        let sealed = try stanza.sealedKey(arguments: 2)
        let salt = try stanza.bytes(at: 0, count: 16)
        let digits = stanza.arguments[1]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !digits.hasPrefix("0"), digits.utf8.count <= 2,
            let factor = Int(digits)
        else { throw AgeHeader.malformed("has a work factor that is no number from 1 to 99") }
        guard factor <= Self.workFactorLimit else {
            throw AgeError(
                .header,
                "asks for too much work to try a passphrase: 2^\(factor) rounds, at most "
                    + "2^\(Self.workFactorLimit) are done")
        }
        guard
            let wrap = try? KDF.Scrypt.deriveKey(
                from: passphrase, salt: Array("age-encryption.org/v1/scrypt".utf8) + salt, outputByteCount: 32,
                rounds: 1 << factor, blockSize: 8, parallelism: 1)
        else { throw AgeError(.header, "needs more memory to try a passphrase than there is") }
        return AgeSeal.open(sealed, key: wrap)
    }
}
