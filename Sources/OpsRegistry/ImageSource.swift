import OpsCore
package import OpsHTTP
import OrderedCollections

/// Where an image is read from: an image layout, a registry, or nothing (`ScratchImage`).
package protocol ImageSource: Sendable {
    /// For messages: `oci:dist/image`.
    var name: String { get }

    /// The manifest or index that the source names.
    func root() async throws -> ManifestDocument

    /// A manifest or index that the root points to; size and digest are verified.
    func document(_ descriptor: Descriptor) async throws -> ManifestDocument

    /// The content of a blob; size and digest are verified as it is read.
    func blob(_ descriptor: Descriptor) async throws -> ByteStream
}

extension ImageSource {
    /// The manifest for a platform. An index is searched, and so are indexes within it, four levels deep.
    ///
    /// Throws: an `OpsError` (`notFound`) that names the platforms there are.
    package func manifest(for platform: Platform) async throws -> Manifest {
        var document = try await root()
        for _ in 0..<4 {
            guard document.isIndex else { return try Manifest(document) }
            let index = try ImageIndex(document)
            guard let descriptor = index.manifest(for: platform) else {
                let platforms = index.platforms.map(\.description).joined(separator: ", ")
                throw OpsError(
                    .notFound, "\(name) has no image for \(platform)",
                    hint: platforms.isEmpty ? nil : "it has \(platforms)")
            }
            document = try await self.document(descriptor)
        }
        throw OpsError(.invalid, "\(name) nests indexes more than four deep")
    }

    /// The configuration of an image. Throws: an `OpsError`.
    package func config(of manifest: Manifest) async throws -> ImageConfig {
        let descriptor = manifest.config
        guard [MediaType.config, MediaType.dockerConfig].contains(descriptor.mediaType) else {
            throw OpsError(.unsupported, "\(name) is not a container image but \(descriptor.mediaType)")
        }
        guard descriptor.size <= ManifestDocument.sizeLimit else {
            throw OpsError(.invalid, "the configuration of \(name) has \(ByteSize.text(descriptor.size))")
        }
        var bytes: [UInt8] = []
        for try await chunk in try await blob(descriptor) { bytes += chunk }
        return try ImageConfig(bytes: bytes, name: "the configuration of \(name)")
    }
}

/// An image without layers.
package struct ScratchImage: ImageSource {
    private let config: ImageConfig

    package init(platform: Platform) { config = ImageConfig(platform: platform) }

    package var name: String { "scratch" }

    package func root() async throws -> ManifestDocument {
        let bytes = config.bytes
        let descriptor = Descriptor(
            mediaType: MediaType.config, digest: Digest.sha256(of: bytes), size: bytes.count)
        return Manifest(config: descriptor, layers: [], annotations: [:]).document
    }

    package func document(_ descriptor: Descriptor) async throws -> ManifestDocument { try await root() }

    package func blob(_ descriptor: Descriptor) async throws -> ByteStream {
        try ByteStream(config.bytes).verified(descriptor, name: "the configuration of scratch")
    }
}

/// An image in a registry.
package struct RegistryImage: ImageSource {
    private let client: RegistryClient
    private let reference: ImageReference

    package init(_ reference: ImageReference, client: RegistryClient) {
        self.reference = reference
        self.client = client
    }

    package var name: String { reference.description }

    package func root() async throws -> ManifestDocument {
        guard let document = try await client.manifest(reference.repository, reference.selector) else {
            throw OpsError(.notFound, "there is no image '\(reference)'", hint: "\(reference.host) does not know it")
        }
        return document
    }

    package func document(_ descriptor: Descriptor) async throws -> ManifestDocument {
        guard let document = try await client.manifest(reference.repository, descriptor.digest.description) else {
            throw OpsError(.notFound, "\(reference.host) lacks \(descriptor.digest), which '\(reference)' points to")
        }
        return document
    }

    package func blob(_ descriptor: Descriptor) async throws -> ByteStream {
        try await client.blob(reference.repository, descriptor)
    }
}
