import OpsArchive
import OpsCore
import OpsHTTP
import OpsPlugin
import OpsRegistry
import OpsSystem
import OrderedCollections

/// Builds one image and puts it into its outputs.
struct ImageBuild {
    /// What was built.
    struct Result {
        var manifest: Manifest
        /// The first layout it is in, by digest; else the first output.
        var reference: String
        /// In bytes.
        var size: Int
    }

    let request: BuildRequest
    let base: BaseImage
    let context: RunContext

    /// How many layers are fetched or compressed at once.
    private static let width = min(max(Host.processors, 2), 4)

    func run() async throws -> Result {
        let writer = try LayoutWriter(try stagingPath())
        do {
            return try await build(writer)
        } catch {
            writer.discard()
            throw error
        }
    }

    private func build(_ writer: LayoutWriter) async throws -> Result {
        try await addBaseLayers(writer)
        let layers = try await addLayers(writer)
        let created = Timestamp.iso8601(Double(request.created))
        var config = base.config
        config.setCreated(created)
        for (number, layer) in layers.enumerated() {
            config.addLayer(
                diffID: layer.diffID, created: created, createdBy: "ops container.build layer \(number + 1)")
        }
        config.apply(request.settings, created: created)
        let inherited = (base.manifest?.layers ?? []).map { layer in
            var layer = layer
            layer.mediaType = MediaType.oci(layer.mediaType)
            return layer
        }
        let manifest = Manifest(
            config: try writer.add(config.bytes, mediaType: MediaType.config),
            layers: inherited + layers.map(\.descriptor),
            annotations: base.annotations.merging(request.annotations) { _, ours in ours })
        var root = try writer.add(manifest.document.bytes, mediaType: MediaType.manifest)
        root.platform = config.platform
        try Task.checkCancellation()
        try await write(root, manifest, from: writer)
        let size = manifest.blobs.reduce(manifest.document.bytes.count) { $0 + $1.size }
        return Result(manifest: manifest, reference: reference(root.digest), size: size)
    }

    /// The first layout; without one, blobs are staged in the step's own folder.
    private func stagingPath() throws -> String {
        for case .layout(let path, _) in request.outputs { return path }
        return try context.temporaryDirectory() + "/image"
    }

    private func reference(_ digest: Digest) -> String {
        for case .layout(let path, _) in request.outputs { return "oci:\(path)@\(digest)" }
        guard case .dockerArchive(let path, let name) = request.outputs[0] else { return "" }
        return "docker-archive:\(path)" + (name.map { ":\($0)" } ?? "")
    }

    private func addBaseLayers(_ writer: LayoutWriter) async throws {
        guard let manifest = base.manifest else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var seen: Set<Digest> = []
            for (number, layer) in manifest.layers.filter({ seen.insert($0.digest).inserted }).enumerated() {
                if number >= Self.width { try await group.next() }
                group.addTask { try await writer.add(layer, from: base.source) }
            }
            try await group.waitForAll()
        }
    }

    private func addLayers(_ writer: LayoutWriter) async throws -> [BuiltLayer] {
        try await withThrowingTaskGroup(of: (Int, BuiltLayer).self) { group in
            var layers: [BuiltLayer?] = request.layers.map { _ in nil }
            for (number, sets) in request.layers.enumerated() {
                if number >= Self.width, let (done, layer) = try await group.next() { layers[done] = layer }
                let directory = context.directory
                let created = request.created
                group.addTask {
                    let layer = try await onThread { cancellation in
                        let entries = try FileSet.resolve(sets, in: directory)
                        return try BuiltLayer.write(entries, modified: created, to: writer, cancellation)
                    }
                    return (number, layer)
                }
            }
            for try await (done, layer) in group { layers[done] = layer }
            return layers.compactMap(\.self)
        }
    }

    /// Archives first: the staging folder becomes the first layout.
    private func write(_ root: Descriptor, _ manifest: Manifest, from writer: LayoutWriter) async throws {
        let created = request.created
        for case .dockerArchive(let path, let name) in request.outputs {
            let archive = DockerArchive(
                layout: writer.staging, root: root, manifest: manifest, name: name, modified: created)
            try await onThread { cancellation in try archive.write(to: path, cancellation) }
        }
        var isFirst = true
        var others: [(LayoutWriter, Tag?)] = []
        var first: Tag?
        for case .layout(let path, let tag) in request.outputs {
            if isFirst {
                isFirst = false
                first = tag
                continue
            }
            let other = try LayoutWriter(path)
            for blob in manifest.blobs { try await other.add(blob, from: StagedImage(layout: writer.staging)) }
            try other.add(manifest.document.bytes, mediaType: MediaType.manifest)
            others.append((other, tag))
        }
        if !isFirst { try writer.commit(root, tag: first) }
        for (other, tag) in others { try other.commit(root, tag: tag) }
    }
}

/// The blobs of an image that is in no layout's index yet.
private struct StagedImage: ImageSource {
    let layout: ImageLayout

    var name: String { "the image being built" }
    func root() async throws -> ManifestDocument { throw OpsError(.invalid, "\(name) has no root yet") }
    func document(_ descriptor: Descriptor) async throws -> ManifestDocument { try layout.document(descriptor) }
    func blob(_ descriptor: Descriptor) async throws -> ByteStream { try layout.blob(descriptor) }
}
