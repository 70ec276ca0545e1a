import ArchivePlugin
import ContainerPlugin
import HTTPPlugin
import NotifyPlugin
import OpsCore
import OpsPlugin
import SecretsPlugin

/// The built-in plugin by whose name it is started, as a program of its own. Shell is none: its action `run` has no
/// plugin's name, and starts processes for the engine.
@main
enum BuiltInProgram: PluginExecutable {
    static let plugin: Plugin = {
        let plugins = [
            ArchivePlugin.plugin, ContainerPlugin.plugin, HTTPPlugin.plugin, NotifyPlugin.plugin, SecretsPlugin.plugin,
        ]
        let name = CommandLine.arguments[0].split(separator: "/").last.map(String.init) ?? ""
        return plugins.first { $0.name == name } ?? plugins[0]
    }()
    static let version = "1.0.0"
}
