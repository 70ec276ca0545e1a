import ArgumentParser
import OpsCore
import OpsPlugin
import OpsPluginHost
import OpsReport
import OrderedCollections

/// `ops plugin list`: the plugins of this machine, by their manifests.
struct PluginListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the plugins that recipes here can use, and start none of them.",
        discussion: """
            Those that the recipe and the recipes it includes name under 'plugins' come first, with who names them (a \
            recipe that is included several times, once); then those in .ops/plugins beside it, in the user's data \
            folder and in the installation. A plugin whose name is taken by one before it is listed as not used. \
            Nothing is fetched: what is not locked, or not on this machine, is an error.
            """)

    @OptionGroup var global: GlobalOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            let findings = try InstalledPlugins.listed(
                file: global.file, directory: global.directory, context: context)
            let problems = findings.diagnostics.filter { $0.severity == .error }
            if format == .json {
                try Console.output(JSONWriter.text(Self.json(findings), indentation: 2) + "\n")
            } else if findings.plugins.isEmpty, problems.isEmpty {
                let places = findings.searched.joined(separator: ", ")
                try Console.output("no plugins beside the built-in ones; looked in \(places)\n")
            } else {
                try Console.output(Self.text(findings, style: try global.style(context)))
            }
            guard !problems.isEmpty else { return }
            throw DiagnosticsError(problems)
        }
    }

    private static func text(_ findings: ExternalPlugins.Findings, style: Style) -> String {
        var table = TableText(width: style.width)
        for plugin in findings.plugins.sorted(by: { $0.manifest.name < $1.manifest.name }) {
            let manifest = plugin.manifest
            let places = findings.naming[manifest.name] ?? [plugin.place]
            table.row([
                style.paint(manifest.name, .bold), manifest.version,
                places.map(\.description).joined(separator: ", "), manifest.summary,
            ])
            for hidden in findings.hidden where hidden.name == manifest.name {
                table.row(["", "", hidden.place.description, style.paint("not used: \(hidden.path)", .dim)])
            }
        }
        return table.text
    }

    private static func json(_ findings: ExternalPlugins.Findings) -> Value {
        .list(
            findings.plugins.sorted(by: { $0.manifest.name < $1.manifest.name }).map { plugin in
                let manifest = plugin.manifest
                let includes = (findings.naming[manifest.name] ?? []).compactMap { place in
                    if case .include(let name) = place { name } else { nil }
                }
                return .map([
                    "name": .string(manifest.name), "version": .string(manifest.version),
                    "summary": .string(manifest.summary), "place": .string(plugin.place.word),
                    "includes": .list(includes.map { .string($0) }),
                    "folder": .string(plugin.folder),
                    "actions": .list(manifest.actions.map { .string($0.declaration.name) }),
                    "secret-schemes": .list(manifest.schemes.map { .string($0) }),
                    "not-used": .list(
                        findings.hidden.filter { $0.name == manifest.name }.map { .string($0.path) }),
                ])
            })
    }
}
