import HTTPTestServer
import OpsCore
import OpsHTTP
import TestKit

@testable import SecretsPlugin

/// A server that the suite runs against, prepared the same: the double, or a real one.
///
/// Its root may do all. Key-value engines: `kv2` with `ci/registry` in versions 1, 2 (deleted) and 3, `kv1` with `ci`.
protocol VaultPlace: Sendable {
    var address: String { get }
    var rootToken: String { get }
    var kv2: String { get }
    var kv1: String { get }
    /// Variables of each login that is prepared, by method.
    var logins: [String: [String: String]] { get }
    /// A path that makes a secret with `username` and `password` under a lease of its own; nil where there is none.
    var dynamic: String? { get }

    /// Whether a lease is still there.
    func lives(lease id: String) async throws -> Bool
    /// Whether a token is still there.
    func lives(accessor: String) async throws -> Bool
    /// A wrapping token for a new secret_id.
    func wrappedSecretID() async throws -> String
    /// Ends all tokens of the prepared logins.
    func endLogins() async throws
    /// Removes what was prepared.
    func close() async throws
}

extension VaultPlace {
    var environment: [String: String] { ["VAULT_ADDR": address, "VAULT_TOKEN": rootToken] }

    /// The variables of a login that is prepared.
    func login(_ method: String) -> [String: String]? {
        logins[method]?.merging(["VAULT_ADDR": address]) { $1 }
    }
}

/// The double as such a server.
struct DoublePlace: VaultPlace {
    let vault: VaultDouble
    let kv2 = "secret"
    let kv1 = "old"
    let rootToken = "root-s3cret"
    let dynamic: String? = "database/creds/ci"
    let logins = [
        "approle": ["VAULT_ROLE_ID": "role-1", "VAULT_SECRET_ID": "secret-id-s3cret"],
        "userpass": ["VAULT_USERNAME": "bob", "VAULT_PASSWORD": "password-s3cret"],
        "jwt": ["VAULT_AUTH_ROLE": "ci", "VAULT_ID_TOKEN": "jwt-s3cret"],
    ]

    var address: String { vault.server.url }

    func lives(lease id: String) -> Bool { vault.livingLeases.contains(id) }
    func lives(accessor: String) -> Bool { vault.livingLogins.contains(accessor) }

    func wrappedSecretID() -> String {
        vault.wrap("auth/approle/role/ci/secret-id", #"{"data":{"secret_id":"secret-id-s3cret"}}"#)
    }

    func endLogins() { vault.endLogins() }
    func close() {}
}
