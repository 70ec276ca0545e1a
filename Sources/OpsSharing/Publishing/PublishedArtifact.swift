import Glibc
import OpsArchive
import OpsCore
import OpsHTTP
package import OpsRegistry
import OpsSystem

/// A recipe or a plugin in a registry (ops-recipe(5), "PUBLISHING RECIPES"): an image manifest whose one layer is a
/// tar archive, or an index with such a manifest for each platform.
package struct PublishedArtifact: Sendable {
    let kind: ArtifactKind
    let client: RegistryClient
    let reference: ImageReference
    let limits: TreeLimits

    /// Of the archive as it is sent, in bytes.
    private static let archiveLimit = 128 << 20

    package init(
        _ kind: ArtifactKind, at reference: ImageReference, client: RegistryClient, limits: TreeLimits = TreeLimits()
    ) {
        self.kind = kind
        self.client = client
        self.reference = reference
        self.limits = limits
    }

    /// What a name stands for.
    enum Content: Sendable {
        case one(ArtifactManifest)
        case platforms(ImageIndex)
    }

    /// Asks for a manifest or index; nil is what the reference names.
    ///
    /// Throws: an `OpsError`: `notFound` where there is nothing, `unsupported` for what is no such artifact, `mismatch`
    /// where it is not what its digest says.
    func content(_ digest: Digest? = nil) async throws -> (digest: Digest, content: Content) {
        let place = digest.map { reference.pinned(to: $0) } ?? reference
        guard let root = try await client.manifest(place.repository, place.selector) else {
            throw OpsError(.notFound, "there is no \(kind.noun) 'oci://\(place)'")
        }
        return (root.digest, root.isIndex ? .platforms(try ImageIndex(root)) : .one(try manifest(root)))
    }

    /// The manifest that serves all platforms; nil where each has its own.
    ///
    /// Throws: an `OpsError`, as `content`.
    func only(_ content: Content) async throws -> ArtifactManifest? {
        switch content {
        case .one(let manifest): return manifest
        case .platforms(let index):
            guard index.manifests.count == 1, index.manifests[0].platform == nil else { return nil }
            return try await manifest(index.manifests[0])
        }
    }

    /// The manifest of one platform.
    ///
    /// Throws: an `OpsError`, as `content`.
    func manifest(_ entry: Descriptor) async throws -> ArtifactManifest {
        let document = try await RegistryImage(reference, client: client).document(entry)
        guard !document.isIndex else {
            throw OpsError(.unsupported, "oci://\(reference) is no \(kind.noun): it has indexes in an index")
        }
        return try manifest(document)
    }

    private func manifest(_ document: ManifestDocument) throws(OpsError) -> ArtifactManifest {
        let manifest = try ArtifactManifest(document)
        guard manifest.artifactType == kind.artifactType else {
            throw OpsError(
                .unsupported, "oci://\(reference) is no \(kind.noun) but \(manifest.artifactType)",
                hint: "'ops \(kind.noun) push' makes one")
        }
        guard manifest.layers.count == 1, let layer = manifest.layers.first, layer.mediaType == kind.contentType else {
            throw OpsError(.unsupported, "oci://\(reference) has other content than one \(kind.contentType)")
        }
        guard layer.size <= min(Self.archiveLimit, limits.size) else {
            throw OpsError(.forbidden, "the content of oci://\(reference) has \(ByteSize.text(layer.size))")
        }
        return manifest
    }

    /// Downloads the archive of a manifest and unpacks it.
    ///
    /// - Parameter target: absolute; is not there.
    /// Throws: an `OpsError`: `forbidden` for what no tree of others may hold and past a limit, `mismatch` for content
    /// that is not what its digest says. What is left of the target is the caller's to remove.
    func unpack(_ manifest: ArtifactManifest, to target: String) async throws {
        guard let layer = manifest.layers.first else { return }
        let archive = target + ".tar"
        defer { unlink(archive) }
        try await download(layer, to: archive)
        var extractor = ArchiveExtractor()
        extractor.limits = ArchiveLimits(size: limits.size, entries: limits.entries)
        extractor.limits.depth = limits.depth
        let (unpacking, place) = (extractor, "oci://\(reference)")
        try await onThread { cancellation in
            do {
                _ = try unpacking.extract(archive, to: target, cancellation: cancellation)
            } catch let error as OpsError {
                // Without the name of a temporary file and a hint for the archive action.
                throw OpsError(error.code, error.message.replacing(archive, with: place), cause: error.cause)
            }
        }
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
