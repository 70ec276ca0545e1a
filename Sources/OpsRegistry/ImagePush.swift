package import Logging
package import OpsCore
import OpsHTTP
import OrderedCollections
import Synchronization

/// Pushes an image, or an index of several, under tags of one registry.
///
/// Content comes first: blobs, then the manifests by their digests; tags are moved last. What the registry has is
/// only asked for, and an unchanged image so costs a few HEAD requests.
package struct ImagePush: Sendable {
    /// What a push did.
    package struct Report: Sendable, Equatable {
        package var uploadedBlobs = 0
        package var uploadedBytes = 0
        package var mountedBlobs = 0
        package var existingBlobs = 0

        package init() {}
    }

    /// An image that is to be pushed: all of its manifests, read and checked.
    package struct Content: Sendable {
        /// What the tags will name.
        package let root: ManifestDocument
        /// The manifests and indexes under the root, each after what it points to.
        fileprivate let children: [(document: ManifestDocument, source: any ImageSource)]
        fileprivate let source: any ImageSource

        /// Reads an image and all that it points to but layers.
        ///
        /// Throws: an `OpsError` where a manifest is missing or is not what its digest says.
        package static func read(_ source: any ImageSource) async throws -> Content {
            let root = try await source.root()
            return Content(root: root, children: try await descendants(of: root, in: source), source: source)
        }

        /// An index of several images, with the platform of each.
        ///
        /// Throws: an `OpsError` (`invalid`) where two are for the same platform.
        package static func index(of images: [any ImageSource], annotations: ValueMap) async throws -> Content {
            var children: [(ManifestDocument, any ImageSource)] = []
            var entries: [Descriptor] = []
            for image in images {
                let root = try await image.root()
                children += try await descendants(of: root, in: image)
                children.append((root, image))
                if root.isIndex {
                    entries += try ImageIndex(root).manifests
                    children.removeLast()
                    continue
                }
                var entry = root.descriptor
                entry.platform = try await image.config(of: try Manifest(root)).platform
                entries.append(entry)
            }
            var seen: [Platform: Digest] = [:]
            for entry in entries {
                guard let platform = entry.platform, platform.isRunnable else { continue }
                if seen.updateValue(entry.digest, forKey: platform) != nil {
                    throw OpsError(.invalid, "two of the images are for \(platform)")
                }
            }
            let root = ImageIndex(manifests: entries, annotations: annotations).document
            return Content(root: root, children: children, source: images[0])
        }

        private static func descendants(
            of document: ManifestDocument, in source: any ImageSource, depth: Int = 0
        ) async throws -> [(ManifestDocument, any ImageSource)] {
            guard document.isIndex else { return [] }
            guard depth < 4 else { throw OpsError(.invalid, "\(source.name) nests indexes more than four deep") }
            var result: [(ManifestDocument, any ImageSource)] = []
            for entry in try ImageIndex(document).manifests {
                let child = try await source.document(entry)
                result += try await descendants(of: child, in: source, depth: depth + 1)
                result.append((child, source))
            }
            return result
        }

        /// All blobs, each once, with where to read it and the repository its image's base came from.
        package var blobs: [Blob] {
            get throws(OpsError) {
                var seen: Set<Digest> = []
                var blobs: [Blob] = []
                for (document, source) in children + [(root, source)] where !document.isIndex {
                    let manifest = try Manifest(document)
                    let base = manifest.annotations[Annotation.baseName]?.stringValue.flatMap {
                        try? ImageReference($0)
                    }
                    for descriptor in manifest.blobs where seen.insert(descriptor.digest).inserted {
                        blobs.append(Blob(descriptor: descriptor, source: source, base: base))
                    }
                }
                return blobs
            }
        }
    }

    /// One blob of an image.
    package struct Blob: Sendable {
        package let descriptor: Descriptor
        let source: any ImageSource
        let base: ImageReference?
    }

    private let client: RegistryClient
    private let repository: RepositoryName
    private let logger: Logger?

    /// How many blobs are on their way at once.
    private static let width = 4

    package init(client: RegistryClient, repository: RepositoryName, logger: Logger? = nil) {
        self.client = client
        self.repository = repository
        self.logger = logger
    }

    /// Puts all of the content into the repository, under digests only; the root of one image as well.
    ///
    /// - Parameters:
    ///   - sibling: a repository of the same registry that this content was just pushed to.
    ///   - progress: told the bytes uploaded so far.
    package func content(
        _ content: Content, sibling: RepositoryName? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Report {
        let scopes = [RegistryScope.push(repository)]
        var report = Report()
        // A registry that serves a manifest has what it points to.
        if try await client.manifestDigest(repository, content.root.digest.description, scopes: scopes) != nil {
            return report
        }
        for blob in try content.blobs where MediaType.isNonDistributable(blob.descriptor.mediaType) {
            throw OpsError(
                .unsupported, "\(blob.source.name) has a layer that may not be distributed: \(blob.descriptor.digest)")
        }
        let sent = Mutex(0)
        try await withThrowingTaskGroup(of: (Descriptor, RegistryClient.BlobTransfer).self) { group in
            func count(_ transfer: (Descriptor, RegistryClient.BlobTransfer)) {
                switch transfer.1 {
                case .existed: report.existingBlobs += 1
                case .mounted: report.mountedBlobs += 1
                case .uploaded:
                    report.uploadedBlobs += 1
                    report.uploadedBytes += transfer.0.size
                    progress(
                        sent.withLock { sent in
                            sent += transfer.0.size; return sent
                        })
                }
            }
            for (number, blob) in try content.blobs.enumerated() {
                if number >= Self.width, let done = try await group.next() { count(done) }
                group.addTask {
                    let base = blob.base.flatMap { $0.host == client.host ? $0.repository : nil }
                    let source = [sibling, base].compactMap(\.self).first { $0 != repository }
                    let transfer = try await client.push(blob.descriptor, to: repository, mountFrom: source) {
                        try await blob.source.blob(blob.descriptor)
                    }
                    logger?.debug("\(blob.descriptor.digest): \(transfer)")
                    return (blob.descriptor, transfer)
                }
            }
            for try await done in group { count(done) }
        }
        for (child, _) in content.children {
            let selector = child.digest.description
            if try await client.manifestDigest(repository, selector, scopes: scopes) == nil {
                try await client.push(child, to: repository, as: selector)
            }
        }
        try await client.push(content.root, to: repository, as: content.root.digest.description)
        return report
    }

    /// Lets a tag name the content, which the repository holds. True where the tag had to be moved.
    package func tag(_ content: Content, as tag: Tag) async throws -> Bool {
        let held = try await client.manifestDigest(
            repository, tag.description, scopes: [RegistryScope.push(repository)])
        if held == content.root.digest { return false }
        try await client.push(content.root, to: repository, as: tag.description)
        return true
    }
}
