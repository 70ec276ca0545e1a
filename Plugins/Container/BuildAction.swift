import Logging
import OpsArchive
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections

/// `container.build`: makes an image of files, with or without a base.
struct BuildAction: Action {
    let declaration = ActionDeclaration(
        name: "container.build",
        summary: "Build a container image from files, without a daemon",
        description: """
            Each item of 'layers' becomes one gzip layer; nothing is run. The image is the same bit for bit on any \
            machine: times are SOURCE_DATE_EPOCH of the step's environment, else 1970. A base's layers, history \
            and settings are kept as they are, and only what 'config' names changes; an 'entrypoint' clears the \
            base's 'cmd'. The base is 'scratch', an image layout (oci:PATH[:TAG|@DIGEST]) or an image in a \
            registry, of which every byte is verified. \
            An 'oci:PATH' without a tag holds this image alone when done; with one, the layout's other images stay. \
            A 'docker-archive:PATH[:NAME:TAG]' is a tar file that 'docker load' and 'podman load' take, and is an \
            OCI archive at once. Each output appears whole or not at all.
            """,
        parameters: [
            Parameter(
                "base", .string, "The image to start from: scratch, oci:PATH or a registry's image",
                default: .string("scratch"), example: .string("debian:12-slim")),
            Parameter(
                "platform", .string, "Operating system and architecture; that of this machine by default",
                example: .string("linux/arm64")),
            Parameter(
                "layers",
                .list(
                    .record([
                        Parameter(
                            "files", .list(.record(FileSet.parameters)), "The files of the layer", required: true)
                    ])), "The layers to put on the base, lowest first"),
            Parameter("config", .record(BuildRequest.configParameters), "How a container is run"),
            Parameter("annotations", .map(.string), "Annotations of the image's manifest"),
            Parameter(
                "output", .oneOrMore(.string), "Where to write: oci:PATH[:TAG] or docker-archive:PATH[:NAME:TAG]",
                required: true, example: .string("oci:dist/image")),
        ] + RegistryAccess.parameters,
        outputs: [
            OutputDeclaration("digest", .string, "The digest of the image's manifest"),
            OutputDeclaration(
                "reference", .string, "The first layout it is in, by digest, as container.push takes it"),
            OutputDeclaration("config-digest", .string, "The digest of its configuration, Docker's image id"),
            OutputDeclaration("size", .integer, "Manifest, configuration and layers together, in bytes"),
        ],
        examples: [
            ActionExample(
                "One program and nothing else",
                """
                container.build:
                  layers: [ { files: [ { from: dist/app, to: /app, mode: "0755" } ] } ]
                  config: { entrypoint: [ /app ], user: "65534:65534" }
                  output: oci:dist/image
                """),
            ActionExample(
                "Files on a base, for docker as well",
                """
                container.build:
                  base: debian:12-slim
                  platform: linux/amd64
                  layers: [ { files: [ { from: site, to: /srv/www } ] } ]
                  config: { cmd: [ /srv/www/run ], env: { LANG: C.UTF-8 }, ports: [ 8080 ] }
                  output: [ "oci:dist/image:latest", "docker-archive:dist/image.tar:team/site:latest" ]
                """),
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var plan = ActionPlan()
        _ = try RegistryAccess(arguments)
        if arguments.isUnknown("base") {
            plan.effects.append(Effect(.fetch, arguments["base"].firstUnknown?.source ?? "base"))
        } else {
            switch try BuildRequest.base(arguments, in: context.absolute) {
            case .scratch: break
            case .layout(let path, _): plan.effects.append(Effect(.read, path, detail: "base image"))
            case .registry(let reference):
                plan.effects.append(
                    Effect(.fetch, reference.description, detail: await Self.baseDetail(reference, arguments, context)))
            case .dockerArchive: break
            }
        }
        if !arguments.isUnknown("platform") { _ = try BuildRequest.platform(arguments) }
        if !arguments.isUnknown("config") { _ = try BuildRequest.settings(arguments) }
        if !arguments.isUnknown("layers") {
            for layer in try arguments.records("layers") {
                plan.effects += try LayerFiles.planned(try layer.records("files"), context)
            }
        }
        if arguments.isUnknown("output") {
            plan.effects.append(Effect(.write, arguments["output"].firstUnknown?.source ?? "output"))
        } else {
            for output in try BuildRequest.outputs(arguments, in: context.absolute) {
                plan.effects.append(Effect(.write, output.path, detail: output.detail))
            }
        }
        _ = try BuildRequest.created(context.environment)
        return plan
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let request = try BuildRequest(arguments, context)
        let base = try await BaseImage.resolve(request, context)
        let image = try await ImageBuild(request: request, base: base, context: context).run()
        context.logger.info(
            "\(image.manifest.document.digest), \(image.manifest.layers.count) layers, \(ByteSize.text(image.size))")
        return [
            "digest": .string(image.manifest.document.digest.description), "reference": .string(image.reference),
            "config-digest": .string(image.manifest.config.digest.description), "size": .integer(image.size),
        ]
    }

    /// With requests allowed: which image the base's tag names now.
    private static func baseDetail(
        _ reference: ImageReference, _ arguments: Arguments, _ context: PlanContext
    ) async -> String {
        guard context.isOnline, reference.digest == nil else { return "base image" }
        do {
            let client = try RegistryAccess(arguments).client(reference.host, environment: context.environment)
            let digest = try await client.manifestDigest(reference.repository, reference.selector)
            return digest.map { "base image, now \($0)" } ?? "base image, which is not there"
        } catch {
            return "base image, which could not be asked for: \(OpsError.text(of: error))"
        }
    }
}
