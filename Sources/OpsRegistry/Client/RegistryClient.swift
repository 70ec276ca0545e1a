import Logging
package import OpsCore
package import OpsHTTP

/// Talks to one registry (OCI distribution-spec v1.1). Authorization is shared by all its requests.
package struct RegistryClient: Sendable {
    package let host: RegistryHost
    let service: HTTPService
    let retry: RetryPolicy
    private let authorizer: RegistryAuthorizer
    private let origin: URLParts

    /// - Parameters:
    ///   - isPlainHTTP: without TLS. Never guessed: a registry on this machine is asked over TLS as well.
    ///   - credential: asked when the registry wants to know who we are, once for each repository.
    /// Throws: an `OpsError` (`invalid`) where the host can be in no URL.
    package init(
        host: RegistryHost, isPlainHTTP: Bool = false, service: HTTPService = .shared,
        retry: RetryPolicy = .standard,
        credential: @escaping @Sendable (RepositoryName) async throws -> RegistryCredential? = { _ in nil }
    ) throws(OpsError) {
        self.host = host
        self.service = service
        self.retry = retry
        origin = try URLParts("\(isPlainHTTP ? "http" : "https")://\(host.authority)/v2/")
        authorizer = RegistryAuthorizer(
            host: host, isPlainHTTP: isPlainHTTP, service: service, retry: retry, credential: credential)
    }

    /// A client configured by an environment: proxies, certificates, and the credentials that docker or podman login
    /// has kept.
    ///
    /// - Parameter given: a credential that is used instead of those.
    /// Throws: an `OpsError` (`invalid`) where the host can be in no URL.
    package init(
        host: RegistryHost, isPlainHTTP: Bool = false, environment: [String: String],
        given: RegistryCredential? = nil
    ) throws(OpsError) {
        let store = CredentialStore(environment: environment)
        try self.init(
            host: host, isPlainHTTP: isPlainHTTP, service: HTTPService.make(HTTPConfiguration { environment[$0] }),
            credential: { repository in
                if let given { return given }
                return try await store.credential(for: host, repository)
            })
    }

    /// The URL of something in a repository: `/v2/NAME/PATH`.
    func url(_ repository: RepositoryName, _ path: String) throws(OpsError) -> URLParts {
        try origin.resolve("/v2/\(repository)/\(path)")
    }

    /// Sends a request, with authorization as far as it goes to the registry itself; a 401 is answered once.
    ///
    /// Throws: an `OpsError` (`forbidden`) where the registry goes on refusing, or what `HTTPService` throws.
    func send(
        _ request: HTTPRequest, scopes: [RegistryScope], retry: RetryPolicy? = nil
    ) async throws -> HTTPResponse {
        var request = request
        // An upload may be sent to another host, which must not learn who we are.
        guard request.url.origin == origin.origin else {
            return try await service.send(request, retry: retry ?? self.retry)
        }
        let first = await authorizer.header(for: scopes)
        if let first { request.set("Authorization", first) }
        let response = try await service.send(request, retry: retry ?? self.retry)
        guard response.status == 401, response.url.origin == origin.origin else { return response }
        let challenges = AuthChallenge.parse(response.headers(named: "www-authenticate"))
        await response.discard()
        let second = try await authorizer.answer(challenges, for: scopes, refused: first)
        request.set("Authorization", second)
        return try await service.send(request, retry: retry ?? self.retry)
    }

    /// The manifest or index that a tag or digest names; nil where there is none.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it is not what its digest says.
    package func manifest(_ repository: RepositoryName, _ selector: String) async throws -> ManifestDocument? {
        let name = "\(host)/\(repository)\(selector.contains(":") ? "@" : ":")\(selector)"
        let request = HTTPRequest(
            "GET", try url(repository, "manifests/\(selector)"), headers: Self.acceptManifests)
        let response = try await send(request, scopes: [.pull(repository)])
        if response.status == 404 {
            await response.discard()
            return nil
        }
        guard response.status == 200 else { throw await RegistryFailure.error(response, "reading \(name)") }
        let bytes = try await response.collect(limit: ManifestDocument.sizeLimit)
        let promised = response.header("docker-content-digest").flatMap { try? Digest($0) }
        let expected = selector.contains(":") ? try Digest(selector) : promised?.algorithm == "sha256" ? promised : nil
        let type = response.header("content-type")?.prefix { $0 != ";" }
        return try ManifestDocument(bytes: bytes, servedAs: type.map(String.init), expected: expected, name: name)
    }

    /// The digest of what a tag or digest names, without fetching it; nil where there is none. A registry that
    /// does not tell a tag's digest gives nil as well.
    package func manifestDigest(
        _ repository: RepositoryName, _ selector: String, scopes: [RegistryScope]? = nil
    ) async throws -> Digest? {
        let request = HTTPRequest(
            "HEAD", try url(repository, "manifests/\(selector)"), headers: Self.acceptManifests)
        let response = try await send(request, scopes: scopes ?? [.pull(repository)])
        switch response.status {
        case 200:
            await response.discard()
            if let text = response.header("docker-content-digest") { return try? Digest(text) }
            return selector.contains(":") ? try Digest(selector) : nil
        case 404:
            await response.discard()
            return nil
        default: throw await RegistryFailure.error(response, "asking \(host)/\(repository) for \(selector)")
        }
    }

    /// True where the repository holds the blob.
    package func hasBlob(
        _ repository: RepositoryName, _ descriptor: Descriptor, scopes: [RegistryScope]? = nil
    ) async throws -> Bool {
        let request = HTTPRequest("HEAD", try url(repository, "blobs/\(descriptor.digest)"))
        let response = try await send(request, scopes: scopes ?? [.pull(repository)])
        switch response.status {
        case 200:
            await response.discard()
            return true
        case 404:
            await response.discard()
            return false
        default:
            throw await RegistryFailure.error(response, "asking \(host)/\(repository) for \(descriptor.digest)")
        }
    }

    private static let acceptManifests = [("Accept", MediaType.manifests.joined(separator: ", "))]
}
