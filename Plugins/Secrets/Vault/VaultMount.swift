import OpsCore
import OpsPlugin

/// Where a key-value engine is mounted, and which of its two versions it is.
struct VaultMount: Sendable, Hashable {
    /// Without slashes at the ends: `secret`, `team/kv`.
    var path: String
    /// 1 or 2.
    var version: Int

    /// True where the secret's path lies below the mount: `secret` holds `secret/a`, not `secretv2/a`.
    func holds(_ secret: String) -> Bool { secret.hasPrefix(path + "/") }

    /// The path of a request about a secret: `secret/data/a` for `secret/a` in version 2.
    func request(_ kind: String, _ secret: String) -> String {
        let rest = secret.dropFirst(path.count + 1)
        return version == 2 ? "\(path)/\(kind)/\(rest)" : "\(path)/\(rest)"
    }
}

extension VaultRun {
    /// The mount that holds a secret. Unless the reference states the engine's version (then it is the first part of
    /// the path) the server is asked, once for each mount.
    func mount(of secret: VaultSecret, engine: Int?) async throws(SecretFailure) -> VaultMount {
        var parts = secret.path.split(separator: "/").map(String.init)
        if let engine { return VaultMount(path: parts[0], version: engine) }
        parts.removeLast()
        var failure: SecretFailure?
        // What was found for another secret of the same beginning may hold this one too; whoever comes first asks.
        for count in 1...parts.count {
            let start = parts.prefix(count).joined(separator: "/")
            let key = "\(client.key) mount \(secret.namespace ?? "") \(start)"
            do throws(SecretFailure) {
                let mount = try await session.once(key) { () async throws(SecretFailure) -> VaultMount in
                    try await askForMount(of: secret)
                }
                if mount.holds(secret.path) { return mount }
            } catch {
                // A refusal may be of the other secret alone.
                guard error.reason == .forbidden || error.reason == .invalid else { throw error }
                failure = error
            }
        }
        if let failure { throw failure }
        throw SecretFailure(.invalid, "'\(secret.path)' is the mount itself; a secret's path goes on behind it")
    }

    /// As the server says (`sys/internal/ui/mounts`).
    private func askForMount(of secret: VaultSecret) async throws(SecretFailure) -> VaultMount {
        let key = "\(client.key) mount-of \(secret.namespace ?? "") \(secret.path)"
        return try await session.once(key) { () async throws(SecretFailure) -> VaultMount in
            let reply: VaultClient.Reply
            do throws(SecretFailure) {
                reply = try await request(
                    VaultRequest(
                        path: "sys/internal/ui/mounts/" + secret.path, namespace: secret.namespace,
                        purpose: "'\(secret.path)'"))
            } catch {
                guard error.reason == .forbidden else { throw error }
                throw SecretFailure(
                    .forbidden, error.message,
                    hint: "the token gives no access to '\(secret.path)', or nothing is mounted there; "
                        + "?kv=2 or ?kv=1 in the reference reads without asking for the mount")
            }
            let first = String(secret.path.prefix { $0 != "/" })
            // A server older than this question knows only version 1.
            guard reply.status != 404 else { return VaultMount(path: first, version: 1) }
            let data = reply.body["data"]
            let path = (data?["path"]?.stringValue ?? first + "/").split(separator: "/").joined(separator: "/")
            if let type = data?["type"]?.stringValue, !["kv", "generic", "cubbyhole"].contains(type) {
                throw SecretFailure(
                    .invalid, "'\(path)' in Vault is a '\(type)' engine; only key-value engines can be read so",
                    hint: "?read=dynamic reads a path that makes a secret each time, ?write=dynamic posts to one, "
                        + "?read=static reads any other")
            }
            let mount = VaultMount(path: path, version: data?["options"]?["version"]?.scalarText == "2" ? 2 : 1)
            guard mount.holds(secret.path) else {
                throw SecretFailure(
                    .invalid, "'\(secret.path)' is the mount itself; a secret's path goes on behind it")
            }
            return mount
        }
    }
}
