import OpsCore
import OpsSSH

/// Why a source of identities gives none; continues the source's name.
struct AgeIdentityProblem: Error, Sendable, Hashable {
    var message: String
    var hint: String?

    init(_ message: String, _ hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

/// Reads what keys are kept in: lines of `AGE-SECRET-KEY-…`, an SSH key, or such a file encrypted with a passphrase.
enum AgeIdentityFile {
    /// The identities in the content of a file, variable or command's output; comments start with `#`.
    ///
    /// - Parameter passphrase: opens a file that is itself encrypted with age.
    /// Throws: an `AgeIdentityProblem` that holds nothing of the content.
    static func identities(
        _ content: [UInt8], passphrase: PassphraseIdentity?
    ) throws(AgeIdentityProblem) -> [any AgeIdentity] {
        var content = content
        if AgeFile.isAgeFile(content) { content = try opened(content, passphrase) }
        let text = String(decoding: content, as: UTF8.self)
        if OpenSSHKeyFile.isPrivateKey(text) { return [try SSHIdentityFile.identity(text)] }
        var identities: [any AgeIdentity] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let word = line.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
            if word.isEmpty || word.hasPrefix("#") { continue }
            identities.append(try identity(word, line: index + 1))
        }
        return identities
    }

    private static func opened(
        _ content: [UInt8], _ passphrase: PassphraseIdentity?
    ) throws(AgeIdentityProblem) -> [UInt8] {
        guard let passphrase else {
            throw AgeIdentityProblem(
                "is encrypted with age", "set \(AgeIdentitySources.passphraseVariable) to its passphrase")
        }
        do {
            return try AgeFile(content).decrypt(with: [passphrase])
        } catch {
            guard error.kind == .noMatch else { throw AgeIdentityProblem(error.message) }
            throw AgeIdentityProblem(
                "is encrypted with age, and \(AgeIdentitySources.passphraseVariable) does not hold its passphrase")
        }
    }

    private static func identity(_ text: Substring, line: Int) throws(AgeIdentityProblem) -> any AgeIdentity {
        guard !text.uppercased().hasPrefix("AGE-PLUGIN-") else {
            throw AgeIdentityProblem(
                "holds an identity of an age plugin in line \(line), which ops does not run",
                "use an identity of age itself (age-keygen)")
        }
        guard let (prefix, bytes) = Bech32.decode(text) else {
            throw AgeIdentityProblem("holds no identity of age in line \(line)", "a line is AGE-SECRET-KEY-1…")
        }
        let known: (any AgeIdentity)? =
            switch prefix {
            case "age-secret-key-": X25519Identity(bytes)
            case "age-secret-key-pq-": HybridIdentity(bytes)
            default: nil
            }
        guard let identity = known else {
            let isPublic = prefix == "age" || prefix == "age1pq"
            throw AgeIdentityProblem(
                isPublic
                    ? "holds a recipient in line \(line), which only encrypts"
                    : "holds an unknown kind of key in line \(line)",
                "a line is AGE-SECRET-KEY-1…")
        }
        return identity
    }
}
