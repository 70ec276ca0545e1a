import Logging
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections

/// The image a build starts from, resolved to one manifest.
struct BaseImage: Sendable {
    let source: any ImageSource
    /// Nil for scratch.
    let manifest: Manifest?
    let config: ImageConfig
    /// The base's name and digest, as annotations of what is built on it; none where it has no name.
    let annotations: ValueMap

    /// Throws: an `OpsError` where there is no such image for the platform, or it cannot be a base.
    static func resolve(_ request: BuildRequest, _ context: RunContext) async throws
        -> BaseImage
    {
        let source: any ImageSource
        var name: ImageReference?
        switch request.base {
        case .scratch, .dockerArchive:
            let platform = request.platform ?? .host
            return BaseImage(
                source: ScratchImage(platform: platform), manifest: nil, config: ImageConfig(platform: platform),
                annotations: [:])
        case .layout(let path, let selector): source = LayoutImage(ImageLayout(path: path), selector)
        case .registry(let reference):
            name = reference
            source = RegistryImage(
                reference, client: try request.access.client(reference.host, environment: context.environment))
        }
        let manifest = try await source.manifest(for: request.platform ?? .host)
        let config = try await source.config(of: manifest)
        if let wanted = request.platform, !config.platform.serves(wanted) {
            throw OpsError(.mismatch, "\(source.name) is for \(config.platform), not \(wanted)")
        }
        let layers = manifest.layers.count
        let digests = try config.diffIDs().count
        guard layers == digests else {
            throw OpsError(.invalid, "\(source.name) has \(layers) layers, but its configuration tells of \(digests)")
        }
        if let layer = manifest.layers.first(where: { MediaType.isNonDistributable($0.mediaType) }) {
            throw OpsError(
                .unsupported, "\(source.name) has a layer that may not be distributed: \(layer.digest)")
        }
        var annotations = ValueMap()
        if var name {
            context.logger.info("base \(name) is \(manifest.document.digest)")
            name.digest = nil
            annotations[Annotation.baseName] = .string(name.description)
            annotations[Annotation.baseDigest] = .string(manifest.document.digest.description)
        }
        return BaseImage(source: source, manifest: manifest, config: config, annotations: annotations)
    }
}
