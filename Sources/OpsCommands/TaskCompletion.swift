import OpsRecipe
import OrderedCollections

/// What the shell offers where a task is wanted.
enum TaskCompletion {
    /// The listed tasks of the recipe, and the inputs as `key=`. Nothing where there is no good recipe: a
    /// completion has nobody to complain to.
    @Sendable static func tasks(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        let file = words.firstIndex { $0 == "-f" || $0 == "--file" }.flatMap { place in
            place + 1 < words.count ? words[place + 1] : nil
        }
        guard let session = try? RecipeSession(file: file, directory: nil, context: .current(), depth: .outline) else {
            return []
        }
        let tasks = session.recipe.listedTasks.map(\.name)
        return (tasks + session.recipe.inputs.keys.map { $0 + "=" }).filter { $0.hasPrefix(prefix) }
    }
}
