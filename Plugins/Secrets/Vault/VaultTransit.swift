import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Decryption by the transit engine of Vault or OpenBao.
extension VaultRun {
    /// The use of a server that a file names: the one that the variables name, else one that the recipe's
    /// `secret-hosts` names, which then gets the login that the variables give.
    ///
    /// Throws: a `SecretFailure` (`forbidden`) where a file alone would choose who gets the token.
    init(_ context: SecretContext, _ pace: VaultPace, namedBy address: String) async throws(SecretFailure) {
        guard let url = try? URLParts(address), url.userInfo == nil else {
            throw SecretFailure(.invalid, "it has no address of a Vault server")
        }
        let variables = VaultVariables(context.environment)
        let own = ["AGENT_ADDR", "ADDR"].compactMap { variables[$0] }.compactMap { try? URLParts($0).origin }
        if own.contains(url.origin) {
            try await self.init(context, pace)
            return
        }
        guard context.hosts != nil else {
            throw SecretFailure(
                .forbidden,
                "it is of Vault at \(url.origin), which VAULT_ADDR does not name, so no token is sent there",
                hint: "set VAULT_ADDR to \(url.origin), or name it in the recipe's 'secret-hosts'")
        }
        try context.permit(host: url.hostName, port: url.effectivePort)
        guard url.isSecure || url.isLoopback else {
            throw SecretFailure(
                .invalid, "\(url.origin) has no TLS, so nothing secret is asked of it or sent there",
                hint: "set VAULT_ADDR to \(url.origin) to ask it all the same")
        }
        try await self.init(context, pace, at: url)
    }

    /// - Parameters:
    ///   - sealed: as the engine wrote it: `vault:v1:…`.
    ///   - engine: where it is mounted.
    func decrypt(_ sealed: String, engine: String, key: String) async throws(SecretFailure) -> [UInt8] {
        let mount = engine.split(separator: "/")
        let hasDots = (mount + [key[...]]).contains { $0 == "." || $0 == ".." }
        guard !mount.isEmpty, !key.isEmpty, !key.contains("/"), !hasDots else {
            throw SecretFailure(.invalid, "it does not name a transit engine in Vault and a key")
        }
        let path = mount.joined(separator: "/") + "/decrypt/" + key
        let reply = try await request(
            VaultRequest(
                method: "PUT", path: path, body: .map(["ciphertext": .string(sealed)]), purpose: "'\(path)'"))
        guard reply.status != 404 else {
            throw SecretFailure(.invalid, "no transit engine is mounted at '\(engine)' in Vault at \(client.name)")
        }
        guard let text = reply.body["data"]?["plaintext"]?.stringValue, let bytes = Base64.decode(Array(text.utf8))
        else { throw SecretFailure(.invalid, "Vault's answer for '\(path)' holds no plaintext") }
        return bytes
    }
}
