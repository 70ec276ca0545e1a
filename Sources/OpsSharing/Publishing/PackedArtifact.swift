import OpsArchive
package import OpsCore
import OpsHTTP
package import OpsRegistry
package import OpsSystem
import OrderedCollections

/// A recipe or a plugin made ready for a registry: the same files and annotations give the same bytes.
package struct PackedArtifact: Sendable {
    /// One folder of it.
    package struct Part: Sendable {
        package var folder: PublishedFolder
        /// Nil for what runs on any.
        package var platform: Platform?

        package init(_ folder: PublishedFolder, platform: Platform? = nil) {
            self.folder = folder
            self.platform = platform
        }
    }

    /// What the tag will name.
    package let root: ManifestDocument
    /// The archives, in the order of the parts.
    package let layers: [Descriptor]
    /// What `root` points to, where it is an index.
    let children: [ManifestDocument]

    /// Computes everything and keeps nothing: what a push would send. Blocking.
    ///
    /// - Parameters:
    ///   - isIndex: true for an index with a manifest for each part, false for the manifest of the only part.
    ///   - annotations: of the manifest or index (image-spec, annotations.md).
    /// Throws: an `OpsError`, also where a file changes meanwhile.
    package static func planned(
        _ kind: ArtifactKind, _ parts: [Part], isIndex: Bool, annotations: ValueMap,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws -> PackedArtifact {
        try make(kind, parts, isIndex, annotations) { part in
            var hasher = DigestHasher()
            var size = 0
            try write(part, cancellation) { bytes in
                hasher.update(bytes)
                size += bytes.count
            }
            return Descriptor(mediaType: kind.contentType, digest: hasher.finalize(), size: size)
        }
    }

    /// The same, with all content put into the staging folder of a layout. Blocking.
    static func staged(
        _ kind: ArtifactKind, _ parts: [Part], isIndex: Bool, annotations: ValueMap, in writer: LayoutWriter,
        cancellation: CancellationFlag
    ) throws -> PackedArtifact {
        let artifact = try make(kind, parts, isIndex, annotations) { part in
            try writer.add(mediaType: kind.contentType) { sink in
                try withoutActuallyEscaping(sink) { try write(part, cancellation, to: $0) }
            }
        }
        try writer.add(ArtifactManifest.emptyConfigBytes, mediaType: ArtifactManifest.emptyConfig.mediaType)
        for document in artifact.children { try writer.add(document.bytes, mediaType: document.mediaType) }
        return artifact
    }

    private static func make(
        _ kind: ArtifactKind, _ parts: [Part], _ isIndex: Bool, _ annotations: ValueMap,
        _ pack: (Part) throws -> Descriptor
    ) throws -> PackedArtifact {
        var layers: [Descriptor] = []
        for part in parts {
            var layer = try pack(part)
            // The name that general clients give the file they download.
            layer.annotations[Annotation.title] = .string(kind.noun + ".tar.gz")
            layers.append(layer)
        }
        guard isIndex else {
            let manifest = ArtifactManifest(
                artifactType: kind.artifactType, layers: layers, annotations: annotations)
            return PackedArtifact(root: manifest.document, layers: layers, children: [])
        }
        var children: [ManifestDocument] = []
        var entries: [Descriptor] = []
        for (part, layer) in zip(parts, layers) {
            let manifest = ArtifactManifest(
                artifactType: kind.artifactType, layers: [layer], annotations: annotations)
            var entry = manifest.document.descriptor
            entry.others["artifactType"] = .string(kind.artifactType)
            entry.platform = part.platform
            // Two platforms may have the same files.
            if !children.contains(where: { $0.digest == manifest.document.digest }) {
                children.append(manifest.document)
            }
            entries.append(entry)
        }
        let root = ImageIndex.artifacts(entries, artifactType: kind.artifactType, annotations: annotations)
        return PackedArtifact(root: root, layers: layers, children: children)
    }

    private static func write(
        _ part: Part, _ cancellation: CancellationFlag, to sink: @escaping ByteSink
    ) throws {
        // One time for all, whatever the environment says: the digest is to name the content and nothing else.
        try ArchiveWriter.write(part.folder.entries, as: .tarGzip, cancellation: cancellation, to: sink)
    }
}

/// A packed artifact in a staging folder, as a push reads it.
struct StagedArtifact: ImageSource {
    let artifact: PackedArtifact
    let layout: ImageLayout
    let name: String

    func root() async throws -> ManifestDocument { artifact.root }
    func document(_ descriptor: Descriptor) async throws -> ManifestDocument { try layout.document(descriptor) }
    func blob(_ descriptor: Descriptor) async throws -> ByteStream { try layout.blob(descriptor) }
}
