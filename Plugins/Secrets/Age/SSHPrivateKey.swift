import OpsCore

/// Reads private keys of SSH: OpenSSH's own form (OpenSSH, PROTOCOL.key), and RSA keys in PKCS #1 or PKCS #8.
enum SSHPrivateKey {
    /// True where a text looks like a private key in PEM.
    static func isPrivateKey(_ text: String) -> Bool {
        text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
    }

    /// The identity in the text of a file.
    ///
    /// Throws: an `AgeIdentityProblem` that continues the file's name; it holds nothing of the key.
    static func identity(_ text: String) throws(AgeIdentityProblem) -> any AgeIdentity {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN") }),
            let end = lines.firstIndex(where: { $0.hasPrefix("-----END") }), begin < end
        else { throw AgeIdentityProblem("is an SSH key that is cut off") }
        guard lines[begin] == "-----BEGINOPENSSHPRIVATEKEY-----" else {
            if text.contains("ENCRYPTED") { throw encrypted }
            guard let key = RSAKey(pem: text), let numbers = key.publicNumbers else {
                throw AgeIdentityProblem("is no SSH key that age knows", "age encrypts for ssh-ed25519 and ssh-rsa")
            }
            return SSHRSAIdentity(key, publicForm: rsaPublicForm(numbers))
        }
        guard let bytes = Base64.decode(Array(lines[(begin + 1)..<end].joined().utf8)),
            let identity = try openSSH(bytes)
        else { throw AgeIdentityProblem("is no valid OpenSSH private key") }
        return identity
    }

    private static let encrypted = AgeIdentityProblem(
        "is an SSH key with a passphrase, which ops does not ask for",
        "use an age identity, or a copy of the key without one (ssh-keygen -p)")

    private static func openSSH(_ bytes: [UInt8]) throws(AgeIdentityProblem) -> (any AgeIdentity)? {
        let magic = Array("openssh-key-v1\0".utf8)
        guard bytes.starts(with: magic) else { return nil }
        var reader = Reader(rest: bytes[magic.count...])
        guard let cipher = reader.string(), reader.string() != nil, reader.string() != nil else { return nil }
        guard cipher == Array("none".utf8) else { throw encrypted }
        guard reader.number() == 1, reader.string() != nil, let secret = reader.string() else { return nil }
        reader = Reader(rest: secret[...])
        // Equal numbers show that the right passphrase was used, where there is one.
        guard let check = reader.number(), check == reader.number(), let type = reader.string() else { return nil }
        switch String(decoding: type, as: UTF8.self) {
        case "ssh-ed25519":
            guard let point = reader.string(), point.count == 32, let pair = reader.string(), pair.count == 64,
                Array(pair.suffix(32)) == point
            else { return nil }
            return SSHEd25519Identity(seed: Array(pair.prefix(32)), publicForm: string(type) + string(point))
        case "ssh-rsa":
            guard let modulus = reader.string(), let publicExponent = reader.string(),
                let privateExponent = reader.string(), reader.string() != nil, let prime1 = reader.string(),
                let prime2 = reader.string()
            else { return nil }
            guard
                let key = RSAKey(
                    modulus: modulus, publicExponent: publicExponent, privateExponent: privateExponent,
                    primes: (prime1, prime2))
            else { throw AgeIdentityProblem("is an RSA key of less than 2048 bits, or no valid one") }
            return SSHRSAIdentity(key, publicForm: string(type) + string(publicExponent) + string(modulus))
        default: throw AgeIdentityProblem("is no SSH key that age knows", "age encrypts for ssh-ed25519 and ssh-rsa")
        }
    }

    private static func rsaPublicForm(_ numbers: (modulus: [UInt8], exponent: [UInt8])) -> [UInt8] {
        string(Array("ssh-rsa".utf8)) + string(positive(numbers.exponent)) + string(positive(numbers.modulus))
    }

    /// A number in the form of an mpint (RFC 4251, section 5): no needless zeros, the first bit zero.
    private static func positive(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return (digits.first ?? 0) >= 0x80 ? [0] + digits : digits
    }

    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
    }

    /// Reads SSH's data types (RFC 4251, section 5).
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func number() -> UInt32? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        }

        mutating func string() -> [UInt8]? {
            guard let count = number(), rest.count >= Int(count) else { return nil }
            defer { rest = rest.dropFirst(Int(count)) }
            return Array(rest.prefix(Int(count)))
        }
    }
}
