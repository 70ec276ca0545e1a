import ArgumentParser

/// `ops secrets`.
struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Check the secrets of the recipe.",
        subcommands: [SecretsCheckCommand.self, SecretsDrillCommand.self, SecretsLockCommand.self])
}
