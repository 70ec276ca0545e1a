import OpsCore
import OpsPlugin

/// What a reference to 1Password names: `op://vault/item/[section/]field` (1Password, "Secret reference syntax").
struct OnePasswordAddress: Sendable, Hashable {
    /// What is asked of a field.
    enum Aspect: Sendable, Hashable {
        case value
        /// The code of this half minute, of a field that makes one-time passwords.
        case oneTimePassword
        /// A private key in the form of OpenSSH instead of PKCS #8.
        case openSSH
    }

    /// Names without regard to case, or identifiers.
    var vault: String
    var item: String
    var section: String?
    var field: String
    var aspect: Aspect

    static let options = ["attribute", "ssh-format"]

    /// Throws: an `OpsError` (`invalid`) with the remedy.
    init(_ reference: SecretReference) throws(OpsError) {
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 || parts.count == 4, !parts.contains(""), reference.field == nil else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a vault, an item and a field of it",
                hint: "write op://vault/item/field or op://vault/item/section/field")
        }
        for part in parts {
            let isName = part.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "-_. ".utf8.contains($0)
            }
            guard isName else {
                throw OpsError(
                    .invalid, "'\(part)' in '\(reference)' has a character that a secret reference cannot hold",
                    hint: "write the identifier instead, which 'op item get --format json' shows")
            }
        }
        (vault, item, field) = (parts[0], parts[1], parts[parts.count - 1])
        section = parts.count == 4 ? parts[2] : nil
        switch (reference.options["attribute"], reference.options["ssh-format"]) {
        case (nil, nil), ("value", nil): aspect = .value
        case ("otp", nil): aspect = .oneTimePassword
        case (nil, "openssh"): aspect = .openSSH
        case (let attribute?, nil):
            throw OpsError(.invalid, "'\(reference)' asks for '\(attribute)'", hint: "write attribute=otp, or nothing")
        case (nil, let format?):
            throw OpsError(
                .invalid, "'\(format)' in '\(reference)' is no form of a key", hint: "write ssh-format=openssh")
        default: throw OpsError(.invalid, "'\(reference)' has both 'attribute' and 'ssh-format'")
        }
    }

    /// For messages: `'vault/item'`.
    var place: String { "'\(vault)/\(item)' in 1Password" }

    /// As `op read` takes it.
    var text: String {
        let path = ([vault, item] + (section.map { [$0] } ?? []) + [field]).joined(separator: "/")
        switch aspect {
        case .value: return "op://" + path
        case .oneTimePassword: return "op://\(path)?attribute=otp"
        case .openSSH: return "op://\(path)?ssh-format=openssh"
        }
    }
}
