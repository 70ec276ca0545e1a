import Crypto
package import OpsCore

/// The digest of some content, `algorithm:hex` (OCI image-spec, descriptor.md, "Digests").
///
/// Any algorithm of the right form can be named; only sha256 and sha512 can be computed and so verified.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// Such as `sha256`.
    package let algorithm: String
    /// The encoded part; lower-case hexadecimal for sha256 and sha512.
    package let hex: String

    /// Reads `sha256:…`.
    ///
    /// Throws: an `OpsError` (`invalid`) where the form is wrong or the length is not the algorithm's.
    package init(_ text: String) throws(OpsError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw OpsError(.invalid, "'\(text)' is not a digest", hint: "write sha256: and 64 hexadecimal digits")
        }
        algorithm = String(parts[0])
        hex = String(parts[1])
        guard Self.isAlgorithm(algorithm), !hex.isEmpty,
            hex.utf8.allSatisfy({ Self.isAlphanumeric($0) || [0x3D, 0x5F, 0x2D].contains($0) })
        else { throw OpsError(.invalid, "'\(text)' is not a digest") }
        let lengths = ["sha256": 64, "sha512": 128]
        if let length = lengths[algorithm] {
            guard hex.utf8.count == length, hex.utf8.allSatisfy(Self.isLowerHex) else {
                throw OpsError(
                    .invalid, "'\(text)' is not a digest: \(algorithm) has \(length) lower-case hexadecimal digits")
            }
        }
    }

    fileprivate init(sha256 hex: String) {
        algorithm = "sha256"
        self.hex = hex
    }

    fileprivate init(sha512 hex: String) {
        algorithm = "sha512"
        self.hex = hex
    }

    /// The sha256 digest of the bytes.
    package static func sha256(of bytes: [UInt8]) -> Digest {
        var hasher = DigestHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    package var description: String { "\(algorithm):\(hex)" }

    /// The first twelve digits, for people.
    package var shortText: String { String(hex.prefix(12)) }

    /// Checks bytes against this digest.
    ///
    /// Throws: an `OpsError` (`mismatch`) that names `content`; `unsupported` where the algorithm is not known.
    package func verify(_ bytes: [UInt8], _ content: String) throws(OpsError) {
        var hasher = try DigestHasher(for: self)
        bytes.withUnsafeBytes { hasher.update($0) }
        try verify(hasher.finalize(), content)
    }

    /// Checks a computed digest against this one. Throws: an `OpsError` (`mismatch`).
    package func verify(_ computed: Digest, _ content: String) throws(OpsError) {
        guard computed == self else {
            throw OpsError(.mismatch, "\(content) has the digest \(computed), not \(self)")
        }
    }

    private static func isAlgorithm(_ text: String) -> Bool {
        text.split(whereSeparator: { "+._-".contains($0) }).count
            == text.split(omittingEmptySubsequences: false, whereSeparator: { "+._-".contains($0) }).count
            && !text.isEmpty
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2B, 0x2E, 0x5F, 0x2D].contains($0)
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

/// Computes a digest of content that arrives in pieces.
package struct DigestHasher: Sendable {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State

    /// A hasher for sha256.
    package init() { state = .sha256(SHA256()) }

    /// A hasher of the digest's algorithm. Throws: an `OpsError` (`unsupported`) for one not known.
    package init(for digest: Digest) throws(OpsError) {
        switch digest.algorithm {
        case "sha256": state = .sha256(SHA256())
        case "sha512": state = .sha512(SHA512())
        default:
            throw OpsError(
                .unsupported, "the digest \(digest) cannot be verified: only sha256 and sha512 are known")
        }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hasher):
            hasher.update(bufferPointer: bytes)
            state = .sha256(hasher)
        case .sha512(var hasher):
            hasher.update(bufferPointer: bytes)
            state = .sha512(hasher)
        }
    }

    /// The digest of all that was given.
    package func finalize() -> Digest {
        switch state {
        case .sha256(let hasher): Digest(sha256: hexadecimal(hasher.finalize()))
        case .sha512(let hasher): Digest(sha512: hexadecimal(hasher.finalize()))
        }
    }
}
