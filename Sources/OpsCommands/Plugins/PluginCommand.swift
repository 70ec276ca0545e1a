import ArgumentParser

/// `ops plugin`.
struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Plugins that are programs of their own.",
        subcommands: [
            PluginListCommand.self, PluginNewCommand.self, PluginTestCommand.self,
            PluginPushCommand.self, PluginPullCommand.self,
        ])
}
