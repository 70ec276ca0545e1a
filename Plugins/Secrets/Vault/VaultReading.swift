import OpsCore
import OpsPlugin
import OrderedCollections

/// Reading of key-value engines, versions 1 and 2.
extension VaultClient {
    /// What one read gets: a secret with all its fields.
    struct Key: Sendable, Hashable {
        var path: String
        var version: String?
        /// The engine's version where the reference states it.
        var engine: Int?

        init(_ reference: SecretReference) {
            path = reference.path
            version = reference.options["version"]
            engine = reference.options["kv"].flatMap { Int($0) }
        }
    }

    /// The mount that holds a secret, as the server says (`sys/internal/ui/mounts`), unless the reference states
    /// the engine's version: then it is the first part of the path.
    func mount(of key: Key) async throws(SecretFailure) -> VaultMount {
        let first = String(key.path.prefix { $0 != "/" })
        if let engine = key.engine { return VaultMount(path: first, version: engine) }
        let reply: Reply
        do {
            reply = try await request("GET", "sys/internal/ui/mounts/" + key.path, purpose: "'\(key.path)'")
        } catch {
            guard error.reason == .forbidden else { throw error }
            throw SecretFailure(
                .forbidden, error.message,
                hint: "the token gives no access to '\(key.path)', or nothing is mounted there; "
                    + "?kv=2 or ?kv=1 in the reference reads without asking for the mount")
        }
        // A server older than this question knows only version 1.
        guard reply.status != 404 else { return VaultMount(path: first, version: 1) }
        let data = reply.body["data"]
        let path = (data?["path"]?.stringValue ?? first + "/").split(separator: "/").joined(separator: "/")
        let version = data?["options"]?["version"]?.scalarText
        let mount = VaultMount(path: path, version: version == "2" ? 2 : 1)
        guard mount.holds(key.path) else {
            throw SecretFailure(.invalid, "'\(key.path)' is the mount itself; a secret's path goes on behind it")
        }
        if let type = data?["type"]?.stringValue, !["kv", "generic", "cubbyhole"].contains(type) {
            throw SecretFailure(
                .invalid, "'\(path)' in Vault is a '\(type)' engine; only key-value engines can be read")
        }
        return mount
    }

    /// The fields of a secret.
    func read(_ key: Key, in mount: VaultMount) async throws(SecretFailure) -> Value {
        if mount.version == 1, key.version != nil {
            throw SecretFailure(.invalid, "'\(mount.path)' is a KV version 1 engine, which keeps no versions")
        }
        let query = key.version.map { [("version", $0)] } ?? []
        let reply = try await request(
            "GET", mount.request("data", key.path), query: query, purpose: "'\(key.path)'")
        guard reply.status == 200 else { throw missing(key, reply.body, mount) }
        let data = reply.body["data"]
        let fields = mount.version == 2 ? data?["data"] : data
        if mount.version == 2, fields?.isNull ?? true { throw missing(key, reply.body, mount) }
        guard let fields, fields.mapValue != nil else {
            throw SecretFailure(.invalid, "Vault's answer for '\(key.path)' holds no fields")
        }
        return fields
    }

    /// Why a read found nothing: a deleted version answers 404 with its metadata.
    private func missing(_ key: Key, _ body: Value, _ mount: VaultMount) -> SecretFailure {
        let said = errors(in: body)
        if said.contains("no handler for route") {
            return SecretFailure(.invalid, "nothing is mounted at '\(mount.path)' in Vault at \(name)")
        }
        if said.contains("Invalid path for a versioned K/V") {
            return SecretFailure(
                .invalid, "'\(mount.path)' in Vault is a KV version 2 engine", hint: "write ?kv=2, or leave kv out")
        }
        if let metadata = body["data"]?["metadata"], metadata.mapValue != nil {
            return Self.deleted(metadata, key.path)
        }
        let version = key.version.map { "version \($0) of " } ?? ""
        return SecretFailure(.missing, "there is no \(version)'\(key.path)' in Vault at \(name)")
    }

    /// What to say of a version that was deleted (and can be brought back) or destroyed.
    static func deleted(_ metadata: Value, _ path: String, number: String? = nil) -> SecretFailure {
        let version = number ?? metadata["version"]?.scalarText ?? "?"
        if metadata["destroyed"]?.booleanValue == true {
            return SecretFailure(.missing, "version \(version) of '\(path)' in Vault was destroyed")
        }
        let time = metadata["deletion_time"]?.stringValue.map { " at \($0)" } ?? ""
        return SecretFailure(
            .missing, "version \(version) of '\(path)' in Vault was deleted\(time)",
            hint: "vault kv undelete brings it back; ?version=N reads another one")
    }
}
