import OpsRecipe
import OrderedCollections

/// What a request uses of the recipe itself, or of an included one under one of the names that lead to it.
struct IncludeUse {
    /// `common:sub:`; empty for the recipe itself.
    var prefix: String
    var recipe: Recipe
    /// The tasks reached, by their names there.
    var tasks: [String] = []
    /// The includes reached, by their names there.
    var includes: OrderedSet<String> = []

    /// The recipe itself and each include that one of the tasks, named as the recipe has them, stands in. What
    /// includes comes before what is included.
    static func all(_ names: [String], in recipe: Recipe) -> OrderedDictionary<String, IncludeUse> {
        guard !recipe.include.isEmpty else { return ["": IncludeUse(prefix: "", recipe: recipe, tasks: names)] }
        var uses: OrderedDictionary = ["": IncludeUse(prefix: "", recipe: recipe)]
        for name in names {
            let (prefix, task) = Recipe.split(name) ?? ("", name)
            add(prefix, to: &uses)
            uses[prefix]?.tasks.append(task)
        }
        return uses
    }

    private static func add(_ prefix: String, to uses: inout OrderedDictionary<String, IncludeUse>) {
        guard uses[prefix] == nil else { return }
        let (parent, alias) = split(prefix)
        add(parent, to: &uses)
        guard let recipe = uses[parent]?.recipe.included[alias] else { return }
        uses[parent]?.includes.append(alias)
        uses[prefix] = IncludeUse(prefix: prefix, recipe: recipe)
    }

    /// `common:` and `sub` of `common:sub:`.
    static func split(_ prefix: String) -> (parent: String, alias: String) {
        Recipe.split(String(prefix.dropLast())) ?? ("", String(prefix.dropLast()))
    }

    /// What `with` of the includes reached gives.
    var givenTemplates: [Template] { includes.flatMap { recipe.include[$0].map { Array($0.with.values) } ?? [] } }

    /// The inputs of the recipe that what is reached uses.
    var usedInputs: Set<String> {
        recipe.usedInputs(by: tasks + includes.map { $0 + ":" }, isIncluded: !prefix.isEmpty)
    }
}
