import ArgumentParser
import OpsCore
import OpsReport

/// The options of every command that reads a recipe.
struct GlobalOptions: ParsableArguments {
    @Option(name: RunOption.file.names, help: RunOption.file.valueHelp, completion: .file(extensions: ["yaml", "yml"]))
    var file: String?
    @Option(name: RunOption.directory.names, help: RunOption.directory.valueHelp, completion: .directory)
    var directory: String?
    @Option(
        name: RunOption.color.names, help: RunOption.color.valueHelp,
        completion: .list(ColorChoice.allCases.map(\.rawValue)))
    var color: String?

    func session(_ context: CommandContext = .current()) throws -> RecipeSession {
        try RecipeSession(file: file, directory: directory, context: context)
    }

    /// How results may look.
    func style(_ context: CommandContext = .current()) throws -> Style {
        context.style(try context.color(color), isTerminal: context.isOutputTerminal)
    }
}

extension CommandContext {
    func color(_ option: String?) throws(OpsError) -> ColorChoice {
        try choice(value(option, twin: RunOption.color.twin), .color) ?? .auto
    }

    /// Throws: an `OpsError` (`usage`) that lists the choices.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String?, _ option: RunOption
    ) throws(OpsError) -> Choice? where Choice.RawValue == String {
        guard let text else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw OpsError(.usage, "--\(option.rawValue) is '\(text)'", hint: "it takes one of: \(all)")
    }
}

/// `--format` of commands that print data.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument { case text, json }
