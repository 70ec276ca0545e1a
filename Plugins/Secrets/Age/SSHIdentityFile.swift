import OpsSSH

/// Reads private keys of SSH: OpenSSH's own form (OpenSSH, PROTOCOL.key), and RSA keys in PKCS #1 or PKCS #8.
enum SSHIdentityFile {
    /// The identity in the text of a file.
    ///
    /// Throws: an `AgeIdentityProblem` that continues the file's name; it holds nothing of the key.
    static func identity(_ text: String) throws(AgeIdentityProblem) -> any AgeIdentity {
        guard text.contains("-----END ") else { throw AgeIdentityProblem("is an SSH key that is cut off") }
        guard OpenSSHKeyFile.isOpenSSH(text) else {
            if text.contains("ENCRYPTED") { throw encrypted }
            guard let key = RSAKey(pem: text), let numbers = key.publicNumbers else {
                throw AgeIdentityProblem("is no SSH key that age knows", "age encrypts for ssh-ed25519 and ssh-rsa")
            }
            return SSHRSAIdentity(key, publicForm: rsaPublicForm(numbers))
        }
        guard let file = OpenSSHKeyFile(text), let identity = try openSSH(file) else {
            throw AgeIdentityProblem("is no valid OpenSSH private key")
        }
        return identity
    }

    private static let encrypted = AgeIdentityProblem(
        "is an SSH key with a passphrase, which ops does not ask for",
        "use an age identity, or a copy of the key without one (ssh-keygen -p)")

    private static func openSSH(_ file: OpenSSHKeyFile) throws(AgeIdentityProblem) -> (any AgeIdentity)? {
        guard var fields = file.fields else { throw encrypted }
        switch file.type {
        case "ssh-ed25519":
            guard let point = fields.string(), point.count == 32, let pair = fields.string(), pair.count == 64,
                Array(pair.suffix(32)) == point
            else { return nil }
            return SSHEd25519Identity(
                seed: Array(pair.prefix(32)), publicForm: SSHWire.string(file.type) + SSHWire.string(point))
        case "ssh-rsa":
            guard let modulus = fields.string(), let publicExponent = fields.string(),
                let privateExponent = fields.string(), fields.string() != nil, let prime1 = fields.string(),
                let prime2 = fields.string()
            else { return nil }
            guard
                let key = RSAKey(
                    modulus: modulus, publicExponent: publicExponent, privateExponent: privateExponent,
                    primes: (prime1, prime2))
            else { throw AgeIdentityProblem("is an RSA key of less than 2048 bits, or no valid one") }
            return SSHRSAIdentity(
                key,
                publicForm: SSHWire.string(file.type) + SSHWire.string(publicExponent) + SSHWire.string(modulus))
        default: throw AgeIdentityProblem("is no SSH key that age knows", "age encrypts for ssh-ed25519 and ssh-rsa")
        }
    }

    private static func rsaPublicForm(_ numbers: (modulus: [UInt8], exponent: [UInt8])) -> [UInt8] {
        SSHWire.string("ssh-rsa") + SSHWire.string(SSHWire.positive(numbers.exponent))
            + SSHWire.string(SSHWire.positive(numbers.modulus))
    }
}
