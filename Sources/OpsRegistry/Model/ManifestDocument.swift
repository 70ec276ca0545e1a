package import OpsCore
import OrderedCollections

/// A manifest or index as it was read or will be written: its very bytes, which are never encoded anew.
package struct ManifestDocument: Sendable {
    package let bytes: [UInt8]
    package let mediaType: String
    /// Of the bytes.
    package let digest: Digest

    /// The largest manifest that is read, in bytes: what registries commonly allow.
    package static let sizeLimit = 4 << 20

    package init(bytes: [UInt8], mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
        digest = Digest.sha256(of: bytes)
    }

    /// Reads a document whose type is told by itself, by `mediaType` where it holds none, or by its members.
    ///
    /// `expected` is verified where it is given. Throws: an `OpsError` (`mismatch`, or `invalid` where it is no
    /// manifest or says another type than it was served as, image-spec manifest.md).
    package init(bytes: [UInt8], servedAs mediaType: String?, expected: Digest?, name: String) throws(OpsError) {
        try expected?.verify(bytes, name)
        let value = try Self.json(bytes, name)
        let known = mediaType.flatMap { type in
            MediaType.isIndex(type) || MediaType.isManifest(type) ? type : nil
        }
        let own = value["mediaType"]?.stringValue
        if let known, let own, known != own {
            throw OpsError(.mismatch, "\(name) was served as \(known) but says it is \(own)")
        }
        let guess: String? =
            if value["manifests"] != nil {
                MediaType.index
            } else if value["config"] != nil {
                MediaType.manifest
            } else {
                nil
            }
        guard let type = own ?? known ?? guess, MediaType.isIndex(type) || MediaType.isManifest(type) else {
            throw OpsError(
                .unsupported, "\(name) is not an image manifest or index but \(own ?? mediaType ?? "something else")")
        }
        self.bytes = bytes
        self.mediaType = type
        digest = expected ?? Digest.sha256(of: bytes)
    }

    package var isIndex: Bool { MediaType.isIndex(mediaType) }

    /// What points to it.
    package var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: bytes.count) }

    static func json(_ bytes: [UInt8], _ name: String) throws(OpsError) -> Value {
        do {
            return try JSONReader.value(bytes)
        } catch {
            throw OpsError(.invalid, "\(name) is not valid", cause: error)
        }
    }
}
