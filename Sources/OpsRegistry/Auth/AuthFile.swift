package import OpsCore
import OpsHTTP
import OrderedCollections

/// A file of registry credentials: docker's `config.json` or podman's `auth.json` (containers-auth.json(5)).
package struct AuthFile: Sendable {
    /// What such a file says about a repository.
    package enum Entry: Sendable, Equatable {
        case credential(RegistryCredential)
        /// Ask the program `docker-credential-NAME` about the server.
        case helper(name: String, server: String)
    }

    private let root: Value
    private let name: String

    /// Reads the file's content; `name` is for messages. Throws: an `OpsError` (`invalid`).
    package init(bytes: [UInt8], name: String) throws(OpsError) {
        root = try ManifestDocument.json(bytes, name)
        self.name = name
        guard root.mapValue != nil else { throw OpsError(.invalid, "\(name) is not an object") }
    }

    /// What it says: a helper of the host, then credentials of the most specific key (a repository, a folder
    /// of it, the host), then the helper for all hosts. Nil where it says nothing.
    ///
    /// Throws: an `OpsError` (`invalid`) for credentials that cannot be read.
    package func entry(for host: RegistryHost, _ repository: RepositoryName) throws(OpsError) -> Entry? {
        let hosts = Self.names(of: host)
        for host in hosts {
            if let helper = root["credHelpers"]?[host]?.stringValue, !helper.isEmpty {
                return .helper(name: helper, server: host)
            }
        }
        let store = root["credsStore"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let auths = root["auths"]?.mapValue ?? legacy {
            for key in Self.keys(host, repository) {
                for (written, value) in auths where Self.normalized(written) == key {
                    if let credential = try credential(value, key) { return .credential(credential) }
                }
            }
        }
        return store.map { .helper(name: $0, server: hosts[0]) }
    }

    /// `~/.dockercfg` is the map of `auths` itself.
    private var legacy: ValueMap? {
        guard let map = root.mapValue, map.values.contains(where: { $0["auth"] != nil }) else { return nil }
        return map
    }

    private func credential(_ value: Value, _ key: String) throws(OpsError) -> RegistryCredential? {
        func text(_ key: String) -> String? { value[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        if let token = text("identitytoken") { return .identityToken(token) }
        if let token = text("registrytoken") { return .registryToken(token) }
        if let auth = text("auth") {
            guard let bytes = Base64.decode(Array(auth.utf8)), let pair = String(validating: bytes, as: UTF8.self),
                let colon = pair.firstIndex(of: ":")
            else {
                throw OpsError(
                    .invalid, "'auth' of \(key) in \(name) is not the Base64 text of user:password",
                    hint: "log in again")
            }
            let password = pair[pair.index(after: colon)...].prefix { $0 != "\0" }
            return .basic(username: String(pair[..<colon]), password: String(password))
        }
        if let username = text("username"), let password = text("password") {
            return .basic(username: username, password: password)
        }
        return nil
    }

    /// The names under which a host may stand; the one that helpers know comes first.
    private static func names(of host: RegistryHost) -> [String] {
        host == .dockerHub
            ? ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
            : [host.description]
    }

    private static func keys(_ host: RegistryHost, _ repository: RepositoryName) -> [String] {
        let names = names(of: host).map(normalized)
        var parts = repository.description.split(separator: "/")
        var keys: [String] = []
        while !parts.isEmpty {
            keys += names.map { "\($0)/\(parts.joined(separator: "/"))" }
            parts.removeLast()
        }
        return keys + names
    }

    /// A key without scheme and without the API's path, which old clients wrote.
    private static func normalized(_ key: String) -> String {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            for path in ["/v1/", "/v2/", "/v1", "/v2", "/"] where rest.hasSuffix(path) {
                rest = rest.dropLast(path.count)
                break
            }
        }
        return String(rest)
    }
}
