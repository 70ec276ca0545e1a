import OpsCore
import OpsPlugin
import OrderedCollections

/// Reading of key-value engines, of any other path, and of what is wrapped.
extension VaultRun {
    /// The fields of a secret, asked for once a run; where it is to be wrapped, the wrapping token.
    func value(of secret: VaultSecret) async throws(SecretFailure) -> Value {
        try await session.once("\(client.key) \(secret.key)") { () async throws(SecretFailure) -> Value in
            switch secret.source {
            case .keyValue(let version, let engine):
                return try await fields(of: secret, version, in: try await mount(of: secret, engine: engine))
            case .call(let method, _, let parameters): return try await call(method, parameters, secret)
            case .unwrap(let variable):
                let body = try await unwrapped(variable) { $0 == secret.path }
                guard let data = content(of: body) else {
                    throw SecretFailure(.invalid, "what \(variable) wraps holds no fields")
                }
                // A wrapped answer of KV version 2 has its metadata beside it.
                let isVersioned = data["data"]?.mapValue != nil && data["metadata"]?.mapValue != nil
                return isVersioned ? data["data"] ?? data : data
            }
        }
    }

    private func fields(
        of secret: VaultSecret, _ version: String?, in mount: VaultMount
    ) async throws(SecretFailure) -> Value {
        if mount.version == 1, version != nil {
            throw SecretFailure(.invalid, "'\(mount.path)' is a KV version 1 engine, which keeps no versions")
        }
        let request = VaultRequest(
            path: mount.request("data", secret.path), query: version.map { [("version", $0)] } ?? [],
            namespace: secret.namespace, purpose: "'\(secret.path)'")
        let (_, reply) = try await answer(request, secret)
        guard reply.status == 200 else { throw client.missing(secret, version, reply, mount) }
        if let token = Self.wrappingToken(reply, secret) { return token }
        let data = reply.body["data"]
        let fields = mount.version == 2 ? data?["data"] : data
        if mount.version == 2, fields?.isNull ?? true { throw client.missing(secret, version, reply, mount) }
        guard let fields, fields.mapValue != nil else {
            throw SecretFailure(.invalid, "Vault's answer for '\(secret.path)' holds no fields")
        }
        return fields
    }

    private func call(
        _ method: String, _ parameters: [VaultSecret.Parameter], _ secret: VaultSecret
    ) async throws(SecretFailure) -> Value {
        var request = VaultRequest(
            method: method, path: secret.path, namespace: secret.namespace, purpose: "'\(secret.path)'")
        if method == "GET" {
            request.query = parameters.map { ($0.name, $0.value) }
        } else {
            var body = ValueMap()
            for parameter in parameters { body[parameter.name] = .string(parameter.value) }
            request.body = .map(body)
        }
        let (token, reply) = try await answer(request, secret)
        guard reply.status != 404 else { throw client.missing(secret, reply) }
        if let token = Self.wrappingToken(reply, secret) { return token }
        settle(reply.body, secret, token)
        guard let content = content(of: reply.body) else {
            throw SecretFailure(.missing, "Vault answers '\(secret.path)' with nothing")
        }
        return content
    }

    private func content(of body: Value) -> Value? {
        for part in [body["data"], body["auth"]] {
            if let part, part.mapValue?.isEmpty == false { return part }
        }
        return nil
    }

    /// Sends a request for a secret, wrapped on its way where `VAULT_WRAP_TTL` asks for that.
    private func answer(
        _ request: VaultRequest, _ secret: VaultSecret
    ) async throws(SecretFailure) -> (token: VaultToken, reply: VaultClient.Reply) {
        var request = request
        request.wrapTTL = secret.wrapTTL ?? client.settings.wrapTTL
        var (token, reply) = try await tokenAndReply(request)
        guard secret.wrapTTL == nil, request.wrapTTL != nil,
            let wrapping = reply.body["wrap_info"]?["token"]?.stringValue
        else { return (token, reply) }
        let name = "the answer for '\(secret.path)'"
        session.mask(name, Array(wrapping.utf8))
        reply.body = try await open(wrapping, name) { $0 == request.path }
        return (token, reply)
    }

    private static func wrappingToken(_ reply: VaultClient.Reply, _ secret: VaultSecret) -> Value? {
        secret.wrapTTL == nil ? nil : reply.body["wrap_info"]?["token"]
    }
}

/// Why a read found nothing.
extension VaultClient {
    /// In a key-value engine, where a deleted version answers 404 with its metadata.
    func missing(_ secret: VaultSecret, _ version: String?, _ reply: Reply, _ mount: VaultMount) -> SecretFailure {
        if reply.said.contains("Invalid path for a versioned K/V") {
            return SecretFailure(
                .invalid, "'\(mount.path)' in Vault is a KV version 2 engine", hint: "write ?kv=2, or leave kv out")
        }
        if let metadata = reply.body["data"]?["metadata"], metadata.mapValue != nil {
            return Self.deleted(metadata, secret.path)
        }
        let version = version.map { "version \($0) of " } ?? ""
        return missing(secret, reply, version)
    }

    func missing(_ secret: VaultSecret, _ reply: Reply, _ version: String = "") -> SecretFailure {
        if reply.said.contains("no handler for route") {
            let mount = secret.path.prefix { $0 != "/" }
            return SecretFailure(.invalid, "nothing is mounted at '\(mount)' in Vault at \(name)")
        }
        let words = reply.said.isEmpty ? "" : ": \(reply.said)"
        return SecretFailure(.missing, "there is no \(version)'\(secret.path)' in Vault at \(name)\(words)")
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
