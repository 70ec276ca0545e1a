package import OpsPlugin

/// Commands and scripts: the action `run`.
package enum ShellPlugin {
    package static let plugin = Plugin(name: "shell", summary: "Run commands and scripts", actions: [RunAction()])
}
