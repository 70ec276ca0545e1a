import Glibc
import OpsArchive
package import OpsCore
package import OpsRegistry
import OpsSystem
import OrderedCollections

/// Gets a recipe or a plugin from a registry into a folder that appears whole, or not at all.
package struct ArtifactPull: Sendable {
    private let kind: ArtifactKind
    private let client: RegistryClient
    private let reference: ImageReference
    private let limits: ArtifactLimits

    package init(
        _ kind: ArtifactKind, from reference: ImageReference, client: RegistryClient,
        limits: ArtifactLimits = ArtifactLimits()
    ) {
        self.kind = kind
        self.client = client
        self.reference = reference
        self.limits = limits
    }

    /// What a registry has under the reference.
    package struct Found: Sendable {
        /// Of what the reference names: what a signature is of, and what a lock file holds.
        package var digest: Digest
        /// The content, an archive.
        package var layer: Descriptor
        /// `org.opencontainers.image.…`, as texts.
        package var annotations: ValueMap
    }

    /// Asks what the reference names. Of an index that is the manifest of the platform, or the only one without a
    /// platform.
    ///
    /// Throws: an `OpsError`: `notFound`, also for a missing platform, with those there are; `unsupported` for what
    /// is no such artifact; `mismatch` where it is not what its digest says.
    package func find(for platform: Platform) async throws -> Found {
        let image = RegistryImage(reference, client: client)
        let root = try await image.root()
        var document = root
        if root.isIndex {
            let index = try ImageIndex(root)
            guard let entry = index.manifest(for: platform) else {
                throw OpsError(
                    .notFound, "the \(kind.noun) oci://\(reference) has nothing for \(PlatformName.text(platform))",
                    hint: "it has \(index.platforms.map { PlatformName.text($0) }.joined(separator: ", "))")
            }
            document = try await image.document(entry)
        }
        guard !document.isIndex else {
            throw OpsError(.unsupported, "oci://\(reference) is no \(kind.noun): it has indexes in an index")
        }
        let manifest = try ArtifactManifest(document)
        guard manifest.artifactType == kind.artifactType else {
            throw OpsError(
                .unsupported, "oci://\(reference) is no \(kind.noun) but \(manifest.artifactType)",
                hint: "'ops \(kind.noun) push' makes one")
        }
        guard manifest.layers.count == 1, let layer = manifest.layers.first, layer.mediaType == kind.contentType else {
            throw OpsError(.unsupported, "oci://\(reference) has other content than one \(kind.contentType)")
        }
        guard layer.size <= limits.size else {
            throw OpsError(.forbidden, "the content of oci://\(reference) has \(ByteSize.text(layer.size))")
        }
        return Found(digest: root.digest, layer: layer, annotations: manifest.annotations)
    }

    /// Downloads and unpacks it.
    ///
    /// - Parameters:
    ///   - target: absolute; is not there, or is an empty folder.
    ///   - temporary: a folder for the archive, absolute.
    ///   - check: looks at the unpacked folder before it takes its name.
    /// Returns: how many files and links it holds.
    /// Throws: an `OpsError`: `forbidden` for what no tree of others may hold and past a
    /// limit, `mismatch` for content that is not what its digest says, `invalid` where the target is in use. Nothing
    /// is left behind then.
    package func unpack(
        _ found: Found, to target: String, temporary: String,
        check: @escaping @Sendable (String) throws -> Void = { _ in }
    ) async throws -> Int {
        try Self.checkTarget(target)
        let writer = try LayoutWriter(temporary + "/ops-pull")
        defer { writer.discard() }
        try await writer.add(found.layer, from: RegistryImage(reference, client: client))
        let archive = writer.staging.file(found.layer.digest)
        let parent = parentFolder(of: target)
        let name = target.split(separator: "/").last ?? ""
        let staging =
            "\(parent)/.\(name.prefix(60)).ops-pull-\(String(UInt64(getpid()) << 20 ^ Clock.ticks(), radix: 36))"
        defer { try? removeTree(staging) }
        var extractor = ArchiveExtractor()
        extractor.limits = ArchiveLimits(size: limits.size, entries: limits.entries)
        extractor.limits.depth = limits.depth
        let (unpacking, place) = (extractor, "oci://\(reference)")
        return try await onThread { cancellation in
            do {
                _ = try unpacking.extract(archive, to: staging, cancellation: cancellation)
            } catch let error as OpsError {
                // Without the name of a temporary file and a hint for the archive action.
                throw OpsError(
                    error.code, error.message.replacing("'\(archive)'", with: "'\(place)'"), cause: error.cause)
            }
            let count = try Self.count(staging, place)
            try check(staging)
            // Takes the place of an empty folder too; one that was filled meanwhile stays.
            guard rename(staging, target) == 0 else { throw OpsError.system("make the folder", target) }
            syncFolder(parent)
            return count
        }
    }

    private static func count(_ folder: String, _ place: String) throws(OpsError) -> Int {
        do throws(OpsError) {
            return try UnpackedFolder.count(folder)
        } catch {
            throw OpsError(error.code, "'\(place)' cannot be unpacked: \(error.message)")
        }
    }

    private static func checkTarget(_ target: String) throws(OpsError) {
        guard let status = FileStatus.find(target, followsLinks: false) else { return }
        guard status.kind == .folder else {
            throw OpsError(.invalid, "cannot unpack to '\(target)': something that is no folder has its name")
        }
        guard try listFolder(target).isEmpty else {
            throw OpsError(
                .invalid, "cannot unpack to '\(target)': the folder is not empty", hint: "name a new folder")
        }
    }
}
