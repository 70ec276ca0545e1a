import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Reading of Azure Key Vault (REST API version 2025-07-01).
struct KeyVaults: Sendable {
    /// What one read gets: a version of a secret.
    struct Key: SecretKey {
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

    static let version = "2025-07-01"

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
        return (url, try resource(at: url))
    }

    /// What a token for the vault at a host is for.
    ///
    /// Throws: a `SecretFailure` (`forbidden`) where no token is to be sent there.
    func resource(at url: URLParts) throws(SecretFailure) -> String {
        try requests.context.permit(host: url.hostName, port: url.effectivePort)
        if let domain = Self.domains.first(where: { url.host.hasSuffix("." + $0) }) { return "https://" + domain }
        // The token would open every vault of the one who logs in, so a name alone must not choose who gets it.
        guard requests.context.hosts != nil else {
            throw SecretFailure(
                .forbidden, "'\(url.host)' is not the host of a Key Vault, so no token is sent there",
                hint: "name it in the recipe's 'secret-hosts' if it is one")
        }
        return "https://vault.azure.net"
    }

    /// - Parameter next: the link to the next page, which must lead to the same vault.
    private func ask(
        _ key: Key, path: [String], next: String? = nil, isList: Bool = false
    ) async throws(SecretFailure) -> Value {
        let (base, resource) = try address(of: key)
        var url = path.filter { !$0.isEmpty }.reduce(base) { $0.appending($1) }
            .adding(query: [("api-version", Self.version)])
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
        let answer = AzureFailure(reply)
        switch reply.status {
        case 404:
            let version = key.version.map { "version '\($0)' of " } ?? ""
            return SecretFailure(
                .missing, "there is no \(version)\(key.place)",
                hint: "one that was deleted: az keyvault secret recover brings it back")
        case 403 where answer.code == "SecretDisabled": return SecretFailure(.forbidden, "\(key.place) is disabled")
        default:
            return answer.failure(
                of: key.place, may: isList ? "be listed" : "be read",
                hint: isList
                    ? "checking needs the permission List; reading may be allowed all the same"
                    : "the identity needs the role Key Vault Secrets User, or Get in the vault's access policy")
        }
    }
}
