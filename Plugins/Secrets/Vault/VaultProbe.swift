import OpsCore
import OpsPlugin
import OrderedCollections

/// Whether a secret could be read, without reading it.
extension VaultRun {
    /// What the token may do (`sys/capabilities-self`), in KV version 2 the secret's metadata, and when the token ends.
    func probe(_ secret: VaultSecret) async throws(SecretFailure) -> SecretProbe {
        var result: SecretProbe
        switch secret.source {
        case .keyValue(let version, let engine):
            result = try await probe(secret, version, in: try await mount(of: secret, engine: engine))
        case .call(let method, let isDynamic, _):
            try await checkAllowed(secret.path, secret, method == "GET" ? ["read"] : ["update", "create"])
            let does = method == "GET" ? "read" : "written to"
            result = SecretProbe(
                isDynamic ? "may be \(does), which makes a secret each time" : "may be \(does), if it exists")
        case .unwrap(let variable):
            guard let token = client.variables.plain(variable) else {
                throw SecretFailure(.missing, "\(variable) is not set, which is to hold a wrapping token")
            }
            session.mask(variable, Array(token.utf8))
            let (path, expires) = try await origin(of: token, variable)
            guard path == secret.path else {
                throw SecretFailure(
                    .forbidden, "the wrapping token in \(variable) comes from '\(path)', not from '\(secret.path)'")
            }
            return SecretProbe("wrapped, not opened yet", expires: expires)
        }
        if let end = try await tokenEnd() { result.expires = min(end, result.expires ?? end) }
        return result
    }

    private func probe(
        _ secret: VaultSecret, _ version: String?, in mount: VaultMount
    ) async throws(SecretFailure) -> SecretProbe {
        try await checkAllowed(mount.request("data", secret.path), secret, ["read"])
        guard mount.version == 2 else { return SecretProbe("readable if it exists, KV version 1") }
        let metadata: VaultClient.Reply
        do throws(SecretFailure) {
            metadata = try await session.once("\(client.key) metadata \(secret.namespace ?? "") \(secret.path)") {
                () async throws(SecretFailure) -> VaultClient.Reply in
                try await request(
                    VaultRequest(
                        path: mount.request("metadata", secret.path), namespace: secret.namespace,
                        purpose: "the versions of '\(secret.path)'"))
            }
        } catch {
            guard error.reason == .forbidden else { throw error }
            return SecretProbe("readable if it exists, KV version 2 (its versions may not be listed)")
        }
        let data = metadata.body["data"]
        guard metadata.status == 200, let number = version ?? data?["current_version"]?.scalarText,
            number != "0", let found = data?["versions"]?[number]
        else {
            let version = version.map { "version \($0) of " } ?? ""
            throw SecretFailure(.missing, "there is no \(version)'\(secret.path)' in Vault at \(client.name)")
        }
        // With delete_version_after set, the time of the deletion is known before it comes.
        let text = found["deletion_time"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        let end = text.flatMap(VaultTime.seconds)
        let isDeleted = text != nil && (end ?? 0) <= Timestamp.now
        if isDeleted || found["destroyed"]?.booleanValue == true {
            throw VaultClient.deleted(found, secret.path, number: number)
        }
        let date = found["created_time"]?.stringValue.map { " of \($0.prefix(10))" } ?? ""
        return SecretProbe("KV version 2, version \(number)\(date)", version: number, expires: end)
    }

    /// Throws: a `SecretFailure` (`forbidden`) where the token's policies allow none of the capabilities.
    private func checkAllowed(
        _ path: String, _ secret: VaultSecret, _ wanted: Set<String>
    ) async throws(SecretFailure) {
        guard let known = try await capabilities(path, secret), wanted.isDisjoint(with: known), !known.contains("root")
        else { return }
        let verb = wanted.contains("read") ? "read" : "write to"
        throw SecretFailure(
            .forbidden, "Vault at \(client.name) does not allow this token to \(verb) '\(path)'",
            hint: "its policy needs the capability \(wanted.sorted().joined(separator: " or ")) on that path")
    }

    /// What the token may do with a path; nil where its policy does not even let it ask.
    private func capabilities(_ path: String, _ secret: VaultSecret) async throws(SecretFailure) -> [String]? {
        let key = "\(client.key) capabilities \(secret.namespace ?? "") \(path)"
        return try await session.once(key) { () async throws(SecretFailure) -> [String]? in
            let reply: VaultClient.Reply
            do throws(SecretFailure) {
                reply = try await request(
                    VaultRequest(
                        method: "POST", path: "sys/capabilities-self", body: .map(["paths": .list([.string(path)])]),
                        namespace: secret.namespace, purpose: "'\(secret.path)'"))
            } catch {
                guard error.reason == .forbidden else { throw error }
                return nil
            }
            let known = reply.body[path] ?? reply.body["data"]?[path] ?? reply.body["capabilities"]
            return known?.listValue?.compactMap(\.stringValue)
        }
    }

    /// When a token that was given ends, in seconds since 1970; nil where it does not, or may not say.
    private func tokenEnd() async throws(SecretFailure) -> Double? {
        let token = try await token()
        guard !token.isOurs, let text = token.text else { return nil }
        return try await session.once("\(client.key) token end") { () async throws(SecretFailure) -> Double? in
            let reply = try await client.send(.lookupSelf(client), token: text)
            guard reply.status == 200, let left = reply.body["data"]?["ttl"]?.integerValue, left > 0 else { return nil }
            return Timestamp.now + Double(left)
        }
    }
}
