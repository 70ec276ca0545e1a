import ArgumentParser
import OpsCore
import OpsSystem

/// `ops manual`: makes the manual pages from the declarations. For the project's own scripts.
struct ManualCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Print a manual page as mdoc.",
        discussion: "Of all but ops.1, --prose names the text in which the reference is set.",
        shouldDisplay: false)

    enum Page: String, CaseIterable, ExpressibleByArgument {
        case ops = "ops.1"
        case recipe = "ops-recipe.5"
        case plugin = "ops-plugin.7"
        case secrets = "ops-secrets.7"
    }

    @Argument(help: "ops.1, ops-recipe.5, ops-plugin.7 or ops-secrets.7.") var page: Page
    @Option(help: ArgumentHelp("A text with lines such as .\\\" @KEYS@.", valueName: "file"), completion: .file())
    var prose: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let reference = try ReferenceSections(catalog: RecipeSession.builtIn())
            guard page != .ops else { return try Console.output(CommandManual.page()) }
            guard let prose else {
                throw OpsError(.usage, "\(page.rawValue) needs --prose", hint: "scripts/manual gives it")
            }
            let text = String(decoding: try readFile(prose, limit: 1 << 20), as: UTF8.self)
            try Console.output(reference.fill(text))
        }
    }
}
