import Logging
import OpsCore
import OpsPlugin
import OrderedCollections

/// Answers that wait in the server, under a token that opens them once.
extension VaultRun {
    /// The answer under the wrapping token that a variable holds, opened once a run.
    ///
    /// - Parameters:
    ///   - name: the variable's.
    ///   - isExpected: whether it is what a request to this path answered; another may have been slipped in.
    /// Throws: a `SecretFailure` (`forbidden`) where it was opened already: an alarm.
    func unwrapped(
        _ name: String, isExpected: @escaping @Sendable (String) -> Bool
    ) async throws(SecretFailure) -> Value {
        try await session.once("\(client.key) unwrap \(name)") { () async throws(SecretFailure) -> Value in
            guard let token = client.variables.plain(name) else {
                throw SecretFailure(.missing, "\(name) is not set, which is to hold a wrapping token")
            }
            session.mask(name, Array(token.utf8))
            return try await open(token, name, isExpected: isExpected)
        }
    }

    /// What a login variable such as `VAULT_WRAPPED_TOKEN` holds; `VAULT_WRAPPING_PATH` names another origin.
    func unwrappedLogin(
        _ variable: String, isExpected: @escaping @Sendable (String) -> Bool
    ) async throws(SecretFailure) -> Value {
        let path = client.variables["WRAPPING_PATH"].map(Self.path)
        return try await unwrapped(client.variables.name(variable)) { origin in
            path.map { origin == $0 } ?? isExpected(origin)
        }
    }

    /// Opens a wrapping token, after a look at what request it came from, which does not open it.
    func open(
        _ token: String, _ name: String, isExpected: (String) -> Bool
    ) async throws(SecretFailure) -> Value {
        let path = try await origin(of: token, name).path
        guard isExpected(path) else {
            throw SecretFailure(
                .forbidden,
                "the wrapping token in \(name) comes from '\(path)', which is not what it should hold; "
                    + "it was not opened",
                hint: "somebody may have put it in the place of another")
        }
        let request = VaultRequest(method: "POST", path: "sys/wrapping/unwrap", purpose: "what \(name) wraps")
        let reply = try await client.send(request, token: token)
        if Self.isSpent(reply) { throw alarm(name) }
        return try await client.understood(reply, request.purpose).body
    }

    /// Where a wrapping token comes from, and when it ends in seconds since 1970.
    func origin(of token: String, _ name: String) async throws(SecretFailure) -> (path: String, expires: Double?) {
        let request = VaultRequest(
            method: "POST", path: "sys/wrapping/lookup", body: .map(["token": .string(token)]), isPrivate: true,
            purpose: "the origin of \(name)")
        let reply = try await client.send(request, token: nil)
        if Self.isSpent(reply) { throw alarm(name) }
        let data = try await client.understood(reply, request.purpose).body["data"]
        guard let path = data?["creation_path"]?.stringValue else {
            throw SecretFailure(.invalid, "Vault at \(client.name) does not say where \(name) comes from")
        }
        let life = data?["creation_ttl"]?.integerValue.map(Double.init)
        let start = data?["creation_time"]?.stringValue.flatMap(VaultTime.seconds)
        return (Self.path(path), start.flatMap { start in life.map { start + $0 } })
    }

    private static func path(_ text: String) -> String {
        let path = text.split(separator: "/").joined(separator: "/")
        return path.hasPrefix("v1/") ? String(path.dropFirst(3)) : path
    }

    private static func isSpent(_ reply: VaultClient.Reply) -> Bool {
        (400...404).contains(reply.status) && reply.said.contains("wrapping token is not valid or does not exist")
    }

    private func alarm(_ name: String) -> SecretFailure {
        let message =
            "the wrapping token in \(name) was opened before, or its time is over: "
            + "unless you know of either, somebody else has read what it held"
        client.logger.error("alarm: \(message)")
        return SecretFailure(
            .forbidden, message, hint: "have what it held revoked, find out who opened it, and have a new one made")
    }
}
