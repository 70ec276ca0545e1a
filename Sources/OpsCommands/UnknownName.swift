import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// A word of the command line that names no task.
enum UnknownName {
    /// The error for a name that is no task of `recipe`. Its hint is the nearest task, the nearest command, or what
    /// the word is instead.
    static func task(_ name: String, in recipe: Recipe, catalog: PluginCatalog) -> DiagnosticsError {
        if name.contains(":"), let problem = recipe.problem(ofIncluded: name, at: nil) {
            return DiagnosticsError([problem])
        }
        return DiagnosticsError([
            Diagnostic(
                code: "unknown-task", "\(recipe.file) has no task '\(name)'", hint: hint(name, recipe, catalog))
        ])
    }

    /// `ops WORD` for a word that is nearly a command; nil where none is near.
    static func command(near name: String) -> String? {
        nearestName(to: name, among: CommandLineTool.commandWords).map { "ops \($0)" }
    }

    private static func hint(_ name: String, _ recipe: Recipe, _ catalog: PluginCatalog) -> String {
        if RecipeLanguage.commandWords.contains(name) { return "'\(name)' is a command of a later version" }
        if catalog.action(named: name) != nil { return "it is an action: 'ops show \(name)' describes it" }
        if let included = recipe.included[name] {
            let tasks = included.tasks.values.filter(\.isListed).map { "\(name):\($0.name)" }
            return "it is an include: its tasks are \(tasks.prefix(12).joined(separator: ", "))"
        }
        let near = nearestName(to: name, among: recipe.tasks.keys)
        if let near { return "did you mean '\(near)'?" }
        if let command = command(near: name) { return "did you mean the command '\(command)'?" }
        let listed = recipe.listedTasks.map(\.name)
        if listed.isEmpty { return "it has no tasks" }
        return listed.count > 12 ? "'ops list' lists the tasks" : "its tasks are: \(listed.joined(separator: ", "))"
    }
}
