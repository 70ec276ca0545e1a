import OpsCore
import OpsPlugin
import OrderedCollections

/// What a read made on the server and the run's end takes back.
extension VaultRun {
    /// Notes a lease or a token that an answer holds, and renews it until the end.
    func settle(_ body: Value, _ secret: VaultSecret, _ token: VaultToken) {
        if let id = body["lease_id"]?.stringValue, !id.isEmpty { settleLease(id, body, secret, token) }
        if let auth = body["auth"], auth.mapValue != nil { settleToken(auth, secret, token) }
    }

    private func settleLease(_ id: String, _ body: Value, _ secret: VaultSecret, _ token: VaultToken) {
        let client = client
        // The end of a login of ours ends its leases with it.
        if !token.endsItsLeases {
            let debt = VaultDebt(.lease, client, namespace: secret.namespace, id)
            session.owe(debt.debt) { () async throws(SecretFailure) in
                try await client.revokeLease(debt, token: token.text)
            }
        }
        guard body["renewable"]?.booleanValue == true else { return }
        renew(
            VaultRenewal(
                name: "the lease of '\(secret.path)'", duration: body["lease_duration"]?.integerValue ?? 0,
                client: client, token: token,
                request: VaultRequest(
                    method: "PUT", path: "sys/leases/renew", body: .map(["lease_id": .string(id)]),
                    namespace: secret.namespace, purpose: "the lease of '\(secret.path)'")))
    }

    /// A token that was made as a secret, such as by `auth/token/create`.
    private func settleToken(_ auth: Value, _ secret: VaultSecret, _ token: VaultToken) {
        let client = client
        if let accessor = auth["accessor"]?.stringValue, !accessor.isEmpty {
            let debt = VaultDebt(.login, client, namespace: secret.namespace, accessor)
            session.owe(debt.debt) { () async throws(SecretFailure) in
                try await client.revokeLogin(debt, token: token.text)
            }
        }
        guard auth["renewable"]?.booleanValue == true, let text = auth["client_token"]?.stringValue else { return }
        renew(
            VaultRenewal(
                name: "the token of '\(secret.path)'", duration: auth["lease_duration"]?.integerValue ?? 0,
                client: client, token: VaultToken(text: text),
                request: VaultRequest(
                    method: "POST", path: "auth/token/renew-self", body: .map([:]), namespace: secret.namespace,
                    purpose: "the token of '\(secret.path)'"), member: "auth"))
    }

    private func renew(_ renewal: VaultRenewal) {
        guard renewal.duration > 0 else { return }
        session.inBackground { await renewal.run() }
    }
}
