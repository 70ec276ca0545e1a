import OpsCore
import OpsHTTP
import OpsPlugin
import OpsRegistry

/// The parameters by which an action is let into a registry.
struct RegistryAccess: Sendable {
    let credential: RegistryCredential?
    let isPlainHTTP: Bool

    static let parameters = [
        Parameter(
            "username", .string,
            "The user at the registry; with a password alone, 'token', which registries that take access tokens accept",
            example: .string("ci")),
        Parameter(
            "password", .string,
            "The password or access token; without one, what docker or podman login has kept is used", secret: true),
        Parameter(
            "plain-http", .boolean, "Speak to the registry without TLS", default: .boolean(false)),
    ]

    /// Throws: an `OpsError` (`invalid`) where a user is named without a password.
    init(_ arguments: Arguments) throws(OpsError) {
        // While planning: what only a run knows is nobody's to check yet.
        guard !Self.parameters.contains(where: { arguments.isUnknown($0.name) }) else {
            isPlainHTTP = false
            credential = nil
            return
        }
        isPlainHTTP = try arguments.optionalBoolean("plain-http") ?? false
        let username = try arguments.optionalString("username")
        guard let secret = try arguments.optionalSecret("password") else {
            guard username == nil else { throw arguments.error("username", "there is no 'password' to it") }
            credential = nil
            return
        }
        guard secret.isFetched else {
            // While planning.
            credential = nil
            return
        }
        guard let password = secret.revealText(), !password.isEmpty else {
            throw arguments.error("password", "it is empty or is not text")
        }
        // RFC 7617: the first colon ends the user's name.
        guard username?.contains(":") != true else {
            throw arguments.error("username", "it contains a colon")
        }
        credential = .basic(username: username ?? "token", password: password)
    }

    /// A client for a registry, configured by the step's environment.
    func client(_ host: RegistryHost, environment: [String: String]) throws(OpsError) -> RegistryClient {
        try RegistryClient(host: host, isPlainHTTP: isPlainHTTP, environment: environment, given: credential)
    }
}
