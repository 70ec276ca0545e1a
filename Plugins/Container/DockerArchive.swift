import OpsArchive
import OpsCore
import OpsRegistry
import OpsSystem
import OrderedCollections

/// An image as one tar file: an OCI layout together with Docker's `manifest.json` (what `docker save` writes since
/// version 25; moby's image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format").
struct DockerArchive: Sendable {
    /// Where the blobs are.
    let layout: ImageLayout
    let root: Descriptor
    let manifest: Manifest
    let name: ImageReference?
    /// The time of every member, in seconds since 1970.
    let modified: Int

    /// Writes it, whole or not at all. Blocking.
    func write(to path: String, _ cancellation: CancellationFlag) throws {
        let file = try AtomicFile(path)
        let descriptor = file.descriptor
        try ArchiveWriter.write(try entries(), as: .tar, epoch: modified, cancellation: cancellation) { bytes in
            try writeAll(bytes, to: descriptor, path: path)
        }
        try file.commit()
    }

    private func entries() throws -> [ArchiveEntry] {
        var entries = [
            ArchiveEntry("blobs", .directory, mode: 0o755), ArchiveEntry("blobs/sha256", .directory, mode: 0o755),
            ArchiveEntry("oci-layout", .bytes(Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8)), mode: 0o644),
            ArchiveEntry("index.json", .bytes(index.document.bytes), mode: 0o644),
            ArchiveEntry("manifest.json", .bytes(Array(JSONWriter.text(dockerManifest).utf8)), mode: 0o644),
        ]
        var seen: Set<Digest> = []
        for blob in [root] + manifest.blobs where seen.insert(blob.digest).inserted {
            if blob.digest.algorithm != "sha256", seen.allSatisfy({ $0 == blob.digest || $0.algorithm == "sha256" }) {
                entries.append(ArchiveEntry("blobs/\(blob.digest.algorithm)", .directory, mode: 0o755))
            }
            entries.append(ArchiveEntry(member(blob), .file(layout.file(blob.digest)), mode: 0o644, size: blob.size))
        }
        return entries
    }

    private func member(_ blob: Descriptor) -> String { "blobs/\(blob.digest.algorithm)/\(blob.digest.hex)" }

    private var index: ImageIndex {
        var entry = root
        if let tag = repositoryTag {
            // containerd reads the whole name, everybody else the tag.
            entry.annotations["io.containerd.image.name"] = .string(tag.whole)
            entry.annotations[Annotation.referenceName] = .string(tag.tag)
        }
        return ImageIndex(manifests: [entry])
    }

    private var dockerManifest: Value {
        let tags: [Value] = repositoryTag.map { [.string($0.familiar)] } ?? []
        return .list([
            .map([
                "Config": .string(member(manifest.config)), "RepoTags": .list(tags),
                "Layers": .list(manifest.layers.map { .string(member($0)) }),
            ])
        ])
    }

    /// The name in full, and as Docker shows it.
    private var repositoryTag: (whole: String, familiar: String, tag: String)? {
        guard let name else { return nil }
        let tag = name.tag?.description ?? "latest"
        var familiar = name.name
        for prefix in ["docker.io/library/", "docker.io/"] where familiar.hasPrefix(prefix) {
            familiar.removeFirst(prefix.count)
        }
        return ("\(name.name):\(tag)", "\(familiar):\(tag)", tag)
    }
}
