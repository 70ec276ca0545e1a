import OpsCore
import OpsHTTP

/// What a registry, or its token service, is shown. Printing one shows nothing of it.
package enum RegistryCredential: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    case basic(username: String, password: String)
    /// A refresh token, for the token service (`identitytoken`).
    case identityToken(String)
    /// A token to show as it is (`registrytoken`).
    case registryToken(String)

    package var description: String {
        switch self {
        case .basic(let username, _): "<password of \(username)>"
        case .identityToken: "<identity token>"
        case .registryToken: "<registry token>"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of an `Authorization` header (RFC 7617); nil for tokens.
    var basicHeader: String? {
        guard case .basic(let username, let password) = self else { return nil }
        return "Basic " + Base64.encode(Array("\(username):\(password)".utf8))
    }
}
