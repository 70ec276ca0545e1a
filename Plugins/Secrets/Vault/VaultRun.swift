import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections
import Synchronization

/// A run's use of one server: one client and one login for all its secrets.
struct VaultRun: Sendable {
    let client: VaultClient
    let session: SecretSession
    let context: SecretContext

    /// - Parameter address: of another server than the one that the variables name.
    init(_ context: SecretContext, _ pace: VaultPace, at address: URLParts? = nil) async throws(SecretFailure) {
        session = context.session
        self.context = context
        let key = "vault client" + (address.map { " at \($0.text)" } ?? "")
        client = try await session.once(key) { () async throws(SecretFailure) -> VaultClient in
            try VaultClient(context, pace, at: address)
        }
    }

    /// Asks with the run's token. A login whose token has died since is made once more.
    ///
    /// Throws: a `SecretFailure` without the token or any value.
    func request(_ request: VaultRequest) async throws(SecretFailure) -> VaultClient.Reply {
        try await tokenAndReply(request).reply
    }

    /// An answer of status 200, 204 or 404, and the token that it was given for.
    func tokenAndReply(
        _ request: VaultRequest
    ) async throws(SecretFailure) -> (token: VaultToken, reply: VaultClient.Reply) {
        let generation = client.generation.withLock { $0 }
        var token = try await token(generation)
        var reply = try await client.send(request, token: token.text)
        // A dead token, a spent one and a policy that refuses are the same answer.
        if reply.status == 403, try await isDead(token, generation) {
            guard token.isOurs, generation == 0, client.variables["WRAPPED_TOKEN"] == nil else {
                throw SecretFailure(
                    .forbidden, "Vault at \(client.name) no longer accepts the token, asked for \(request.purpose)",
                    hint: token.isOurs
                        ? "it was made anew once in this run, and that one has ended too; see the role's token_ttl "
                            + "and token_num_uses"
                        : "it has expired, was revoked or used up; log in again")
            }
            client.generation.withLock { $0 = 1 }
            token = try await self.token(1)
            reply = try await client.send(request, token: token.text)
        }
        return (token, try await client.understood(reply, request.purpose))
    }

    /// The run's token, by one login for all who ask.
    func token() async throws(SecretFailure) -> VaultToken {
        try await token(client.generation.withLock { $0 })
    }

    private func token(_ generation: Int) async throws(SecretFailure) -> VaultToken {
        try await session.once("\(client.key) login \(generation)") { () async throws(SecretFailure) -> VaultToken in
            let token = try await logIn()
            if token.isOurs { settle(token) }
            return token
        }
    }

    /// Has the run's end revoke a token that it made, and renews it until then.
    private func settle(_ token: VaultToken) {
        if let accessor = token.accessor {
            let debt = VaultDebt(.login, client, namespace: client.variables["AUTH_NAMESPACE"], accessor)
            let client = client
            session.owe(debt.debt) { () async throws(SecretFailure) in try await client.revoke(token, debt) }
        }
        guard token.isRenewable, token.duration > 0 else { return }
        let renewal = VaultRenewal(
            name: "the login at Vault", duration: token.duration, client: client, token: token,
            request: VaultRequest(
                method: "POST", path: "auth/token/renew-self", body: .map([:]),
                namespace: client.variables["AUTH_NAMESPACE"], purpose: "the login's renewal"),
            member: "auth")
        session.inBackground { await renewal.run() }
    }

    /// Asked for once where several were refused at a time.
    private func isDead(_ token: VaultToken, _ generation: Int) async throws(SecretFailure) -> Bool {
        guard token.text != nil else { return false }
        let key = "\(client.key) dead \(generation)"
        let isDead = try await session.once(key) { () async throws(SecretFailure) -> Bool in
            try await client.send(.lookupSelf(client), token: token.text).status == 403
        }
        // One that lives may die later, by its number of uses.
        if !isDead { session.forget(key) }
        return isDead
    }
}

extension VaultRequest {
    /// What the token is: its policies, and when it ends.
    static func lookupSelf(_ client: VaultClient) -> VaultRequest {
        VaultRequest(
            path: "auth/token/lookup-self", namespace: client.variables["AUTH_NAMESPACE"], purpose: "the token itself")
    }
}
