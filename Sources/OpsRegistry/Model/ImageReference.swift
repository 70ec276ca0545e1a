package import OpsCore

/// The name of an image in a registry: `[host[:port]/]repository[:tag][@digest]`.
///
/// As Docker reads it: a first component with a dot, a colon or capitals, or `localhost`, is a host; without
/// one the host is Docker Hub's, where a repository of one component lies under `library/`.
package struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    package var host: RegistryHost
    package var repository: RepositoryName
    package var tag: Tag?
    package var digest: Digest?

    package init(host: RegistryHost, repository: RepositoryName, tag: Tag? = nil, digest: Digest? = nil) {
        self.host = host
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Throws: an `OpsError` (`invalid`) that quotes the reference and says which part is wrong.
    package init(_ text: String) throws(OpsError) {
        do throws(OpsError) {
            if let mark = text.firstRange(ofBytes: "://") {
                throw OpsError(
                    .invalid, "it has a scheme", hint: "leave out '\(text[..<mark.upperBound])'")
            }
            var rest = text[...]
            if let mark = rest.firstIndex(of: "@") {
                digest = try Digest(String(rest[rest.index(after: mark)...]))
                rest = rest[..<mark]
            }
            if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/"), !rest[colon...].contains("]") {
                // `host:5000` alone is not a tag of `host`, but nothing tells: it reads as one, as with Docker.
                tag = try Tag(String(rest[rest.index(after: colon)...]))
                rest = rest[..<colon]
            }
            if let slash = rest.firstIndex(of: "/"), Self.looksLikeHost(rest[..<slash]) {
                host = try RegistryHost(String(rest[..<slash]))
                rest = rest[rest.index(after: slash)...]
            } else {
                host = .dockerHub
            }
            let name = host == .dockerHub && !rest.contains("/") ? "library/\(rest)" : String(rest)
            repository = try RepositoryName(name)
            guard host.description.utf8.count + name.utf8.count < 255 else {
                throw OpsError(.invalid, "host and repository are longer than 255 characters together")
            }
        } catch {
            throw OpsError(.invalid, "'\(text)' is not an image reference: \(error.message)", hint: error.hint)
        }
    }

    private static func looksLikeHost(_ text: Substring) -> Bool {
        text == "localhost" || text.contains(".") || text.contains(":") || text.contains { $0.isUppercase }
    }

    package var description: String {
        "\(name)\(tag.map { ":\($0)" } ?? "")\(digest.map { "@\($0)" } ?? "")"
    }

    /// Host and repository.
    package var name: String { "\(host)/\(repository)" }

    /// What a registry is asked for: the digest, else the tag, else `latest`.
    package var selector: String { digest?.description ?? tag?.description ?? "latest" }

    /// The same image by digest alone.
    package func pinned(to digest: Digest) -> ImageReference {
        ImageReference(host: host, repository: repository, digest: digest)
    }
}
