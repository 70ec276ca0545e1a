import ArgumentParser
import OpsCore
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops lint`: checks recipes without planning them.
struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Check recipes.",
        discussion: "Exit status 2 where there is an error; warnings alone give 0.")

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, sarif, github }

    @Argument(help: "Recipes; the one that is found by default.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []
    @OptionGroup var global: GlobalOptions
    @Flag(help: "Also warn of includes without permissions.") var strict = false
    @Option(help: "text, json, sarif or github.") var format: Format = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            var diagnostics: [Diagnostic] = []
            for file in files.isEmpty ? [global.file] : files.map({ $0 as String? }) {
                do {
                    diagnostics += try RecipeSession(
                        file: file, directory: global.directory, context: context, depth: strict ? .strict : .linted
                    ).loaded.warnings
                } catch let error as DiagnosticsError {
                    diagnostics += error.diagnostics
                }
            }
            // What several of them include is checked with each.
            diagnostics = Array(OrderedSet(diagnostics))
            let style = try global.style(context)
            switch format {
            case .text: try Console.output(ErrorReport.text(of: diagnostics, style: style, context: context))
            case .json:
                try Console.output(JSONWriter.text(.list(diagnostics.map(\.json)), indentation: 2) + "\n")
            case .sarif: try Console.output(JSONWriter.text(Sarif.value(diagnostics), indentation: 2) + "\n")
            case .github: try Console.output(diagnostics.map { GitHubAnnotation.text($0) }.joined())
            }
            if diagnostics.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
        }
    }
}

/// Diagnostics as a SARIF 2.1.0 log (OASIS), for code scanning.
enum Sarif {
    static func value(_ diagnostics: [Diagnostic]) -> Value {
        let rules = OrderedSet(diagnostics.map(\.code)).map { Value.map(["id": .string($0)]) }
        let driver = Value.map([
            "name": .string("ops"), "version": .string(CommandLineTool.version), "rules": .list(rules),
        ])
        let run = Value.map(["tool": .map(["driver": driver]), "results": .list(diagnostics.map(result))])
        return .map(["version": .string("2.1.0"), "$schema": .string(schema), "runs": .list([run])])
    }

    private static let schema = "https://json.schemastore.org/sarif-2.1.0.json"

    private static func result(_ diagnostic: Diagnostic) -> Value {
        var result: ValueMap = [
            "ruleId": .string(diagnostic.code), "level": .string(diagnostic.severity.rawValue),
            "message": .map(["text": .string(diagnostic.message + (diagnostic.hint.map { ": \($0)" } ?? ""))]),
        ]
        if let range = diagnostic.range {
            let region = Value.map([
                "startLine": .integer(range.start.line), "startColumn": .integer(range.start.column),
                "endLine": .integer(range.end.line), "endColumn": .integer(range.end.column),
            ])
            let place = Value.map(["artifactLocation": .map(["uri": .string(range.file)]), "region": region])
            result["locations"] = .list([.map(["physicalLocation": place])])
        }
        return .map(result)
    }
}
