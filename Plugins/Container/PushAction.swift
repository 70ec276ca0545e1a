import Logging
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections

/// `container.push`: puts images from layouts into registries.
struct PushAction: Action {
    let declaration = ActionDeclaration(
        name: "container.push",
        summary: "Push images from OCI layouts to a registry",
        description: """
            Uploads what the registry lacks, and moves the tags last: when anything fails, no tag has changed. \
            Several images become one index, by platform. A blob that the registry has is not sent again, and one \
            of the image's base is mounted from there where it lies in the same registry; an image that is \
            there already costs a few small requests. Several tags may name several repositories and registries. \
            Without 'password' the credentials that docker or podman login has kept are used, helpers included.
            """,
        parameters: [
            Parameter(
                "images", .oneOrMore(.string),
                "The images: oci:PATH, oci:PATH:TAG or oci:PATH@DIGEST, such as the 'reference' of container.build",
                required: true, example: .string("oci:dist/image")),
            Parameter(
                "tags", .oneOrMore(.string), "Where to push to: HOST/REPOSITORY[:TAG]; without a tag, 'latest'",
                required: true, example: .string("registry.example.com/team/app:1.2")),
        ] + RegistryAccess.parameters + [
            Parameter("annotations", .map(.string), "Annotations of the index that several images become")
        ],
        outputs: [
            OutputDeclaration("digest", .string, "The digest of what the tags name"),
            OutputDeclaration("reference", .string, "The first place, by digest: HOST/REPOSITORY@sha256:…"),
            OutputDeclaration("references", .list(.string), "Each place, by digest, in the order of 'tags'"),
        ],
        examples: [
            ActionExample(
                "Push one image under two tags",
                """
                container.push:
                  images: oci:dist/image
                  tags: [ "registry.example.com/team/app:1.2", "registry.example.com/team/app:latest" ]
                """),
            ActionExample(
                "Push the images of a matrix task as one index",
                """
                container.push:
                  images: "${{ needs.image.outputs.reference }}"
                  tags: registry.example.com/team/app
                  username: ci
                  password: "${{ secrets.registry }}"
                """),
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var plan = ActionPlan()
        let access = try RegistryAccess(arguments)
        var preview: PushPreview?
        var detail: String?
        var digest: Digest?
        if !arguments.isUnknown("images") {
            let images = try Self.images(arguments, in: context.absolute)
            for image in images { plan.effects.append(Effect(.read, image.layout.path)) }
            // What a layout holds tells what will be pushed, where nothing can change it before.
            if images.allSatisfy({ context.isSettled($0.layout.path) }),
                let content = try? await Self.content(images, arguments)
            {
                let blobs = try content.blobs
                let size = blobs.reduce(0) { $0 + $1.descriptor.size }
                detail = "\(blobs.count) \(blobs.count == 1 ? "blob" : "blobs"), \(ByteSize.text(size))"
                digest = content.root.digest
                if context.isOnline {
                    preview = PushPreview(content, access, environment: context.environment)
                }
            }
        }
        guard !arguments.isUnknown("tags") else {
            plan.effects.append(Effect(.publish, arguments["tags"].firstUnknown?.source ?? "tags", detail: detail))
            return plan
        }
        let places = try Self.places(arguments)
        for place in places {
            let asked = await preview?.detail(of: place)
            plan.effects.append(Effect(.publish, place.description, detail: asked ?? detail))
        }
        if let digest {
            let references = places.map { $0.pinned(to: digest).description }
            plan.outputs = Self.outputs(digest, references)
        }
        return plan
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let access = try RegistryAccess(arguments)
        let places = try Self.places(arguments)
        let images = try Self.images(arguments, in: context.absolute)
        let content = try await Self.content(images, arguments)
        try Self.checkBlobs(content, images)
        var groups = OrderedDictionary<String, [ImageReference]>()
        for place in places { groups[place.name, default: []].append(place) }
        var clients: [RegistryHost: RegistryClient] = [:]
        var pushed: [RegistryHost: RepositoryName] = [:]
        var pushes: [(ImagePush, [ImageReference])] = []
        for group in groups.values {
            let first = group[0]
            let client = try clients[first.host] ?? access.client(first.host, environment: context.environment)
            clients[first.host] = client
            let push = ImagePush(client: client, repository: first.repository, logger: context.logger)
            let total = try content.blobs.reduce(0) { $0 + $1.descriptor.size }
            let report = try await push.content(content, sibling: pushed[first.host]) { done in
                context.progress(Progress(done: done, total: total, unit: "bytes"))
            }
            pushed[first.host] = first.repository
            context.logger.info("\(first.name): \(Self.summary(report))")
            pushes.append((push, group))
        }
        // Tags move when all content is everywhere.
        for (push, group) in pushes {
            for place in group {
                let tag = try place.tag ?? Tag("latest")
                let moved = try await push.tag(content, as: tag)
                context.logger.info("\(place.name):\(tag) \(moved ? "is now" : "was already") \(content.root.digest)")
            }
        }
        return Self.outputs(content.root.digest, places.map { $0.pinned(to: content.root.digest).description })
    }

    private static func outputs(_ digest: Digest, _ references: [String]) -> [String: Value] {
        [
            "digest": .string(digest.description), "reference": .string(references[0]),
            "references": .list(references.map { .string($0) }),
        ]
    }

    private static func summary(_ report: ImagePush.Report) -> String {
        if report == ImagePush.Report() { return "nothing to upload" }
        var parts: [String] = []
        if report.uploadedBlobs > 0 {
            parts.append("\(report.uploadedBlobs) uploaded (\(ByteSize.text(report.uploadedBytes)))")
        }
        if report.mountedBlobs > 0 { parts.append("\(report.mountedBlobs) mounted") }
        if report.existingBlobs > 0 { parts.append("\(report.existingBlobs) there already") }
        return "blobs: " + parts.joined(separator: ", ")
    }

    private static func images(_ arguments: Arguments, in absolute: (String) -> String) throws -> [LayoutImage] {
        let texts = try arguments.strings("images")
        guard !texts.isEmpty else { throw arguments.error("images", "the list is empty") }
        return try texts.map { text in
            guard case .layout(let path, let selector) = try ImageLocation(text) else {
                throw arguments.error("images", "'\(text)' is not an image layout", hint: "write oci:PATH")
            }
            return LayoutImage(ImageLayout(path: absolute(path)), selector)
        }
    }

    private static func places(_ arguments: Arguments) throws -> [ImageReference] {
        let texts = try arguments.strings("tags")
        guard !texts.isEmpty else { throw arguments.error("tags", "the list is empty") }
        var places: [ImageReference] = []
        for text in texts {
            guard case .registry(let reference) = try ImageLocation(text) else {
                throw arguments.error(
                    "tags", "'\(text)' is not a place in a registry", hint: "write HOST/REPOSITORY:TAG")
            }
            guard reference.digest == nil else {
                throw arguments.error("tags", "'\(text)' names a digest, which cannot be pushed to")
            }
            if !places.contains(reference) { places.append(reference) }
        }
        return places
    }

    private static func content(_ images: [LayoutImage], _ arguments: Arguments) async throws -> ImagePush.Content {
        let annotations = try arguments.map("annotations")
        if images.count == 1 {
            guard annotations.isEmpty else {
                throw arguments.error(
                    "annotations", "there is one image only, and so no index", hint: "annotate it when it is built")
            }
            return try await ImagePush.Content.read(images[0])
        }
        let texts = ValueMap(uniqueKeysWithValues: annotations.map { ($0.key, .string($0.value.scalarText ?? "")) })
        return try await ImagePush.Content.index(of: images, annotations: texts)
    }

    /// All blobs are there with their sizes, before anything is sent.
    private static func checkBlobs(_ content: ImagePush.Content, _ images: [LayoutImage]) throws {
        for blob in try content.blobs where !images.contains(where: { $0.layout.holds(blob.descriptor) }) {
            throw OpsError(
                .notFound, "the blob \(blob.descriptor.digest) of '\(images[0].name)' is missing or has another size",
                hint: "build the image again")
        }
    }
}
