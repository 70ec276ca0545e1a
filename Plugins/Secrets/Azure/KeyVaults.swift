import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Reading of Azure Key Vault (REST API version 2025-07-01).
struct KeyVaults: Sendable {
    /// What one read gets: a version of a secret.
    struct Key: Sendable, Hashable {
        /// A vault's name, or a host.
        var vault: String
        var name: String
        var version: String?

        init(_ reference: SecretReference) {
            vault = reference.path.prefix { $0 != "/" }.lowercased()
            name = String(reference.path.drop { $0 != "/" }.dropFirst())
            version = reference.options["version"]
        }

        /// For messages.
        var place: String { "secret '\(name)' in Azure Key Vault '\(vault)'" }
    }

    /// The clouds: what a vault's host ends with.
    private static let domains = [
        "vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de",
    ]

    let requests: SecretRequests

    func read(_ key: Key) async throws(SecretFailure) -> [UInt8] {
        let reply = try await ask(key, path: ["secrets", key.name, key.version ?? ""])
        let state = Attributes(reply["attributes"] ?? .null)
        try state.check("\(key.place)")
        guard let text = reply["value"]?.stringValue else {
            throw SecretFailure(.invalid, "the answer for \(key.place) holds no value")
        }
        return Array(text.utf8)
    }

    /// Lists the versions, which shows no value.
    func probe(_ key: Key) async throws(SecretFailure) -> SecretProbe {
        var versions: [(id: String, state: Attributes)] = []
        var next: String?
        for _ in 0..<100 {
            let reply = try await ask(key, path: ["secrets", key.name, "versions"], next: next, isList: true)
            for item in reply["value"]?.listValue ?? [] {
                guard let id = item["id"]?.stringValue?.split(separator: "/").last else { continue }
                versions.append((String(id), Attributes(item["attributes"] ?? .null)))
            }
            next = reply["nextLink"]?.stringValue
            if next == nil { break }
        }
        let wanted = versions.filter { key.version == nil || $0.id == key.version }
        guard let (id, state) = wanted.max(by: { $0.state.created < $1.state.created }) else {
            let version = key.version.map { "version '\($0)' of " } ?? ""
            throw SecretFailure(.missing, "there is no \(version)\(key.place)")
        }
        try state.check("version \(id.prefix(8)) of \(key.place)")
        var text = "version \(id.prefix(8)), made \(Timestamp.iso8601(state.created).prefix(10))"
        if let expires = state.expires { text += ", expires \(Timestamp.iso8601(expires).prefix(10))" }
        return SecretProbe(text, version: id, expires: state.expires)
    }

    /// What a version is worth now. Times are seconds since 1970.
    private struct Attributes {
        var isEnabled: Bool
        var starts: Double?
        var expires: Double?
        var created: Double

        init(_ value: Value) {
            func time(_ name: String) -> Double? { value[name]?.scalarText.flatMap { Double($0) } }
            isEnabled = value["enabled"]?.booleanValue ?? true
            starts = time("nbf")
            expires = time("exp")
            created = time("created") ?? 0
        }

        func check(_ what: String) throws(SecretFailure) {
            let now = Timestamp.now
            guard isEnabled else { throw SecretFailure(.forbidden, "\(what) is disabled") }
            if let starts, starts > now {
                throw SecretFailure(.forbidden, "\(what) is not valid before \(Timestamp.iso8601(starts))")
            }
            if let expires, expires <= now {
                throw SecretFailure(
                    .forbidden, "\(what) expired at \(Timestamp.iso8601(expires))", hint: "set a new version of it")
            }
        }
    }

    private func address(of key: Key) throws(SecretFailure) -> (url: URLParts, resource: String) {
        let isHost = key.vault.contains { $0 == "." || $0 == ":" }
        let url: URLParts
        do {
            url = try URLParts("https://" + (isHost ? key.vault : key.vault + ".vault.azure.net"))
        } catch {
            throw SecretFailure(.invalid, "'\(key.vault)' cannot be used: \(error.message)", hint: error.hint)
        }
        if let domain = Self.domains.first(where: { url.host.hasSuffix("." + $0) }) {
            return (url, "https://" + domain)
        }
        // The token would open every vault of the one who logs in, so a reference alone must not choose who gets it.
        guard requests.context.hosts != nil else {
            throw SecretFailure(
                .forbidden, "'\(url.host)' is not the host of a Key Vault, so no token is sent there",
                hint: "name it in the recipe's 'secret-hosts' if it is one")
        }
        return (url, "https://vault.azure.net")
    }

    /// - Parameter next: the link to the next page, which must lead to the same vault.
    private func ask(
        _ key: Key, path: [String], next: String? = nil, isList: Bool = false
    ) async throws(SecretFailure) -> Value {
        let (base, resource) = try address(of: key)
        try requests.context.permit(host: base.hostName, port: base.effectivePort)
        var url = path.filter { !$0.isEmpty }.reduce(base) { $0.appending($1) }
            .adding(query: [("api-version", "2025-07-01")])
        if let next {
            guard let link = try? URLParts(next), link.origin == base.origin else {
                throw SecretFailure(
                    .unreachable, "the versions of \(key.place) go on at another host, which is not asked")
            }
            url = link
        }
        let token = try await AzureCredentials(requests: requests, resource: resource).token()
        let reply = try await requests.send(
            HTTPRequest("GET", url, headers: [token.header], label: "Azure Key Vault at \(base.origin)"))
        guard reply.status == 200, reply.json.mapValue != nil else { throw Self.failure(reply, key, isList: isList) }
        return reply.json
    }

    private static func failure(_ reply: SecretRequests.Reply, _ key: Key, isList: Bool) -> SecretFailure {
        let error = reply.json["error"]
        let code = error?["innererror"]?["code"]?.stringValue ?? error?["code"]?.stringValue
        let words = error?["message"]?.stringValue?.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        let said = (code.map { " (\($0))" } ?? "") + (words.map { ": \($0.prefix(300))" } ?? "")
        switch reply.status {
        case 404:
            let version = key.version.map { "version '\($0)' of " } ?? ""
            return SecretFailure(
                .missing, "there is no \(version)\(key.place)",
                hint: "one that was deleted: az keyvault secret recover brings it back")
        case 401: return SecretFailure(.forbidden, "Azure does not accept the login for \(key.place)\(said)")
        case 403 where code == "SecretDisabled": return SecretFailure(.forbidden, "\(key.place) is disabled")
        case 403:
            return SecretFailure(
                .forbidden, "\(key.place) may not be \(isList ? "listed" : "read")\(said)",
                hint: isList
                    ? "checking needs the permission List; reading may be allowed all the same"
                    : "the identity needs the role Key Vault Secrets User, or Get in the vault's access policy")
        case 429: return SecretFailure(.unreachable, "the rate limit of the vault for \(key.place) was reached\(said)")
        case 400..<500:
            return SecretFailure(.invalid, "Azure rejects the request for \(key.place) (\(reply.status))\(said)")
        case 200: return SecretFailure(.unreachable, "what answers for \(key.place) is not Azure Key Vault")
        default: return SecretFailure(.unreachable, "Azure answered \(reply.status) for \(key.place)\(said)")
        }
    }
}
