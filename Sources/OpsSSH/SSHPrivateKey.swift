import Crypto
import FoundationEssentials
package import OpsCore

/// A private key of SSH that signs: Ed25519 (RFC 8709) or ECDSA (RFC 5656).
package struct SSHPrivateKey: Sendable {
    private enum Key: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    private let key: Key
    package let publicKey: SSHPublicKey

    /// The key in a file without a passphrase.
    ///
    /// Throws: an `OpsError` that continues the file's name and holds nothing of the key: `unsupported` for another
    /// kind, `invalid` for a damaged one or one whose halves do not belong together.
    package init(_ file: OpenSSHKeyFile) throws(OpsError) {
        publicKey = try SSHPublicKey(form: file.publicForm)
        guard var fields = file.fields, let read = Self.read(file.type, &fields),
            Self.publicForm(read, file.type) == file.publicForm
        else { throw OpsError(.invalid, "it is no valid OpenSSH private key") }
        key = read
    }

    private static func read(_ type: String, _ fields: inout SSHReader) -> Key? {
        if type == "ssh-ed25519" {
            guard fields.string() != nil, let pair = fields.string(), pair.count == 64 else { return nil }
            return (try? Curve25519.Signing.PrivateKey(rawRepresentation: pair.prefix(32))).map { .ed25519($0) }
        }
        guard fields.string() != nil, fields.string() != nil else { return nil }
        switch SSHCurve.all.first(where: { $0.type == type }) {
        case .p256:
            return fields.positive(width: 32).flatMap { try? P256.Signing.PrivateKey(rawRepresentation: $0) }
                .map { .p256($0) }
        case .p384:
            return fields.positive(width: 48).flatMap { try? P384.Signing.PrivateKey(rawRepresentation: $0) }
                .map { .p384($0) }
        case .p521:
            return fields.positive(width: 66).flatMap { try? P521.Signing.PrivateKey(rawRepresentation: $0) }
                .map { .p521($0) }
        case nil: return nil
        }
    }

    private static func publicForm(_ key: Key, _ type: String) -> [UInt8] {
        func point(_ curve: SSHCurve, _ point: some Collection<UInt8>) -> [UInt8] {
            SSHWire.string(type) + SSHWire.string(curve.name) + SSHWire.string(point)
        }
        return switch key {
        case .ed25519(let key): SSHWire.string(type) + SSHWire.string(key.publicKey.rawRepresentation)
        case .p256(let key): point(.p256, key.publicKey.x963Representation)
        case .p384(let key): point(.p384, key.publicKey.x963Representation)
        case .p521(let key): point(.p521, key.publicKey.x963Representation)
        }
    }

    /// The signature over the message, in SSH's form. Ed25519 gives the same for the same message, ECDSA does not.
    ///
    /// Throws: an `OpsError` where the system gives no random bytes.
    package func sign(_ message: [UInt8]) throws(OpsError) -> [UInt8] {
        func numbers(_ raw: some Collection<UInt8>) -> [UInt8] {
            [raw.prefix(raw.count / 2), raw.suffix(raw.count / 2)].flatMap {
                SSHWire.string(SSHWire.positive($0))
            }
        }
        let body: [UInt8]
        do {
            switch key {
            case .ed25519(let key): body = Array(try key.signature(for: message))
            case .p256(let key): body = numbers(Array(try key.signature(for: message).rawRepresentation))
            case .p384(let key): body = numbers(Array(try key.signature(for: message).rawRepresentation))
            case .p521(let key): body = numbers(Array(try key.signature(for: message).rawRepresentation))
            }
        } catch {
            throw OpsError(.system, "cannot sign with the \(publicKey.type) key", cause: error)
        }
        return SSHWire.string(publicKey.type) + SSHWire.string(body)
    }
}
