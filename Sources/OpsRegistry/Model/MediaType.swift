/// Media types of images (OCI image-spec, media-types.md) and their Docker twins.
package enum MediaType {
    package static let index = "application/vnd.oci.image.index.v1+json"
    package static let manifest = "application/vnd.oci.image.manifest.v1+json"
    package static let config = "application/vnd.oci.image.config.v1+json"
    package static let layer = "application/vnd.oci.image.layer.v1.tar"
    package static let gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
    package static let zstdLayer = "application/vnd.oci.image.layer.v1.tar+zstd"

    package static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    package static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    package static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"
    package static let dockerGzipLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    /// A proposal of Docker's that some builders write.
    package static let dockerZstdLayer = "application/vnd.docker.image.rootfs.diff.tar.zstd"

    /// What a request for a manifest accepts. Without the OCI types some registries convert what they hold.
    package static let manifests = [manifest, index, dockerManifest, dockerList]

    package static func isIndex(_ type: String) -> Bool { type == index || type == dockerList }
    package static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }

    /// Layers that may lie elsewhere than in a registry; deprecated, and not to be uploaded.
    package static func isNonDistributable(_ type: String) -> Bool {
        type.contains(".nondistributable.") || type.contains(".foreign.")
    }

    /// The OCI type of a Docker type; any other is given back. The content is the same.
    package static func oci(_ type: String) -> String {
        switch type {
        case dockerList: index
        case dockerManifest: manifest
        case dockerConfig: config
        case dockerLayer: layer
        case dockerGzipLayer: gzipLayer
        case dockerZstdLayer: zstdLayer
        default: type
        }
    }
}
