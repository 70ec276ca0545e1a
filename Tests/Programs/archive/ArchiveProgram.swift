import ArchivePlugin
import OpsCore
import OpsPlugin

/// The built-in plugin `archive` as a program of its own.
@main
enum ArchiveProgram: PluginExecutable {
    static let plugin = ArchivePlugin.plugin
    static let version = "1.0.0"
}
