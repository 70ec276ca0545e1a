import OpsCore
import OpsPlugin
import OpsSystem

/// How a run gets its token.
struct VaultLogin: Sendable {
    enum Method: String, Sendable, CaseIterable {
        /// A token that was given: in a variable or a file.
        case token
        /// An agent that was asked in the server's place adds its own.
        case agent
        case approle
        case userpass
        case ldap
        case jwt
        case kubernetes
        case aws
        case cert
    }

    let method: Method
    /// Where the method is mounted below `auth/`.
    let mount: String

    /// The file in which Kubernetes keeps a pod's token, anew before it expires.
    static let serviceAccountFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    /// The login that the variables ask for: `VAULT_AUTH_METHOD`, else the first that they are enough for.
    ///
    /// Throws: a `SecretFailure` (`invalid`) where they name no method, (`forbidden`) where they are enough for none.
    init(_ variables: VaultVariables, isAgent: Bool = false) throws(SecretFailure) {
        method = try Self.method(variables, isAgent: isAgent)
        let path = (variables["AUTH_PATH"] ?? method.rawValue).split(separator: "/").map(String.init)
        mount = (path.first == "auth" && path.count > 1 ? path.dropFirst() : path[...]).joined(separator: "/")
        guard !path.contains(".."), !mount.isEmpty else {
            throw SecretFailure(.invalid, "\(variables.name("AUTH_PATH")) is not the path of a login method")
        }
    }

    private static func method(_ variables: VaultVariables, isAgent: Bool) throws(SecretFailure) -> Method {
        if let name = variables["AUTH_METHOD"] {
            if let method = Method(rawValue: name.lowercased()) { return method }
            let names = Method.allCases.map(\.rawValue)
            throw SecretFailure(
                .invalid, "\(variables.name("AUTH_METHOD")) names no login that ops knows",
                hint: nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
                    ?? "known are: \(names.joined(separator: ", "))")
        }
        if variables["TOKEN"] != nil || variables["WRAPPED_TOKEN"] != nil { return .token }
        if variables["ROLE_ID"] != nil { return .approle }
        if variables["USERNAME"] != nil { return .userpass }
        if variables["AUTH_ROLE"] != nil {
            if IdentityToken.isOffered(variables) { return .jwt }
            if FileStatus.find(serviceAccountFile) != nil { return .kubernetes }
        }
        if tokenFile(variables) != nil { return .token }
        if isAgent { return .agent }
        throw SecretFailure(
            .forbidden, "there is no Vault token, and the variables are not enough for a login",
            hint: "set VAULT_TOKEN, or log in with the vault command, which writes ~/.vault-token; "
                + "in CI set VAULT_AUTH_ROLE and VAULT_AUTH_PATH")
    }

    /// The token that the commands' `login` leaves in the home folder.
    static func tokenFile(_ variables: VaultVariables) -> String? {
        let path = variables.plain("BAO_TOKEN_PATH") ?? variables.plain("HOME").map { $0 + "/.vault-token" }
        guard let path, let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        return VaultVariables.trimmed(bytes)
    }
}
