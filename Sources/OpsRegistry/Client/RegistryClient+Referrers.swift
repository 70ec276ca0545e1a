import OpsCore
import OpsHTTP
import OrderedCollections

/// What is about a manifest.
package struct Referrers: Sendable {
    package var manifests: [Descriptor]
    /// True where there are more, which were not asked for.
    package var isCut: Bool
}

extension RegistryClient {
    /// What a repository has about a manifest: the manifests that name it as their subject (OCI distribution-spec
    /// v1.1, "Listing Referrers"). A registry that keeps no such list is asked for the tag that stands for it.
    ///
    /// - Parameters:
    ///   - artifactType: the kind that is wanted.
    ///   - limit: how many at most; of a list with one a page as many pages are read.
    /// Throws: an `OpsError`.
    package func referrers(
        _ repository: RepositoryName, of subject: Digest, artifactType: String, limit: Int = 1000
    ) async throws -> Referrers {
        // Not every registry filters, and the tag's list is of all kinds.
        func isWanted(_ entry: Descriptor) -> Bool { entry.others["artifactType"]?.stringValue == artifactType }
        var found: [Descriptor] = []
        var next: URLParts? = try url(repository, "referrers/\(subject)")
            .adding(query: [("artifactType", artifactType)])
        for _ in 0..<limit {
            guard let page = next, found.count <= limit else { break }
            let request = HTTPRequest("GET", page, headers: [("Accept", MediaType.index)])
            let response = try await send(request, scopes: [.pull(repository)])
            switch response.status {
            case 200:
                let bytes = try await response.collect(limit: ManifestDocument.sizeLimit)
                let name = "the list of what is about \(subject) in \(host)/\(repository)"
                let document = try ManifestDocument(
                    bytes: bytes, servedAs: MediaType.index, expected: nil, name: name)
                found += try ImageIndex(document).manifests.filter(isWanted)
                next = try Self.nextPage(response)
            // What the specification and what registries without such a list answer.
            case 400, 404, 405, 501:
                await response.discard()
                found = try await referrersByTag(repository, subject).manifests.filter(isWanted)
                next = nil
            default:
                throw await RegistryFailure.error(response, "asking \(host)/\(repository) for signatures of \(subject)")
            }
        }
        return Referrers(
            manifests: Array(found.prefix(limit)), isCut: found.count > limit || next != nil)
    }

    /// Puts a manifest that has a subject into a repository, and where the registry keeps no list by subject, into
    /// the one under the tag that stands for it.
    ///
    /// Throws: an `OpsError`.
    package func attach(_ artifact: ArtifactManifest, to repository: RepositoryName) async throws {
        guard let subject = artifact.subject else {
            throw OpsError(.invalid, "\(artifact.document.digest) is about nothing: it has no subject")
        }
        let isListed = try await push(artifact.document, to: repository, as: artifact.document.digest.description)
        guard !isListed else { return }
        // Two who attach at once may overwrite each other's list: it is looked at again.
        for _ in 0..<Self.attempts {
            let list = try await referrersByTag(repository, subject.digest)
            guard !list.manifests.contains(where: { $0.digest == artifact.document.digest }) else { return }
            let grown = ImageIndex(
                manifests: list.manifests + [artifact.descriptor], annotations: list.annotations)
            try await push(grown.document, to: repository, as: Self.tag(of: subject.digest))
        }
        let list = try await referrersByTag(repository, subject.digest)
        guard list.manifests.contains(where: { $0.digest == artifact.document.digest }) else {
            throw OpsError(
                .unavailable, "others go on changing the list of what is about \(subject.digest)", hint: "try again")
        }
    }

    private static let attempts = 5

    /// The tag under which a registry without a list keeps one (OCI distribution-spec v1.1, "Referrers Tag Schema").
    private static func tag(of subject: Digest) -> String {
        "\(subject.algorithm.prefix(32))-\(subject.hex.prefix(64))"
    }

    private func referrersByTag(_ repository: RepositoryName, _ subject: Digest) async throws -> ImageIndex {
        guard let document = try await manifest(repository, Self.tag(of: subject)) else {
            return ImageIndex(manifests: [])
        }
        guard document.isIndex else {
            throw OpsError(
                .mismatch, "\(host)/\(repository):\(Self.tag(of: subject)) is no index",
                hint: "the tag is for the list of what is about \(subject): delete it")
        }
        return try ImageIndex(document)
    }

    /// Where the rest of a list is (RFC 8288): `<URL>; rel="next"`.
    private static func nextPage(_ response: HTTPResponse) throws(OpsError) -> URLParts? {
        guard let link = response.header("link"), link.contains("rel=\"next\"") || link.contains("rel=next"),
            let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"), open < close
        else { return nil }
        let next = try response.url.resolve(String(link[link.index(after: open)..<close]))
        guard next.origin == response.url.origin else {
            throw OpsError(.forbidden, "the registry sends the rest of a list to another host: \(next.origin)")
        }
        return next
    }
}
