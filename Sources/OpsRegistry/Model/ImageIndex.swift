package import OpsCore
import OrderedCollections

/// What an image index says (OCI image-spec, image-index.md): a view; the bytes stay in `document`.
package struct ImageIndex: Sendable {
    package let document: ManifestDocument
    package let manifests: [Descriptor]
    package let annotations: ValueMap

    /// Throws: an `OpsError` (`invalid`).
    package init(_ document: ManifestDocument) throws(OpsError) {
        let name = "the index \(document.digest)"
        let value = try ManifestDocument.json(document.bytes, name)
        self.document = document
        guard let items = value["manifests"]?.listValue else {
            throw OpsError(.invalid, "\(name) has no list of manifests")
        }
        var manifests: [Descriptor] = []
        for item in items { manifests.append(try Descriptor(item, in: name)) }
        self.manifests = manifests
        annotations = value["annotations"]?.mapValue ?? [:]
    }

    /// A new OCI index.
    package init(manifests: [Descriptor], annotations: ValueMap = [:]) {
        var map: ValueMap = [
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.index),
            "manifests": .list(manifests.map(\.value)),
        ]
        if !annotations.isEmpty { map["annotations"] = .map(annotations) }
        document = ManifestDocument(bytes: Array(JSONWriter.text(.map(map)).utf8), mediaType: MediaType.index)
        self.manifests = manifests
        self.annotations = annotations
    }

    /// The first entry that serves the platform; nil where none does. An entry without a platform serves any
    /// where it is the only one.
    package func manifest(for platform: Platform) -> Descriptor? {
        if let match = manifests.first(where: { $0.platform?.serves(platform) == true }) { return match }
        return manifests.count == 1 && manifests[0].platform == nil ? manifests[0] : nil
    }

    /// The platforms that can be asked for, without attestations.
    package var platforms: [Platform] { manifests.compactMap(\.platform).filter(\.isRunnable) }
}
