import OpsCore
import OpsPlugin

/// Which values of a file are encrypted, by the names of their keys (sops, "Encrypting only parts of a file").
struct SopsRules: Sendable {
    private enum Rule: Sendable {
        case unencryptedSuffix(String)
        case encryptedSuffix(String)
        case unencryptedPattern(SopsPattern)
        case encryptedPattern(SopsPattern)
        /// By comments, which are not read: what has the form of an encrypted value is one. The MAC over all values
        /// is the same; under `mac_only_encrypted` it is over those that are found encrypted.
        case form
    }

    private let rule: Rule

    private static let names = [
        "unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex", "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ]

    /// Throws: a `SecretFailure` (`invalid`), where there is more than one rule or a pattern cannot be used.
    init(_ metadata: Value) throws(SecretFailure) {
        let given: [(String, String)] = Self.names.compactMap { name in
            metadata[name]?.scalarText.flatMap { $0.isEmpty ? nil : (name, $0) }
        }
        guard given.count < 2 else {
            throw SecretFailure(
                .invalid, "has more than one rule of what is encrypted: \(given.map(\.0).joined(separator: ", "))")
        }
        guard let (name, text) = given.first else {
            rule = .unencryptedSuffix("_unencrypted")
            return
        }
        switch name {
        case "unencrypted_suffix": rule = .unencryptedSuffix(text)
        case "encrypted_suffix": rule = .encryptedSuffix(text)
        case "unencrypted_regex": rule = .unencryptedPattern(try Self.pattern(text, name))
        case "encrypted_regex": rule = .encryptedPattern(try Self.pattern(text, name))
        default: rule = .form
        }
    }

    private static func pattern(_ text: String, _ name: String) throws(SecretFailure) -> SopsPattern {
        guard let pattern = SopsPattern(text) else {
            throw SecretFailure(.invalid, "has a '\(name)' that is not understood: \(text.prefix(200))")
        }
        return pattern
    }

    /// True where a key matches, and with it all that stands below.
    func matches(_ key: String) -> Bool {
        switch rule {
        case .unencryptedSuffix(let suffix), .encryptedSuffix(let suffix):
            key.utf8.reversed().starts(with: suffix.utf8.reversed())
        case .unencryptedPattern(let pattern), .encryptedPattern(let pattern): pattern.matches(key)
        case .form: false
        }
    }

    /// Whether a value is encrypted.
    ///
    /// - Parameter matched: one of the keys above it matches.
    func isEncrypted(_ value: Value, matched: Bool) -> Bool {
        switch rule {
        case .unencryptedSuffix, .unencryptedPattern: !matched
        case .encryptedSuffix, .encryptedPattern: matched
        case .form: value.stringValue.map(SopsCipher.isEncrypted) ?? false
        }
    }
}
