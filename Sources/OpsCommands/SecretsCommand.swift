import ArgumentParser
import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsReport
import OrderedCollections

/// `ops secrets`.
struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Check the secrets of the recipe.", subcommands: [SecretsCheckCommand.self])
}

/// `ops secrets check`: whether each reference can be fetched, without showing a value.
struct SecretsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say of each secret whether it could be fetched, without showing it.",
        discussion: "Exit status 1 where one that is not optional could not.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            let style = try global.style(session.context)
            var table = TableText(width: style.width)
            var rows: [Value] = []
            var isFine = true
            for (name, secret, directory) in session.recipe.allSecrets {
                let context = SecretContext(
                    directory: directory, environment: session.context.environment,
                    logger: Logger(label: "ops.secrets"))
                var found = false
                for (reference, _) in secret.from {
                    guard let provider = session.catalog.provider(scheme: reference.scheme) else { continue }
                    let result = await provider.probe(reference, context)
                    let (state, text) = Self.describe(result)
                    if case .success = result { found = true }
                    let mark = found ? style.paint(style.unicode ? "✓" : "ok", .green) : style.paint(state, .yellow)
                    table.row([mark, style.paint(name, .bold), reference.description, text])
                    rows.append(
                        .map([
                            "name": .string(name), "reference": .string(reference.description), "state": .string(state),
                            "detail": .string(text),
                        ]))
                    if state != "missing" { break }
                }
                if !found, !secret.isOptional { isFine = false }
            }
            if format == .json {
                try Console.output(JSONWriter.text(.list(rows), indentation: 2) + "\n")
            } else {
                try Console.output(rows.isEmpty ? "\(session.recipe.file) names no secrets.\n" : table.text)
            }
            if !isFine { throw ExitCode(1) }
        }
    }

    private static func describe(_ result: Result<SecretProbe, SecretFailure>) -> (state: String, text: String) {
        switch result {
        case .success(let probe): ("reachable", probe.text)
        case .failure(let failure):
            (failure.reason.rawValue, failure.hint.map { "\(failure.message) (\($0))" } ?? failure.message)
        }
    }
}
