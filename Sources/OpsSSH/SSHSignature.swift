import Crypto
package import OpsCore

/// A signature over some bytes by a key of SSH (OpenSSH, PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes it.
package struct SSHSignature: Sendable {
    /// What the signature was made for, such as `ops-recipe`: one made for something else never counts.
    package let namespace: String
    /// The public half of the key that signed, in SSH's form.
    package let keyForm: [UInt8]
    private let hash: Hash
    private let signature: [UInt8]

    private enum Hash: String { case sha256, sha512 }

    private static let magic = Array("SSHSIG".utf8)
    private static let begin = "-----BEGIN SSH SIGNATURE-----"
    private static let end = "-----END SSH SIGNATURE-----"
    /// The most that an armored signature may have, in bytes.
    package static let sizeLimit = 64 << 10

    /// Signs the message.
    ///
    /// Throws: an `OpsError` of the signer.
    package init(of message: [UInt8], namespace: String, by signer: SSHSigner) async throws {
        self.namespace = namespace
        hash = .sha512
        keyForm = signer.publicKey.form
        signature = try await signer.sign(Self.signed(message, namespace, hash))
    }

    /// Reads an armored signature.
    ///
    /// Throws: an `OpsError`: `invalid` where it is none, `unsupported` for another version or digest.
    package init(armored text: String) throws(OpsError) {
        let lines = text.split(whereSeparator: \.isNewline).drop { $0.allSatisfy(\.isWhitespace) }
        let body = lines.dropFirst().prefix { $0 != Self.end }
        guard lines.first == Substring(Self.begin), body.endIndex < lines.endIndex,
            let bytes = Base64.decode(Array(body.joined().utf8))
        else { throw OpsError(.invalid, "it is no SSH signature", hint: "it starts with \(Self.begin)") }
        var reader = SSHReader(bytes)
        guard reader.bytes(Self.magic.count) == Self.magic, let version = reader.number() else {
            throw OpsError(.invalid, "it is no SSH signature")
        }
        guard version == 1 else { throw OpsError(.unsupported, "it is an SSH signature of version \(version)") }
        guard let keyForm = reader.string(), let namespace = reader.text(), reader.string() != nil,
            let algorithm = reader.text(), let signature = reader.string(), reader.isAtEnd, !namespace.isEmpty
        else { throw OpsError(.invalid, "it is a damaged SSH signature") }
        guard let hash = Hash(rawValue: algorithm) else {
            throw OpsError(.unsupported, "it is an SSH signature over a \(algorithm) digest")
        }
        self.namespace = namespace
        self.keyForm = keyForm
        self.hash = hash
        self.signature = signature
    }

    /// As `ssh-keygen -Y` reads and writes it.
    package var armored: String {
        let bytes =
            Self.magic + SSHWire.number(1) + SSHWire.string(keyForm) + SSHWire.string(namespace) + SSHWire.string("")
            + SSHWire.string(hash.rawValue) + SSHWire.string(signature)
        let digits = Array(Base64.encode(bytes).utf8)
        let lines = stride(from: 0, to: digits.count, by: 70).map { start in
            String(decoding: digits[start..<min(start + 70, digits.count)], as: UTF8.self)
        }
        return ([Self.begin] + lines + [Self.end]).joined(separator: "\n") + "\n"
    }

    /// As ssh-keygen shows the key: `SHA256:…`.
    package var fingerprint: String { SSHKeyText.fingerprint(keyForm) }

    /// Checks that the key in the signature signed these bytes for this purpose. Whose key it is, is another question
    /// (`AllowedSigners`).
    ///
    /// Throws: an `OpsError`: `mismatch` where it is made for another purpose or does not fit the bytes,
    /// `unsupported` for a kind of key that is not known.
    package func verify(_ message: [UInt8], namespace: String) throws(OpsError) {
        guard self.namespace == namespace else {
            throw OpsError(.mismatch, "the signature is made for '\(self.namespace)', not for '\(namespace)'")
        }
        let key: SSHPublicKey
        do throws(OpsError) {
            key = try SSHPublicKey(form: keyForm)
        } catch {
            throw OpsError(error.code, "the key of the signature cannot be used: \(error.message)", hint: error.hint)
        }
        guard key.isSignature(signature, of: Self.signed(message, namespace, hash)) else {
            throw OpsError(.mismatch, "the signature by \(fingerprint) is not of this content")
        }
    }

    /// What is signed in the message's stead.
    private static func signed(_ message: [UInt8], _ namespace: String, _ hash: Hash) -> [UInt8] {
        let digest: [UInt8] =
            switch hash {
            case .sha256: Array(SHA256.hash(data: message))
            case .sha512: Array(SHA512.hash(data: message))
            }
        return magic + SSHWire.string(namespace) + SSHWire.string("") + SSHWire.string(hash.rawValue)
            + SSHWire.string(digest)
    }
}
