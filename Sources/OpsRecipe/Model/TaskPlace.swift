import OrderedCollections

/// A task with the recipe that it stands in: what a name such as `common:lint` leads to.
package struct TaskPlace: Sendable {
    /// The names of the includes on the way, each with a colon: `common:`, `common:sub:`; empty for a task of the
    /// recipe itself.
    package var prefix: String
    package var recipe: Recipe
    package var task: Task

    /// The name of one of its needs as the recipe that the search began in has it.
    package func name(of need: Need) -> String { prefix.isEmpty ? need.task : prefix + need.task }
}

extension Recipe {
    /// The task of that name: one of its own, or `INCLUDE:TASK` of an included recipe, at any depth.
    package func place(of name: String) -> TaskPlace? {
        guard let (prefix, local) = Self.split(name) else {
            return tasks[name].map { TaskPlace(prefix: "", recipe: self, task: $0) }
        }
        guard let recipe = recipe(at: prefix), let task = recipe.tasks[local] else { return nil }
        return TaskPlace(prefix: prefix, recipe: recipe, task: task)
    }

    /// The same without the recipe, and so without the cost of a copy.
    package func task(_ name: String) -> Task? { tasks[name] ?? place(of: name)?.task }

    package func hasTask(_ name: String) -> Bool { tasks[name] != nil || place(of: name) != nil }

    /// The included recipe behind a prefix such as `common:sub:`; itself behind an empty one.
    package func recipe(at prefix: String) -> Recipe? {
        var recipe = self
        for name in prefix.split(separator: ":") {
            guard let next = recipe.included[String(name)] else { return nil }
            recipe = next
        }
        return recipe
    }

    /// `common:sub:` and `lint` of `common:sub:lint`; nil for a name without a colon.
    package static func split(_ name: String) -> (prefix: String, task: String)? {
        guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let start = name.utf8.index(after: colon)
        return (String(name[..<start]), String(name[start...]))
    }
}
