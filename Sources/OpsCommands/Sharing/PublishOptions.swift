import ArgumentParser

/// The options of every command that publishes.
struct PublishOptions: ParsableArguments {
    @Option(help: "Globs of what to leave out; one without a slash is a name at any depth.") var exclude: [String] = []
    @Option(
        help: "Sign with this key: an OpenSSH private key, or the .pub of one that ssh-agent holds.",
        completion: .file())
    var sign: String?
    @Flag(help: "List what would be pushed, and ask no registry.") var dryRun = false
    @Option(help: "text, or json.") var format: OutputFormat = .text

    /// The key's file, absolute.
    func keyFile(_ context: CommandContext) -> String? { sign.map { context.absolute($0) } }
}
