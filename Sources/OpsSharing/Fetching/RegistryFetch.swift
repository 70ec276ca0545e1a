import Glibc
import OpsArchive
import OpsCore
import OpsHTTP
import OpsRegistry
import OpsSystem

/// What a registry has under a name: one tree, or one for each platform.
enum RegistryArtifact: Sendable {
    case tree(Manifest)
    case platforms(ManifestDocument, [(platform: Platform, manifest: Descriptor)])
}

/// Fetches trees of others from a registry (ops-recipe(5), "Remote includes"): an image manifest whose one layer is a
/// tar archive, packed with gzip or zstd or not at all.
struct RegistryFetch: Sendable {
    private let client: RegistryClient
    private let reference: ImageReference

    /// Of the archive as it is sent.
    private static let archiveLimit = 128 << 20

    /// - Parameter environment: names the files with credentials, proxies and certificates.
    init(_ reference: ImageReference, environment: [String: String]) throws(OpsError) {
        self.reference = reference
        let store = CredentialStore(environment: environment)
        let host = reference.host
        client = try RegistryClient(
            host: host, service: HTTPService.make(HTTPConfiguration { environment[$0] }),
            credential: { try await store.credential(for: host, $0) })
    }

    /// What a tag or digest names; nil asks for what the reference says.
    ///
    /// Throws: an `OpsError` (`notFound`) where there is nothing.
    func artifact(_ digest: Digest? = nil) async throws -> (digest: Digest, artifact: RegistryArtifact) {
        let selector = digest?.description ?? reference.selector
        guard let document = try await client.manifest(reference.repository, selector) else {
            throw OpsError(.notFound, "\(reference.host) has no \(reference.repository) \(selector)")
        }
        guard document.isIndex else { return (document.digest, .tree(try Manifest(document))) }
        let index = try ImageIndex(document)
        let manifests = index.manifests.compactMap { entry in entry.platform.map { ($0, entry) } }
        return (document.digest, .platforms(document, manifests))
    }

    /// The manifest of one platform.
    func manifest(_ descriptor: Descriptor) async throws -> Manifest {
        guard let document = try await client.manifest(reference.repository, descriptor.digest.description) else {
            throw OpsError(.notFound, "\(reference.host) lacks \(descriptor.digest) of \(reference.repository)")
        }
        return try Manifest(document)
    }

    /// Unpacks the layer of a manifest into a new folder.
    ///
    /// Throws: an `OpsError`: `unsupported` where it is no such artifact, `mismatch` where content is not what its
    /// digest says, `forbidden` for what no tree of others may hold, or past a limit.
    func write(_ manifest: Manifest, to target: String, limits: TreeLimits = TreeLimits()) async throws {
        guard manifest.layers.count == 1, let layer = manifest.layers.first, layer.mediaType.contains("tar") else {
            throw OpsError(
                .unsupported, "\(reference) is no recipe or plugin: it has \(manifest.layers.count) layers",
                hint: "one has a single layer, a tar archive")
        }
        guard layer.size <= Self.archiveLimit else {
            throw OpsError(.forbidden, "its archive has \(ByteSize.text(layer.size))")
        }
        let archive = target + ".tar"
        do {
            try await download(layer, to: archive)
            var extractor = ArchiveExtractor()
            extractor.limits = ArchiveLimits(size: limits.size, entries: limits.entries)
            extractor.limits.depth = limits.depth
            let unpacking = extractor
            _ = try await onThread { try unpacking.extract(archive, to: target, cancellation: $0) }
        } catch {
            unlink(archive)
            // Without the name of a temporary file, which says nothing.
            guard let error = error as? OpsError else { throw error }
            throw OpsError(
                error.code, error.message.replacing(archive, with: "\(layer.digest.shortText).tar"), cause: error.cause)
        }
        unlink(archive)
    }

    private func download(_ layer: Descriptor, to path: String) async throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OpsError.system("write", path) }
        defer { close(descriptor) }
        for try await chunk in try await client.blob(reference.repository, layer) {
            try chunk.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
        }
    }
}
