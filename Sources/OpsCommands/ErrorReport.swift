import OpsCore
import OpsRecipe
import OpsReport

/// Prints errors to standard error and gives the exit status they mean (ops(1), "Exit status").
enum ErrorReport {
    static func print(_ error: any Error, context: CommandContext) -> Int32 {
        let style = context.style(.auto, isTerminal: context.isErrorTerminal)
        switch error {
        case let error as DiagnosticsError:
            Console.error(text(of: error.diagnostics, style: style, context: context))
            return 2
        case let error as OpsError:
            let cause = error.cause.map { ": \(OpsError.text(of: $0))" } ?? ""
            let diagnostic = Diagnostic(
                code: error.code.description, error.message + cause, hint: error.hint, at: error.location)
            Console.error(text(of: [diagnostic], style: style, context: context))
            return status(of: error.code)
        default:
            let diagnostic = Diagnostic(code: "failed", OpsError.text(of: error))
            Console.error(text(of: [diagnostic], style: style, context: context))
            return 1
        }
    }

    private static func status(of code: OpsError.Code) -> Int32 {
        switch code {
        case .usage: 64
        case .busy: 75
        case .timeout: 124
        default: 2
        }
    }

    /// Diagnostics with the lines they speak of, as compilers print them.
    static func text(of diagnostics: [Diagnostic], style: Style, context: CommandContext) -> String {
        var sources: [SourceText] = []
        for file in Set(diagnostics.compactMap(\.range?.file)) {
            // Without its text a diagnostic is printed without the line.
            if let source = RecipeLoader.source(file, directory: context.directory) { sources.append(source) }
        }
        return DiagnosticRenderer(sources: sources, color: style.color).text(diagnostics)
    }
}
