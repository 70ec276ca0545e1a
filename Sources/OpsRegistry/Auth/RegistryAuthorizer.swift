import OpsCore
import OpsHTTP
import OpsSystem
import OrderedCollections

/// Answers a registry's challenges, and keeps the answers: tokens by the scopes they were asked for
/// (distribution, "Token Authentication Specification" and "OAuth2"), basic authorization by repository.
actor RegistryAuthorizer {
    private struct Token {
        var header: String
        /// On the clock that never goes back, in nanoseconds.
        var expiry: UInt64
    }

    private let host: RegistryHost
    private let isPlainHTTP: Bool
    private let service: HTTPService
    private let retry: RetryPolicy
    private let credential: @Sendable (RepositoryName) async throws -> RegistryCredential?
    private var tokens: [Set<String>: Token] = [:]
    private var basic: [RepositoryName: String] = [:]
    private var fetches: [Set<String>: Task<Token, any Error>] = [:]
    private var credentials: [RepositoryName: RegistryCredential?] = [:]

    /// The largest answer of a token service that is read.
    private static let answerLimit = 64 << 10

    init(
        host: RegistryHost, isPlainHTTP: Bool, service: HTTPService, retry: RetryPolicy,
        credential: @escaping @Sendable (RepositoryName) async throws -> RegistryCredential?
    ) {
        self.host = host
        self.isPlainHTTP = isPlainHTTP
        self.service = service
        self.retry = retry
        self.credential = credential
    }

    /// What to send with a request that needs these scopes, as far as is known without asking anybody.
    func header(for scopes: [RegistryScope]) -> String? {
        guard let first = scopes.first else { return nil }
        if let header = basic[first.repository] { return header }
        let wanted = Set(scopes.map(\.description))
        let now = Clock.ticks()
        return tokens.first { $0.key.isSuperset(of: wanted) && $0.value.expiry > now }?.value.header
    }

    /// What to send after a 401. `refused` is what was sent before.
    ///
    /// Throws: an `OpsError` (`forbidden`) where there is nothing else to try, or the token service's failure.
    func answer(
        _ challenges: [AuthChallenge], for scopes: [RegistryScope], refused: String?
    ) async throws -> String {
        guard let first = scopes.first else { throw denied(nil) }
        if let header = header(for: scopes), header != refused { return header }
        if let challenge = challenges.first(where: { $0.scheme == "bearer" && $0.parameters["realm"] != nil }) {
            if let refused { tokens = tokens.filter { $0.value.header != refused } }
            return try await token(challenge, scopes, first.repository)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw OpsError(
                .unsupported,
                "\(host) asks for a way to log in that is not known: \(challenges.map(\.scheme).joined(separator: ", "))"
            )
        }
        let credential = try await cached(first.repository)
        guard let header = credential?.basicHeader, header != refused else {
            basic[first.repository] = nil
            throw denied(credential)
        }
        basic[first.repository] = header
        return header
    }

    private func denied(_ credential: RegistryCredential?) -> OpsError {
        OpsError(
            .forbidden,
            credential == nil
                ? "\(host) wants a user name and a password" : "\(host) refused the user name or password",
            hint: "set username and password, or log in with docker or podman")
    }

    private func cached(_ repository: RepositoryName) async throws -> RegistryCredential? {
        if let known = credentials[repository] { return known }
        let found = try await credential(repository)
        credentials[repository] = .some(found)
        return found
    }

    private func token(
        _ challenge: AuthChallenge, _ scopes: [RegistryScope], _ repository: RepositoryName
    ) async throws -> String {
        let credential = try await cached(repository)
        if case .registryToken(let token) = credential { return "Bearer " + token }
        // What we want comes first; a service may grant less, which is no error.
        var names = scopes.map(\.description)
        for name in challenge.parameters["scope"]?.split(separator: " ").map(String.init) ?? []
        where !names.contains(name) {
            names.append(name)
        }
        let key = Set(names)
        if let fetch = fetches[key] { return try await fetch.value.header }
        let scopes = names
        let fetch = Task { try await self.fetch(challenge, scopes, credential) }
        fetches[key] = fetch
        defer { fetches[key] = nil }
        let token = try await withTaskCancellationHandler {
            try await fetch.value
        } onCancel: {
            fetch.cancel()
        }
        tokens[key] = token
        return token.header
    }

    private func fetch(
        _ challenge: AuthChallenge, _ scopes: [String], _ credential: RegistryCredential?
    ) async throws -> Token {
        let realm = try realm(challenge.parameters["realm"] ?? "")
        var request: HTTPRequest
        var fields: [(String, String)] = []
        if let name = challenge.parameters["service"] { fields.append(("service", name)) }
        if case .identityToken(let token) = credential {
            fields += [
                ("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "ops"),
                ("scope", scopes.joined(separator: " ")),
            ]
            let form = fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            request = HTTPRequest(
                "POST", realm, headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: .bytes(Array(form.joined(separator: "&").utf8)), isBodyPrivate: true)
        } else {
            fields += scopes.map { ("scope", $0) }
            request = HTTPRequest("GET", realm.adding(query: fields))
            if let header = credential?.basicHeader { request.set("Authorization", header) }
        }
        let response = try await service.send(request, retry: retry)
        guard response.isSuccess else {
            if [400, 401, 403].contains(response.status) {
                await response.discard()
                throw denied(credential)
            }
            throw await RegistryFailure.error(response, "asking \(realm.origin) for a token of \(host)")
        }
        let bytes = try await response.collect(limit: Self.answerLimit)
        let answer = try ManifestDocument.json(bytes, "the answer of \(realm.origin)")
        let text = answer["token"]?.stringValue ?? answer["access_token"]?.stringValue
        guard let text, !text.isEmpty else {
            throw OpsError(.mismatch, "the answer of \(realm.origin) holds no token")
        }
        // Sixty seconds is the specification's default; a token is not used in its last five.
        let seconds = max(answer["expires_in"]?.integerValue ?? 60, 10) - 5
        return Token(
            header: "Bearer " + text, expiry: Clock.ticks() + UInt64(min(seconds, 86_400)) * 1_000_000_000)
    }

    /// The token service that a challenge names. A registry out in the world must not send us, and the
    /// password, to an address within this machine or network, nor to an unencrypted one.
    private func realm(_ text: String) throws(OpsError) -> URLParts {
        let url: URLParts
        do throws(OpsError) {
            url = try URLParts(text)
        } catch {
            throw OpsError(.mismatch, "\(host) names a token service that is no URL: \(error.message)")
        }
        guard url.isSecure || isPlainHTTP else {
            throw OpsError(.forbidden, "\(host) names a token service without TLS: \(url.origin)")
        }
        let registry = try URLParts("https://\(host.authority)").host
        guard url.host == registry || !Self.isInternal(url.host) || Self.isInternal(registry) else {
            throw OpsError(.forbidden, "\(host) names a token service at an internal address: \(url.origin)")
        }
        return url
    }

    /// True for names and addresses of this machine and of private networks (RFC 1918, 3927, 4193, 4291, 6598).
    static func isInternal(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        if host.hasPrefix("[") {
            let address = host.dropFirst()
            return ["::", "fc", "fd", "fe8", "fe9", "fea", "feb"].contains { address.hasPrefix($0) }
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts[2] != nil, parts[3] != nil else {
            // A host of digits alone is an address in another spelling.
            return host.allSatisfy { $0.isNumber }
        }
        switch (first, second) {
        case (0, _), (10, _), (127, _), (192, 168), (169, 254), (172, 16...31), (100, 64...127): return true
        default: return false
        }
    }
}
