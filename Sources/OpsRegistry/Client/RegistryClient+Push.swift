import OpsCore
package import OpsHTTP

extension RegistryClient {
    /// How a blob came to be in the repository.
    package enum BlobTransfer: Sendable, Equatable { case existed, mounted, uploaded }

    /// Puts a blob into a repository unless it is there: asked for first, then mounted from another repository
    /// of the registry where one is named, else uploaded, with new attempts for what may pass.
    ///
    /// - Parameter open: gives the content; called anew for each attempt.
    package func push(
        _ descriptor: Descriptor, to repository: RepositoryName, mountFrom source: RepositoryName? = nil,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobTransfer {
        let scopes = [RegistryScope.push(repository)] + (source.map { [.pull($0)] } ?? [])
        if try await hasBlob(repository, descriptor, scopes: scopes) { return .existed }
        let body = HTTPRequest.Body.stream(length: descriptor.size, open: open)
        var isChunked = false
        var attempt = 1
        while true {
            do {
                guard let session = try await startUpload(descriptor, repository, attempt == 1 ? source : nil, scopes)
                else { return .mounted }
                if isChunked {
                    try await patch(session, body, descriptor, repository, scopes)
                    return .uploaded
                }
                switch try await put(session, body, descriptor, repository, scopes) {
                case .done: return .uploaded
                case .refused: isChunked = true
                }
            } catch {
                guard attempt < retry.attempts, retry.retries(error) else { throw error }
                try await Task.sleep(for: retry.wait(after: attempt))
                attempt += 1
            }
        }
    }

    /// Puts a manifest or index under a tag or its digest.
    ///
    /// Returns: true where the registry lists it by its subject (`OCI-Subject`, distribution-spec v1.1).
    @discardableResult
    package func push(
        _ document: ManifestDocument, to repository: RepositoryName, as selector: String
    ) async throws -> Bool {
        let request = HTTPRequest(
            "PUT", try url(repository, "manifests/\(selector)"), headers: [("Content-Type", document.mediaType)],
            body: .bytes(document.bytes), redirects: .none)
        let response = try await send(request, scopes: [.push(repository)])
        guard response.isSuccess else {
            throw await RegistryFailure.error(response, "pushing \(host)/\(repository):\(selector)")
        }
        await response.discard()
        if let text = response.header("docker-content-digest"), let digest = try? Digest(text),
            digest.algorithm == document.digest.algorithm, digest != document.digest
        {
            throw OpsError(.mismatch, "\(host) says that \(document.digest) became \(digest)")
        }
        return response.header("oci-subject") != nil
    }

    /// Opens an upload, or mounts: nil where the blob was mounted, else where to send it.
    private func startUpload(
        _ descriptor: Descriptor, _ repository: RepositoryName, _ source: RepositoryName?, _ scopes: [RegistryScope]
    ) async throws -> URLParts? {
        var url = try url(repository, "blobs/uploads/")
        if let source {
            url = url.adding(query: [("mount", descriptor.digest.description), ("from", source.description)])
        }
        let request = HTTPRequest("POST", url, headers: [("Content-Length", "0")], redirects: .none)
        let response = try await send(request, scopes: scopes)
        switch response.status {
        case 201 where source != nil:
            await response.discard()
            return nil
        case 202: return try await location(response)
        // A registry that will not mount is asked for an ordinary upload.
        case _ where source != nil && !response.isSuccess && response.status != 401 && response.status < 500:
            await response.discard()
            return try await startUpload(descriptor, repository, nil, scopes)
        default: throw await RegistryFailure.error(response, "starting an upload to \(host)/\(repository)")
        }
    }

    private enum PutOutcome { case done, refused }

    /// Sends the whole content in one PUT.
    private func put(
        _ session: URLParts, _ body: HTTPRequest.Body, _ descriptor: Descriptor, _ repository: RepositoryName,
        _ scopes: [RegistryScope]
    ) async throws -> PutOutcome {
        let request = HTTPRequest(
            "PUT", session.adding(query: [("digest", descriptor.digest.description)]),
            headers: [("Content-Type", "application/octet-stream")], body: body, redirects: .none)
        let response = try await send(request, scopes: scopes, retry: RetryPolicy.none)
        if response.isSuccess {
            await response.discard()
            return .done
        }
        // Some registries take content only by PATCH, and say so in various ways.
        if [404, 405, 411, 415, 416, 501].contains(response.status) {
            await response.discard()
            return .refused
        }
        throw await failure(response, descriptor, repository)
    }

    /// Sends the content by PATCH, then closes the upload with an empty PUT.
    private func patch(
        _ session: URLParts, _ body: HTTPRequest.Body, _ descriptor: Descriptor, _ repository: RepositoryName,
        _ scopes: [RegistryScope]
    ) async throws {
        let request = HTTPRequest(
            "PATCH", session, headers: [("Content-Type", "application/octet-stream")], body: body, redirects: .none)
        let response = try await send(request, scopes: scopes, retry: RetryPolicy.none)
        guard response.isSuccess else { throw await failure(response, descriptor, repository) }
        let end = try await location(response).adding(query: [("digest", descriptor.digest.description)])
        let close = HTTPRequest("PUT", end, headers: [("Content-Length", "0")], redirects: .none)
        let closed = try await send(close, scopes: scopes, retry: RetryPolicy.none)
        guard closed.isSuccess else { throw await failure(closed, descriptor, repository) }
        await closed.discard()
    }

    /// Where the answer says an upload goes on, its query kept.
    private func location(_ response: HTTPResponse) async throws -> URLParts {
        await response.discard()
        guard let location = response.header("location") else {
            throw OpsError(.mismatch, "\(host) does not say where to upload to")
        }
        let url = try response.url.resolve(location)
        guard url.isSecure || !response.url.isSecure else {
            throw OpsError(.forbidden, "\(host) wants an upload without TLS, to \(url.origin)")
        }
        return url
    }

    private func failure(
        _ response: HTTPResponse, _ descriptor: Descriptor, _ repository: RepositoryName
    ) async -> OpsError {
        await RegistryFailure.error(response, "uploading \(descriptor.digest) to \(host)/\(repository)")
    }
}
