import Crypto

/// An age file (C2SP age, version 1) in memory: its header, and its payload that is still sealed.
struct AgeFile: Sendable {
    let header: AgeHeader
    private let payload: ArraySlice<UInt8>

    /// How often an identity is tried on a recipient: a file with endless recipients is refused, not worked on.
    private static let attemptLimit = 5_000
    private static let chunkSize = 64 << 10
    private static let tagSize = 16

    /// Reads the header of a binary or armored file.
    ///
    /// Throws: an `AgeError` (`armor`, `header`).
    init(_ bytes: [UInt8]) throws(AgeError) {
        let isBinary = bytes.isEmpty || bytes.starts(with: "age-encryption.org/".utf8)
        var rest = try (isBinary ? bytes : AgeArmor.decode(bytes))[...]
        header = try AgeHeader(&rest)
        payload = rest
    }

    /// True where the bytes may be an age file: they start as one.
    static func isAgeFile(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: "age-encryption.org/".utf8) || AgeArmor.isArmored(bytes)
    }

    /// The content. Nothing of it is given where the payload is cut short or was changed.
    ///
    /// - Parameter isCancelled: is asked before each attempt.
    /// Throws: an `AgeError`.
    func decrypt(
        with identities: [any AgeIdentity], isCancelled: () -> Bool = { false }
    ) throws(AgeError) -> [UInt8] {
        try open(try fileKey(identities, isCancelled))
    }

    /// Whether one of the identities opens it; the payload is not decrypted.
    ///
    /// Throws: an `AgeError`, `noMatch` where none does.
    func checkAccess(with identities: [any AgeIdentity], isCancelled: () -> Bool = { false }) throws(AgeError) {
        _ = try fileKey(identities, isCancelled)
    }

    private func fileKey(
        _ identities: [any AgeIdentity], _ isCancelled: () -> Bool
    ) throws(AgeError) -> SymmetricKey {
        var attempts = 0
        for identity in identities {
            for stanza in header.stanzas where identity.types.contains(stanza.type) {
                attempts += 1
                guard attempts <= Self.attemptLimit, !isCancelled() else {
                    throw AgeError(.header, "has more recipients than are tried")
                }
                guard let bytes = try identity.unwrap(stanza) else { continue }
                let key = SymmetricKey(data: bytes)
                try authenticate(key)
                return key
            }
        }
        guard header.stanzas.first?.type != "scrypt" else {
            throw AgeError(
                .noMatch, attempts > 0 ? "is encrypted with another passphrase" : "is encrypted with a passphrase")
        }
        throw AgeError(.noMatch, "is not encrypted for an identity at hand, but for \(header.recipients)")
    }

    private func authenticate(_ fileKey: SymmetricKey) throws(AgeError) {
        let key = HKDF<SHA256>.deriveKey(inputKeyMaterial: fileKey, info: Array("header".utf8), outputByteCount: 32)
        guard HMAC<SHA256>.isValidAuthenticationCode(header.mac, authenticating: header.authenticated, using: key)
        else {
            throw AgeError(.mac, "has a header that was changed after it was encrypted")
        }
    }

    private func open(_ fileKey: SymmetricKey) throws(AgeError) -> [UInt8] {
        let nonce = payload.prefix(16)
        guard nonce.count == 16 else { throw AgeError(.header, "is cut off behind its header") }
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: fileKey, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
        var rest = payload.dropFirst(16)
        var content: [UInt8] = []
        content.reserveCapacity(rest.count)
        var counter: UInt64 = 0
        while true {
            let chunk = rest.prefix(Self.chunkSize + Self.tagSize)
            rest = rest.dropFirst(chunk.count)
            let isLast = rest.isEmpty
            // 11 bytes of counter, of which a file that fits into memory uses 8, and the mark of the last chunk.
            let nonce: [UInt8] =
                [0, 0, 0] + withUnsafeBytes(of: counter.bigEndian) { Array($0) } + [isLast ? 1 : 0]
            guard let plain = AgeSeal.open(chunk, key: key, nonce: nonce), !plain.isEmpty || counter == 0 else {
                throw AgeError(.payload, "is cut off, or its content was changed after it was encrypted")
            }
            content += plain
            if isLast { return content }
            counter += 1
        }
    }
}

/// ChaCha20-Poly1305 (RFC 8439) with the tag behind the text.
enum AgeSeal {
    /// Nil where it was changed, or sealed with another key.
    static func open(
        _ sealed: some Collection<UInt8>, key: SymmetricKey, nonce: [UInt8] = [UInt8](repeating: 0, count: 12)
    ) -> [UInt8]? {
        let bytes = Array(sealed)
        guard bytes.count >= 16, let nonce = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.SealedBox(
                nonce: nonce, ciphertext: bytes.dropLast(16), tag: bytes.suffix(16)),
            let plain = try? ChaChaPoly.open(box, using: key)
        else { return nil }
        return [UInt8](plain)
    }
}
