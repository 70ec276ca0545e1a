import ArgumentParser
import OpsCore
import OpsPluginHost
import OpsSharing
import OpsSystem

/// `ops plugin pull`.
struct PluginPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Get a published plugin, for this platform, into a new folder.",
        discussion: """
            Every byte is checked against the digest that the registry gives or the reference names, the signature \
            against the keys that count, and plugin.yaml as it would be before a run. The folder appears whole, or not \
            at all; nothing in it is run.
            """)

    @Argument(help: "What: oci://HOST/REPOSITORY:TAG, or @sha256:… in the tag's stead.") var reference: String
    @Argument(
        help: "A folder that is not there yet, of the plugin's name, such as .ops/plugins/NAME.",
        completion: .directory)
    var folder: String
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var registry: RegistryOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = try registry.context()
            let place = try RegistryOptions.place(reference)
            var target = context.absolute(folder)
            if target.hasSuffix("/") { target.removeLast() }
            let name = target.split(separator: "/").last.map(String.init) ?? ""
            try await Retrieval(
                kind: .plugin, reference: place, target: target, signatures: signatures, registry: registry,
                format: format, context: context
            ).perform { unpacked in
                let bytes = try readFile(unpacked + "/plugin.yaml", limit: 1 << 20)
                _ = try ManifestReader.read(bytes, file: "oci://\(place)/plugin.yaml", folder: name)
            }
        }
    }
}
