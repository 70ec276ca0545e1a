package import OpsCore
import OrderedCollections

/// What points to content: its type, digest and size (OCI image-spec, descriptor.md). Properties that are not
/// known here are kept as they were read.
package struct Descriptor: Sendable, Equatable {
    package var mediaType: String
    package var digest: Digest
    /// In bytes.
    package var size: Int
    package var platform: Platform?
    package var annotations: ValueMap
    /// `urls`, `data`, `artifactType` and whatever else was there.
    package var others: ValueMap

    package init(
        mediaType: String, digest: Digest, size: Int, platform: Platform? = nil, annotations: ValueMap = [:]
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
        others = [:]
    }

    /// Reads a descriptor. Throws: an `OpsError` (`invalid`) that names what is missing or wrong.
    package init(_ value: Value?, in document: String) throws(OpsError) {
        func wrong(_ problem: String) -> OpsError {
            OpsError(.invalid, "a descriptor of \(document) \(problem)")
        }
        guard let map = value?.mapValue else { throw wrong("is not an object") }
        guard let mediaType = map["mediaType"]?.stringValue else { throw wrong("has no mediaType") }
        guard let digest = map["digest"]?.stringValue else { throw wrong("has no digest") }
        guard let size = map["size"]?.integerValue, size >= 0 else { throw wrong("has no size") }
        self.mediaType = mediaType
        self.digest = try Digest(digest)
        self.size = size
        platform = map["platform"].flatMap { Platform($0) }
        annotations = map["annotations"]?.mapValue ?? [:]
        others = map.filter { !["mediaType", "digest", "size", "annotations"].contains($0.key) }
        if platform != nil { others["platform"] = nil }
    }

    /// As JSON holds it.
    package var value: Value {
        var map: ValueMap = [
            "mediaType": .string(mediaType), "digest": .string(digest.description), "size": .integer(size),
        ]
        if let platform { map["platform"] = platform.value }
        if !annotations.isEmpty { map["annotations"] = .map(annotations) }
        map.merge(others) { ours, _ in ours }
        return .map(map)
    }

    /// The tag that an image layout's index gives it (`org.opencontainers.image.ref.name`).
    package var referenceName: String? { annotations[Annotation.referenceName]?.stringValue }
}

/// Names of annotations that the image-spec defines (annotations.md).
package enum Annotation {
    package static let referenceName = "org.opencontainers.image.ref.name"
    package static let created = "org.opencontainers.image.created"
    package static let baseName = "org.opencontainers.image.base.name"
    package static let baseDigest = "org.opencontainers.image.base.digest"
    package static let title = "org.opencontainers.image.title"
    package static let summary = "org.opencontainers.image.description"
    package static let version = "org.opencontainers.image.version"
    package static let source = "org.opencontainers.image.source"
    package static let revision = "org.opencontainers.image.revision"
}
