import OpsCore
import OrderedCollections

/// What works and is likely a mistake: warnings.
enum RecipeLint {
    static func warnings(_ recipe: Recipe, isIncluded: Bool) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        func warn(_ code: String, _ message: String, _ hint: String?, _ range: SourceRange?) {
            diagnostics.append(Diagnostic(.warning, code: code, message, hint: hint, at: range))
        }
        let used = recipe.usedNames()
        for (name, input) in recipe.inputs where !used.inputs.contains(name) {
            warn("unused-input", "the input '\(name)' is not used", nil, input.range)
        }
        for name in recipe.vars.keys where !used.vars.contains(name) {
            warn("unused-var", "the var '\(name)' is not used", nil, recipe.varRanges[name])
        }
        for (name, secret) in recipe.secrets where !used.secrets.contains(name) {
            warn("unused-secret", "the secret '\(name)' is not used", nil, secret.range)
        }
        // An included one is called by both its names.
        if isIncluded { return diagnostics }
        for task in recipe.tasks.values where RecipeLanguage.commandWords.contains(task.name) {
            warn(
                "reserved-name", "'\(task.name)' is a command of ops: the task runs only as 'ops run \(task.name)'",
                "give the task another name", task.nameRange)
        }
        return diagnostics
    }
}
