package import OpsCore
import OrderedCollections

/// What an image manifest says (OCI image-spec, manifest.md): a view; the bytes stay in `document`.
package struct Manifest: Sendable {
    package let document: ManifestDocument
    package let config: Descriptor
    /// Base first.
    package let layers: [Descriptor]
    package let annotations: ValueMap

    /// Throws: an `OpsError` (`invalid`).
    package init(_ document: ManifestDocument) throws(OpsError) {
        let name = "the manifest \(document.digest)"
        let value = try ManifestDocument.json(document.bytes, name)
        self.document = document
        config = try Descriptor(value["config"], in: name)
        guard let items = value["layers"]?.listValue else {
            throw OpsError(.invalid, "\(name) has no list of layers")
        }
        var layers: [Descriptor] = []
        for item in items { layers.append(try Descriptor(item, in: name)) }
        self.layers = layers
        annotations = value["annotations"]?.mapValue ?? [:]
    }

    /// A new OCI manifest.
    package init(config: Descriptor, layers: [Descriptor], annotations: ValueMap) {
        var map: ValueMap = [
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.manifest), "config": config.value,
            "layers": .list(layers.map(\.value)),
        ]
        if !annotations.isEmpty { map["annotations"] = .map(annotations) }
        document = ManifestDocument(bytes: Array(JSONWriter.text(.map(map)).utf8), mediaType: MediaType.manifest)
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }

    /// All that it points to, the configuration first.
    package var blobs: [Descriptor] { [config] + layers }
}
