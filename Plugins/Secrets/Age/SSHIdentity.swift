import Crypto
import OpsCore

/// How recipients name an SSH key (age, package agessh): the first four bytes of the SHA-256 digest of its public
/// form (RFC 4253, section 6.6), in base64.
enum SSHFingerprint {
    static func text(_ publicForm: [UInt8]) -> String {
        String(Base64.encode(Array(SHA256.hash(data: publicForm).prefix(4))).prefix { $0 != "=" })
    }
}

/// An Ed25519 key, used as the X25519 key that has the same secret scalar.
struct SSHEd25519Identity: AgeIdentity {
    let types = ["ssh-ed25519"]
    private let key: Curve25519.KeyAgreement.PrivateKey
    private let publicForm: [UInt8]

    private static let label = Array("age-encryption.org/v1/ssh-ed25519".utf8)

    /// - Parameters:
    ///   - seed: the private key (RFC 8032, section 5.1.5), 32 bytes.
    ///   - publicForm: the public key in SSH's form.
    init?(seed: [UInt8], publicForm: [UInt8]) {
        let scalar = Array(SHA512.hash(data: seed).prefix(32))
        guard seed.count == 32, let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: scalar) else {
            return nil
        }
        self.key = key
        self.publicForm = publicForm
    }

    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]? {
        let sealed = try stanza.sealedKey(arguments: 2)
        let share = try stanza.bytes(at: 1, count: 32)
        guard stanza.arguments[0] == SSHFingerprint.text(publicForm) else { return nil }
        let tweak = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: [UInt8]()), salt: publicForm, info: Self.label, outputByteCount: 32)
        guard let secret = key.sharedSecret(with: share),
            let tweakKey = tweak.withUnsafeBytes({ try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0) }),
            let tweaked = tweakKey.sharedSecret(with: secret.withUnsafeBytes { Array($0) })
        else { throw AgeHeader.malformed("has an ssh-ed25519 recipient with a share of low order") }
        let wrap = tweaked.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: share + key.publicKey.rawRepresentation, sharedInfo: Self.label,
            outputByteCount: 32)
        return AgeSeal.open(sealed, key: wrap)
    }
}

/// An RSA key: OAEP with SHA-256 and a label (RFC 8017, section 7.1).
struct SSHRSAIdentity: AgeIdentity {
    let types = ["ssh-rsa"]
    private let key: RSAKey
    private let publicForm: [UInt8]

    private static let label = Array("age-encryption.org/v1/ssh-rsa".utf8)

    init(_ key: RSAKey, publicForm: [UInt8]) {
        self.key = key
        self.publicForm = publicForm
    }

    func unwrap(_ stanza: AgeStanza) throws(AgeError) -> [UInt8]? {
        guard stanza.arguments.count == 1 else {
            throw AgeHeader.malformed("has an ssh-rsa recipient with \(stanza.arguments.count) arguments")
        }
        guard stanza.arguments[0] == SSHFingerprint.text(publicForm) else { return nil }
        guard let fileKey = key.decrypt(stanza.body, label: Self.label), fileKey.count == 16 else {
            throw AgeHeader.malformed("has an ssh-rsa recipient that does not decrypt with the key it names")
        }
        return fileKey
    }
}
