import ArgumentParser
import OpsCore
import OpsPluginHost
import OpsRegistry
import OpsSharing
import OpsSystem
import OrderedCollections

/// `ops plugin push`.
struct PluginPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Publish a plugin in a registry, with a folder for each platform.",
        discussion: """
            Each folder holds a plugin.yaml, which is checked first, and the program that it names; all are of one name \
            and version. What is pushed is an index: who pulls takes the manifest of the own platform. The same files \
            give the same digest, on any machine.
            """)

    @Argument(help: "Where to: oci://HOST/REPOSITORY:TAG.") var reference: String
    @Argument(help: "The folder of a plugin that runs on any platform.", completion: .directory) var folder: String?
    @Option(
        help: ArgumentHelp(
            "The folder for a platform, one of linux-amd64, linux-arm64, macos-amd64 and macos-arm64; repeated.",
            valueName: "platform=folder"))
    var platform: [String] = []
    @OptionGroup var options: PublishOptions
    @OptionGroup var registry: RegistryOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = try registry.context()
            let place = try RegistryOptions.place(reference)
            let folders = try folders()
            var manifests: [PluginManifest] = []
            var texts: [[UInt8]] = []
            var parts: [(name: String?, part: PackedArtifact.Part)] = []
            for (name, folder) in folders {
                let path = context.absolute(folder)
                let (manifest, text) = try PublishedPlugin.manifest(in: path, shown: folder)
                let excluded = options.exclude
                let published = try await onThread { _ in try PublishedFolder(path, excluding: excluded) }
                try PublishedPlugin.check(manifest, published, platform: name, shown: folder)
                manifests.append(manifest)
                texts.append(text)
                let platform = try name.map { (name) throws(OpsError) in try PlatformName.platform(name) }
                parts.append((name, PackedArtifact.Part(published, platform: platform)))
            }
            let first = manifests[0]
            if let other = zip(manifests, folders).first(where: {
                $0.0.name != first.name || $0.0.version != first.version
            }) {
                throw OpsError(
                    .invalid,
                    "'\(other.1.folder)' is \(other.0.name) \(other.0.version), and '\(folders[0].folder)' is \(first.name) \(first.version)",
                    hint: "all platforms of a plugin are one version of it")
            }
            // As 'ops lock' compares them: byte for byte.
            if let other = zip(texts, folders).first(where: { $0.0 != texts[0] }) {
                throw OpsError(
                    .invalid, "'\(other.1.folder)' has another plugin.yaml than '\(folders[0].folder)'",
                    hint: "who reads one has to have read all: 'run' may name a program for each platform")
            }
            var annotations: ValueMap = [
                Annotation.title: .string(first.name), Annotation.version: .string(first.version),
                Annotation.summary: .string(first.summary),
            ]
            let source = try await SourceAnnotations.values(
                context.absolute(folders[0].folder), environment: context.environment)
            // A commit says nothing of what was built from it.
            if folders.count == 1 || source[Annotation.revision] == nil {
                annotations.merge(source) { own, _ in own }
            } else {
                annotations[Annotation.source] = source[Annotation.source]
            }
            try await Publication(
                kind: .plugin, reference: place, parts: parts, isIndex: true, annotations: annotations,
                options: options, registry: registry, context: context
            ).perform()
        }
    }

    /// In the order of the platforms' names. Throws: an `OpsError` (`usage`).
    private func folders() throws(OpsError) -> [(name: String?, folder: String)] {
        guard platform.isEmpty == (folder != nil) else {
            throw OpsError(
                .usage, folder == nil ? "there is no folder to push" : "a folder for any platform and one for some",
                hint: "name one folder, or --platform PLATFORM=FOLDER for each platform")
        }
        if let folder { return [(nil, folder)] }
        var folders: [(name: String?, folder: String)] = []
        for text in platform {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw OpsError(
                    .usage, "'--platform \(text)' names no folder", hint: "such as --platform linux-amd64=dist/linux")
            }
            _ = try PlatformName.platform(parts[0])
            guard !folders.contains(where: { $0.name == parts[0] }) else {
                throw OpsError(.usage, "two folders are for \(parts[0])")
            }
            folders.append((parts[0], parts[1]))
        }
        return folders.sorted { ($0.name ?? "") < ($1.name ?? "") }
    }
}
