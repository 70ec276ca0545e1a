import OpsCore
import OpsRegistry
import OrderedCollections
import TestKit

/// A small image in a layout of its own, with layers of bytes that are no archives.
struct SampleImage {
    let layout: ImageLayout
    let manifest: Manifest

    var source: LayoutImage { LayoutImage(layout, .only) }

    init(
        _ path: String, layers: [[UInt8]] = [Array("one".utf8), [UInt8](repeating: 7, count: 300_000)],
        platform: String = "linux/amd64", annotations: ValueMap = [:], tag: String? = nil
    ) throws {
        let writer = try LayoutWriter(path)
        var config = ImageConfig(platform: try Platform(platform))
        config.setCreated("1970-01-01T00:00:00Z")
        var descriptors: [Descriptor] = []
        for layer in layers {
            descriptors.append(try writer.add(layer, mediaType: MediaType.gzipLayer))
            config.addLayer(
                diffID: Digest.sha256(of: layer + [0]), created: "1970-01-01T00:00:00Z", createdBy: "test")
        }
        let description = try writer.add(config.bytes, mediaType: MediaType.config)
        manifest = Manifest(config: description, layers: descriptors, annotations: annotations)
        let root = try writer.add(manifest.document.bytes, mediaType: MediaType.manifest)
        try writer.commit(root, tag: try tag.map { try Tag($0) })
        layout = ImageLayout(path: path)
    }
}
