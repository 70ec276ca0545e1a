package import OpsCore
package import OpsRecipe
import OrderedCollections

/// Which tasks a request reaches, for commands that do not plan.
package enum TaskSelection {
    /// The named tasks and all they need, needs first; those of included recipes as `common:lint`.
    ///
    /// Throws: a `DiagnosticsError` for an unknown name or a cycle.
    package static func reached(by tasks: [String], in recipe: Recipe) throws(DiagnosticsError) -> [String] {
        try TaskGraph(recipe: recipe, requested: tasks).order
    }

    /// The names of the tasks that a task needs, as the recipe itself has them.
    package static func needs(of task: String, in recipe: Recipe) -> [String] {
        guard let place = recipe.place(of: task) else { return [] }
        return place.task.needs.map(place.name)
    }
}

/// The tasks that a request reaches, in an order in which each stands behind all it needs.
struct TaskGraph {
    /// Names in topological order: what was asked for first comes first where needs allow.
    let order: [String]

    /// Throws: a `DiagnosticsError` for an unknown name, or for a cycle, which it shows.
    init(recipe: Recipe, requested: [String]) throws(DiagnosticsError) {
        var walk = DepthFirstOrder<String>()
        for name in requested {
            try walk.add(name) { (name) throws(DiagnosticsError) in
                if let task = recipe.tasks[name] { return task.needs.map(\.task) }
                guard let place = recipe.place(of: name) else { throw Self.unknown(name, in: recipe) }
                return place.task.needs.map(place.name)
            } cycle: { path, place in
                let need = recipe.task(path[path.count - 2])?.needs[place]
                return DiagnosticsError([
                    Diagnostic(
                        code: "cycle", "tasks need each other: \(path.joined(separator: " → "))",
                        hint: "take one of these needs away", at: need?.range)
                ])
            }
        }
        order = walk.order
    }

    private static func unknown(_ name: String, in recipe: Recipe) -> DiagnosticsError {
        if name.contains(":"), let problem = recipe.problem(ofIncluded: name, at: nil) {
            return DiagnosticsError([problem])
        }
        let listed = recipe.listedTasks.map(\.name)
        let hint =
            nearestName(to: name, among: recipe.tasks.keys).map { "did you mean '\($0)'?" }
            ?? "the tasks are: \(listed.prefix(12).joined(separator: ", "))"
        return DiagnosticsError([
            Diagnostic(code: "unknown-task", "\(recipe.file) has no task '\(name)'", hint: hint)
        ])
    }
}
