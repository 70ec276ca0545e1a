package import OpsCore
import OrderedCollections

/// What the manifest of an artifact says that is no image (OCI image-spec v1.1, manifest.md, "Guidelines for Artifact
/// Usage"): a view; the bytes stay in `document`.
package struct ArtifactManifest: Sendable {
    package let document: ManifestDocument
    /// What kind of thing it is.
    package let artifactType: String
    package let layers: [Descriptor]
    package let annotations: ValueMap
    /// The manifest that this one is about.
    package let subject: Descriptor?

    /// The configuration of what has none: two bytes, `{}`.
    package static let emptyConfig = Descriptor(
        mediaType: "application/vnd.oci.empty.v1+json", digest: Digest.sha256(of: emptyConfigBytes),
        size: emptyConfigBytes.count)
    package static let emptyConfigBytes = Array("{}".utf8)

    /// A new one, without a configuration. The same parts give the same bytes.
    package init(
        artifactType: String, layers: [Descriptor], annotations: ValueMap = [:], subject: Descriptor? = nil
    ) {
        var map: ValueMap = [
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.manifest),
            "artifactType": .string(artifactType), "config": Self.emptyConfig.value,
            "layers": .list(layers.map(\.value)),
        ]
        if let subject { map["subject"] = subject.value }
        if !annotations.isEmpty { map["annotations"] = .map(annotations) }
        document = ManifestDocument(bytes: Array(JSONWriter.text(.map(map)).utf8), mediaType: MediaType.manifest)
        self.artifactType = artifactType
        self.layers = layers
        self.annotations = annotations
        self.subject = subject
    }

    /// Reads a manifest. Without an `artifactType` the configuration's media type is it, as in version 1.0.
    ///
    /// Throws: an `OpsError` (`invalid`).
    package init(_ document: ManifestDocument) throws(OpsError) {
        let manifest = try Manifest(document)
        let value = try ManifestDocument.json(document.bytes, "the manifest \(document.digest)")
        self.document = document
        artifactType = value["artifactType"]?.stringValue ?? manifest.config.mediaType
        layers = manifest.layers
        annotations = manifest.annotations
        subject = try value["subject"].map { (value) throws(OpsError) in
            try Descriptor(value, in: "the manifest \(document.digest)")
        }
    }

    /// What an index or a list of referrers says of it.
    package var descriptor: Descriptor {
        var entry = document.descriptor
        entry.others["artifactType"] = .string(artifactType)
        entry.annotations = annotations
        return entry
    }
}

extension ImageIndex {
    /// What kind of thing the index is, where it says so.
    package var artifactType: String? {
        (try? ManifestDocument.json(document.bytes, "the index"))?["artifactType"]?.stringValue
    }

    /// A new index of artifacts (OCI image-spec v1.1, image-index.md).
    package static func artifacts(
        _ manifests: [Descriptor], artifactType: String, annotations: ValueMap
    ) -> ManifestDocument {
        var map: ValueMap = [
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.index),
            "artifactType": .string(artifactType), "manifests": .list(manifests.map(\.value)),
        ]
        if !annotations.isEmpty { map["annotations"] = .map(annotations) }
        return ManifestDocument(bytes: Array(JSONWriter.text(.map(map)).utf8), mediaType: MediaType.index)
    }
}
