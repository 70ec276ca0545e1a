import Crypto
package import OpsCore

/// A public key of SSH, of a kind that signatures are checked with: Ed25519 (RFC 8709) or ECDSA (RFC 5656).
package struct SSHPublicKey: Sendable {
    private enum Key: Sendable {
        case ed25519(Curve25519.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
    }

    private let key: Key
    /// Such as `ssh-ed25519`.
    package let type: String
    /// The key as SSH sends it (RFC 4253, section 6.6).
    package let form: [UInt8]

    /// The kinds that are known.
    package static let types = ["ssh-ed25519"] + SSHCurve.all.map(\.type)

    /// Reads SSH's form.
    ///
    /// Throws: an `OpsError`: `unsupported` that names the kind, or `invalid`.
    package init(form: [UInt8]) throws(OpsError) {
        self.form = form
        var reader = SSHReader(form)
        guard let type = reader.text() else { throw OpsError(.invalid, "it is no SSH public key") }
        self.type = type
        var read: Key?
        if type == "ssh-ed25519" {
            read = reader.string().flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
                .map { .ed25519($0) }
        } else if let curve = SSHCurve.all.first(where: { $0.type == type }) {
            guard reader.text() == curve.name, let point = reader.string() else {
                throw OpsError(.invalid, "it is no valid \(type) key")
            }
            switch curve {
            case .p256: read = (try? P256.Signing.PublicKey(x963Representation: point)).map { .p256($0) }
            case .p384: read = (try? P384.Signing.PublicKey(x963Representation: point)).map { .p384($0) }
            case .p521: read = (try? P521.Signing.PublicKey(x963Representation: point)).map { .p521($0) }
            }
        } else if type.hasSuffix("-cert-v01@openssh.com") {
            throw OpsError(
                .unsupported, "it is a certificate (\(type)), which ops does not take", hint: "use the plain key")
        } else {
            throw OpsError(
                .unsupported, "it is a key of kind \(type)", hint: "ops knows \(Self.types.joined(separator: ", "))")
        }
        guard let read, reader.isAtEnd else { throw OpsError(.invalid, "it is no valid \(type) key") }
        key = read
    }

    /// Reads a line of a `.pub` file: kind, base64, comment.
    ///
    /// Throws: an `OpsError`.
    package init(line: String) throws(OpsError) {
        try self.init(form: try SSHKeyText(line).form)
    }

    /// As ssh-keygen shows it: `SHA256:` and base64 without padding.
    package var fingerprint: String { SSHKeyText.fingerprint(form) }

    /// `ssh-ed25519 AAAA…`.
    package var text: String { "\(type) \(Base64.encode(form))" }

    /// True where the signature, in SSH's form, is this key's over the message.
    package func isSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        var reader = SSHReader(signature)
        guard reader.text() == type, let body = reader.string(), reader.isAtEnd else { return false }
        switch key {
        case .ed25519(let key): return key.isValidSignature(body, for: message)
        case .p256(let key):
            return Self.numbers(body, 32).flatMap { try? P256.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: message) } ?? false
        case .p384(let key):
            return Self.numbers(body, 48).flatMap { try? P384.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: message) } ?? false
        case .p521(let key):
            return Self.numbers(body, 66).flatMap { try? P521.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: message) } ?? false
        }
    }

    /// The two numbers of an ECDSA signature (RFC 5656, section 3.1.2), each of `width` bytes.
    private static func numbers(_ body: [UInt8], _ width: Int) -> [UInt8]? {
        var reader = SSHReader(body)
        guard let r = reader.positive(width: width), let s = reader.positive(width: width), reader.isAtEnd else {
            return nil
        }
        return r + s
    }
}

/// The curves of ECDSA in SSH (RFC 5656, section 10.1).
package enum SSHCurve: String, Sendable, CaseIterable {
    case p256 = "nistp256"
    case p384 = "nistp384"
    case p521 = "nistp521"

    static let all = allCases

    /// As keys name it: `nistp256`.
    var name: String { rawValue }
    /// The kind of its keys.
    var type: String { "ecdsa-sha2-\(rawValue)" }
}

/// A public key as texts hold it, of whatever kind: `ssh-ed25519 AAAA… comment`.
package struct SSHKeyText: Sendable, Hashable {
    package let type: String
    package let form: [UInt8]

    /// Throws: an `OpsError` (`invalid`) where it is none.
    package init(_ line: some StringProtocol) throws(OpsError) {
        let words = line.split(maxSplits: 2, whereSeparator: \.isWhitespace)
        guard words.count > 1, let form = Base64.decode(Array(words[1].utf8)) else {
            throw OpsError(.invalid, "there is no public key", hint: "a key is its kind and base64: ssh-ed25519 AAAA…")
        }
        var reader = SSHReader(form)
        guard let type = reader.text(), type == words[0] else {
            throw OpsError(.invalid, "the public key is not of the kind '\(words[0])' that stands before it")
        }
        self.type = type
        self.form = form
    }

    /// As ssh-keygen shows it: `SHA256:` and base64 without padding.
    package static func fingerprint(_ form: [UInt8]) -> String {
        "SHA256:" + Base64.encode(Array(SHA256.hash(data: form))).prefix { $0 != "=" }
    }
}
