import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// What a run made on a server, as a journal keeps it: `lease SERVER NAMESPACE ID`.
struct VaultDebt: Sendable, Hashable {
    enum Kind: String, Sendable {
        /// Its id is a lease's.
        case lease
        /// Its id is a token's accessor.
        case login
    }

    var kind: Kind
    /// Where it was made; it is taken back nowhere else.
    var origin: String
    var namespace: String?
    var id: String

    init(_ kind: Kind, _ client: VaultClient, namespace: String?, _ id: String) {
        self.kind = kind
        origin = client.name
        self.namespace = namespace ?? client.settings.namespace
        self.id = id
    }

    /// Reads what `debt` wrote; nil where it is something else.
    init?(_ debt: SecretDebt) {
        let parts = debt.id.split(separator: " ", maxSplits: 3).map(String.init)
        guard parts.count == 4, let kind = Kind(rawValue: parts[0]) else { return nil }
        self.kind = kind
        origin = parts[1]
        namespace =
            parts[2] == "-"
            ? nil : PercentEncoding.decode(parts[2]).map { String(decoding: $0, as: UTF8.self) }
        id = parts[3]
    }

    var debt: SecretDebt {
        let namespace = namespace.map { PercentEncoding.encode($0, allowing: "/") } ?? "-"
        return SecretDebt(scheme: "vault", id: "\(kind.rawValue) \(origin) \(namespace) \(id)")
    }
}

/// Taking back what a run made.
extension VaultClient {
    /// Ends a token by itself, which ends all leases that it made.
    func revoke(_ token: VaultToken, _ debt: VaultDebt) async throws(SecretFailure) {
        var request = VaultRequest(
            method: "POST", path: "auth/token/revoke-self", namespace: debt.namespace, purpose: "the end of its login")
        let reply = try await send(request, token: token.text)
        if reply.status == 403 {
            // A token that is gone is refused, as one is that may not end itself.
            request = VaultRequest(
                path: "auth/token/lookup-self", namespace: debt.namespace, purpose: request.purpose)
            if try await send(request, token: token.text).status == 403 { return }
        }
        _ = try await understood(reply, request.purpose)
    }

    /// Ends a lease; one that is gone is fine.
    func revokeLease(_ debt: VaultDebt, token: String?) async throws(SecretFailure) {
        let request = VaultRequest(
            method: "PUT", path: "sys/leases/revoke",
            body: .map(["lease_id": .string(debt.id), "sync": .boolean(true)]),
            namespace: debt.namespace, purpose: "the end of the lease '\(debt.id)'")
        let reply = try await send(request, token: token)
        if reply.status == 400, reply.said.contains("invalid lease") || reply.said.contains("lease not found") {
            return
        }
        _ = try await understood(reply, request.purpose)
    }

    /// Ends a token by its accessor, as nobody holds it any more; one that is gone is fine.
    func revokeLogin(_ debt: VaultDebt, token: String?) async throws(SecretFailure) {
        let request = VaultRequest(
            method: "POST", path: "auth/token/revoke-accessor", body: .map(["accessor": .string(debt.id)]),
            namespace: debt.namespace, purpose: "the end of an earlier run's login")
        let reply = try await send(request, token: token)
        let said = reply.said.lowercased()
        let isGone = said.contains("invalid accessor") || said.contains("no token found with this accessor")
        if isGone, [400, 403, 404].contains(reply.status) { return }
        _ = try await understood(reply, request.purpose)
    }
}

extension VaultRun {
    /// Finishes the job of a run that was killed.
    func revoke(_ debt: SecretDebt) async throws(SecretFailure) {
        guard let debt = VaultDebt(debt) else {
            throw SecretFailure(.invalid, "the journal's note of what Vault made is not one that this version wrote")
        }
        guard debt.origin == client.name else {
            throw SecretFailure(
                .unreachable, "it was made by Vault at \(debt.origin), and \(client.name) is asked now",
                hint: "set VAULT_ADDR to \(debt.origin) to have it taken back")
        }
        let token = try await token()
        switch debt.kind {
        case .lease: try await client.revokeLease(debt, token: token.text)
        case .login: try await client.revokeLogin(debt, token: token.text)
        }
    }
}
