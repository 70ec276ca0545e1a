import ArgumentParser
import OpsArchive
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsRegistry
import OpsSharing
import OpsSystem
import OrderedCollections

/// `ops recipe`: recipes in registries.
struct RecipeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe", abstract: "Publish recipes in registries, and get them from there.",
        subcommands: [RecipePushCommand.self, RecipePullCommand.self])
}

/// `ops recipe push`.
struct RecipePushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Publish a recipe, with the folder it lies in, in a registry.",
        discussion: """
            All files of the folder are published, dot files included, but .git, .ops/vendor and what --exclude names. \
            The same files give the same digest, on any machine. The tag moves last, when the content is there and \
            signed. The registry is logged in to with docker login or podman login. Who includes it writes \
            oci://HOST/REPOSITORY:TAG, and //FILE behind it for a recipe of another name than ops.yaml.
            """)

    @Argument(help: "Where to: oci://HOST/REPOSITORY:TAG.") var reference: String
    @Argument(help: "The recipe, or its folder; the recipe that is found by default.", completion: .file())
    var path: String?
    @OptionGroup var options: PublishOptions
    @OptionGroup var registry: RegistryOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = try registry.context()
            let place = try RegistryOptions.place(reference)
            let session = try RecipeSession(
                file: try file(context), directory: nil, context: context, depth: .linted)
            Console.error(
                ErrorReport.text(
                    of: session.loaded.warnings,
                    style: context.style(.auto, isTerminal: context.isErrorTerminal), context: context))
            let folder = session.recipe.directory
            try PublishedIncludes.check(session.recipe, within: folder)
            let excluded = options.exclude
            let published = try await onThread { _ in try PublishedFolder(folder, excluding: excluded) }
            let name = session.recipe.file.split(separator: "/").last.map(String.init) ?? ""
            guard published.entries.contains(where: { $0.path == name }) else {
                throw OpsError(.usage, "the recipe '\(name)' is itself excluded", hint: "change --exclude")
            }
            var annotations: ValueMap = [Annotation.title: .string(session.recipe.name ?? place.repository.description)]
            if let summary = session.recipe.description { annotations[Annotation.summary] = .string(summary) }
            annotations.merge(
                try await SourceAnnotations.values(folder, environment: context.environment)
            ) { own, _ in own }
            try await Publication(
                kind: .recipe, reference: place, parts: [(nil, PackedArtifact.Part(published))], isIndex: false,
                annotations: annotations, options: options, registry: registry, context: context
            ).perform()
        }
    }

    /// The recipe's file, where one was named or its folder was.
    private func file(_ context: CommandContext) throws(OpsError) -> String? {
        guard let path else { return nil }
        guard FileStatus.find(context.absolute(path))?.kind == .folder else { return path }
        let folder = path.hasSuffix("/") ? path : path + "/"
        for name in ["ops.yaml", "ops.yml", ".ops.yaml"] where FileStatus.find(context.absolute(folder + name)) != nil {
            return folder + name
        }
        throw OpsError(
            .invalid, "there is no recipe in '\(path)': no ops.yaml, ops.yml or .ops.yaml", hint: "name the file")
    }
}

/// `ops recipe pull`.
struct RecipePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Get a published recipe into a new folder.",
        discussion: """
            Every byte is checked against the digest that the registry gives or the reference names, and the signature \
            against the keys that count. The folder appears whole, or not at all; nothing in it is run or read as a \
            recipe.
            """)

    @Argument(help: "What: oci://HOST/REPOSITORY:TAG, or @sha256:… in the tag's stead.") var reference: String
    @Argument(help: "A folder that is not there yet, or is empty.", completion: .directory) var folder: String
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = try registry.context()
            try await Retrieval(
                kind: .recipe, reference: try RegistryOptions.place(reference), target: context.absolute(folder),
                signatures: signatures, registry: registry, format: format, context: context
            ).perform()
        }
    }
}
