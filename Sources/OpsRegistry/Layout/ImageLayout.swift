package import OpsCore
package import OpsHTTP
import OpsSystem
import OrderedCollections

/// An image layout: a folder of content by digest, with an index of what it holds (OCI image-spec,
/// image-layout.md).
package struct ImageLayout: Sendable {
    /// What in the index is meant.
    package enum Selector: Sendable, Hashable {
        /// The only entry.
        case only
        /// The entry of this name (`org.opencontainers.image.ref.name`).
        case tag(Tag)
        /// The entry of this digest.
        case digest(Digest)
    }

    /// The folder.
    package let path: String

    package init(path: String) { self.path = path }

    /// Reads `index.json`.
    ///
    /// Throws: an `OpsError` (`notFound`, `invalid`) where the folder is no layout of version 1.0.0.
    package func index() throws(OpsError) -> ImageIndex {
        let marker: Value
        do throws(OpsError) {
            let bytes = try readFile(path + "/oci-layout", limit: 1 << 16)
            marker = try ManifestDocument.json(bytes, "'\(path)/oci-layout'")
        } catch {
            throw OpsError(error.code, "'\(path)' is not an OCI image layout", cause: error)
        }
        let version = marker["imageLayoutVersion"]?.stringValue
        guard version == "1.0.0" else {
            throw OpsError(.unsupported, "the image layout '\(path)' has version \(version ?? "none"), not 1.0.0")
        }
        let name = "'\(path)/index.json'"
        let bytes = try readFile(path + "/index.json", limit: ManifestDocument.sizeLimit)
        let document = try ManifestDocument(bytes: bytes, servedAs: MediaType.index, expected: nil, name: name)
        return try ImageIndex(document)
    }

    /// The entry that is meant.
    ///
    /// Throws: an `OpsError` (`notFound`, or `invalid` where several could be meant) that names the tags.
    package func entry(_ selector: Selector) throws(OpsError) -> Descriptor {
        let entries = try index().manifests
        let tags = entries.compactMap(\.referenceName)
        let hint = tags.isEmpty ? nil : "it holds \(tags.joined(separator: ", "))"
        switch selector {
        case .only:
            guard let first = entries.first else { throw OpsError(.notFound, "the image layout '\(path)' is empty") }
            guard entries.allSatisfy({ $0.digest == first.digest }) else {
                throw OpsError(
                    .invalid, "the image layout '\(path)' holds \(entries.count) images: name one", hint: hint)
            }
            return first
        case .tag(let tag):
            guard let entry = entries.first(where: { $0.referenceName == tag.description }) else {
                throw OpsError(.notFound, "the image layout '\(path)' has no image '\(tag)'", hint: hint)
            }
            return entry
        case .digest(let digest):
            guard let entry = entries.first(where: { $0.digest == digest }) else {
                throw OpsError(.notFound, "the image layout '\(path)' has no image \(digest)", hint: hint)
            }
            return entry
        }
    }

    /// Where a blob lies, whether or not it is there.
    package func file(_ digest: Digest) -> String { "\(path)/blobs/\(digest.algorithm)/\(digest.hex)" }

    /// True where the blob is there with its size; its digest is not looked at.
    package func holds(_ descriptor: Descriptor) -> Bool {
        let status = FileStatus.find(file(descriptor.digest))
        return status?.kind == .file && status?.size == descriptor.size
    }

    /// A manifest or index by what points to it, verified.
    package func document(_ descriptor: Descriptor) throws(OpsError) -> ManifestDocument {
        let name = "\(descriptor.digest) in '\(path)'"
        guard descriptor.size <= ManifestDocument.sizeLimit else {
            throw OpsError(.invalid, "the manifest \(name) has \(ByteSize.text(descriptor.size))")
        }
        let bytes = try readFile(file(descriptor.digest), limit: ManifestDocument.sizeLimit)
        guard bytes.count == descriptor.size else {
            throw OpsError(.mismatch, "\(name) has \(bytes.count) bytes, not \(descriptor.size)")
        }
        return try ManifestDocument(
            bytes: bytes, servedAs: descriptor.mediaType, expected: descriptor.digest, name: name)
    }

    /// The content of a blob, verified as it is read.
    package func blob(_ descriptor: Descriptor) throws(OpsError) -> ByteStream {
        let file = try FileStream.open(file(descriptor.digest))
        return try file.verified(descriptor, name: "\(descriptor.digest) in '\(path)'")
    }
}

/// One image of a layout.
package struct LayoutImage: ImageSource {
    package let layout: ImageLayout
    private let selector: ImageLayout.Selector

    package init(_ layout: ImageLayout, _ selector: ImageLayout.Selector) {
        self.layout = layout
        self.selector = selector
    }

    package var name: String {
        switch selector {
        case .only: "oci:\(layout.path)"
        case .tag(let tag): "oci:\(layout.path):\(tag)"
        case .digest(let digest): "oci:\(layout.path)@\(digest)"
        }
    }

    package func root() async throws -> ManifestDocument { try layout.document(try layout.entry(selector)) }
    package func document(_ descriptor: Descriptor) async throws -> ManifestDocument {
        try layout.document(descriptor)
    }
    package func blob(_ descriptor: Descriptor) async throws -> ByteStream { try layout.blob(descriptor) }
}
