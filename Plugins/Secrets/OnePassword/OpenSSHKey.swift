import Crypto
import OpsCore

/// A private key in the form that ssh-keygen writes (OpenSSH, PROTOCOL.key), without a passphrase.
struct OpenSSHKey {
    let text: String

    /// Reads a key in PKCS #8 (RFC 5958): Ed25519 (RFC 8410) or RSA (RFC 8017, appendix A.1.2). Nil where it is none.
    init?(pkcs8 text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "-----BEGIN PRIVATE KEY-----", let end = lines.firstIndex(of: "-----END PRIVATE KEY-----"),
            let bytes = Base64.decode(Array(lines[1..<end].joined().utf8))
        else { return nil }
        var document = DERReader(bytes)
        guard var key = document.nested(0x30), key.integer() != nil, var algorithm = key.nested(0x30),
            let identifier = algorithm.content(0x06), let inner = key.content(0x04)
        else { return nil }
        switch identifier {
        case [0x2B, 0x65, 0x70]: self.init(ed25519: inner)
        case [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]: self.init(rsa: inner)
        default: return nil
        }
    }

    private init?(ed25519 inner: [UInt8]) {
        var reader = DERReader(inner)
        guard let seed = reader.content(0x04), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        else { return nil }
        let shared = [UInt8](key.publicKey.rawRepresentation)
        let name = Array("ssh-ed25519".utf8)
        self.init(public: [name, shared], private: [name, shared, seed + shared])
    }

    private init?(rsa inner: [UInt8]) {
        var reader = DERReader(inner)
        guard var numbers = reader.nested(0x30), numbers.integer() != nil, let modulus = numbers.integer(),
            let publicExponent = numbers.integer(), let privateExponent = numbers.integer(),
            let prime1 = numbers.integer(), let prime2 = numbers.integer(), numbers.integer() != nil,
            numbers.integer() != nil, let coefficient = numbers.integer()
        else { return nil }
        let name = Array("ssh-rsa".utf8)
        self.init(
            public: [name, publicExponent, modulus],
            private: [name, modulus, publicExponent, privateExponent, coefficient, prime1, prime2])
    }

    private init(public shared: [[UInt8]], private key: [[UInt8]]) {
        func string(_ bytes: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
        }
        // Equal numbers show a right passphrase; without one any will do, and the same key gives the same text.
        var secret: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0] + key.flatMap(string) + string([])
        var padding: UInt8 = 1
        while secret.count % 8 != 0 {
            secret.append(padding)
            padding += 1
        }
        let none = string(Array("none".utf8))
        let bytes =
            Array("openssh-key-v1\0".utf8) + none + none + string([]) + [0, 0, 0, 1] + string(shared.flatMap(string))
            + string(secret)
        var rest = Base64.encode(bytes)[...]
        var lines = ["-----BEGIN OPENSSH PRIVATE KEY-----"]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(70)))
            rest = rest.dropFirst(70)
        }
        text = (lines + ["-----END OPENSSH PRIVATE KEY-----", ""]).joined(separator: "\n")
    }
}

/// Reads the few kinds of values that keys are made of (X.690, DER).
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The content of the next value; nil where it has another tag or is cut short.
    mutating func content(_ tag: UInt8) -> [UInt8]? {
        guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            guard (1...3).contains(first & 0x7F) else { return nil }
            length = 0
            for _ in 0..<(first & 0x7F) {
                guard let byte = rest.popFirst() else { return nil }
                length = length << 8 | Int(byte)
            }
        }
        guard rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }

    mutating func nested(_ tag: UInt8) -> DERReader? { content(tag).map { DERReader($0) } }

    mutating func integer() -> [UInt8]? { content(0x02) }
}
