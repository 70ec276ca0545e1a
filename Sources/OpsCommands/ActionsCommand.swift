import ArgumentParser
import OpsCore
import OpsPlugin
import OpsReport

/// `ops actions`: what a step can do, and where secrets can come from.
struct ActionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "List the actions and the sources of secrets.",
        discussion: "ops show ACTION or SCHEME:// tells all of one.")

    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let catalog = try InstalledPlugins.described()
            if format == .json {
                try Console.output(JSONWriter.text(ActionDescription.json(catalog), indentation: 2) + "\n")
                return
            }
            let context = CommandContext.current()
            let style = context.style(try context.color(nil), isTerminal: context.isOutputTerminal)
            var table = TableText(width: style.width)
            for plugin in catalog.plugins {
                for action in plugin.actions {
                    table.row([style.paint(action.declaration.name, .bold), action.declaration.summary])
                }
            }
            for plugin in catalog.plugins {
                for provider in plugin.secretProviders {
                    table.row([style.paint(provider.form, .bold), provider.summary])
                }
            }
            try Console.output(table.text)
        }
    }
}
