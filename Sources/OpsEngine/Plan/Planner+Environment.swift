import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Planner {
    /// The variables that `env://` references of any of the recipes name: they are withheld from every step.
    static func withheld(_ recipes: some Sequence<Recipe>) -> [String] {
        var names: Set<String> = []
        for recipe in recipes {
            for secret in recipe.secrets.values {
                for (reference, _) in secret.from where reference.scheme == "env" { names.insert(reference.path) }
            }
        }
        return names.sorted()
    }

    /// The caller's environment, ops's own variables and the withheld ones taken away.
    func callerEnvironment(without withheld: [String]) -> [String: String] {
        var variables = request.environment
        for name in request.environment.keys
        where request.ownVariables.contains(name) || name.hasPrefix("OPS_INPUT_") {
            variables[name] = nil
        }
        for name in withheld { variables[name] = nil }
        return variables
    }

    /// The environment that the recipe's steps start from: its dotenv files below the caller's.
    mutating func environment(
        of recipe: Recipe, above caller: [String: String], without withheld: [String], hidden: Set<String>, scope: Scope
    ) throws -> [String: String] {
        guard !recipe.dotenv.isEmpty else { return caller }
        var variables: [String: String] = [:]
        for template in recipe.dotenv {
            guard let name = collect({ try scope.text(template, "dotenv") }) else { continue }
            do {
                let path = try Self.dotenv(name, of: recipe)
                for (key, value) in try Dotenv.parse(
                    try readFile(path, limit: 1 << 20), file: recipe.name(ofFile: name))
                {
                    variables[key] = value
                }
            } catch let error as OpsError where error.code == .notFound {
                continue
            } catch {
                keep(error, at: template.range)
            }
        }
        // What was taken from the caller's does not come back by a file.
        for name in withheld { variables[name] = nil }
        // What permissions keep from the recipe it may still have of its own.
        variables = variables.filter { request.environment[$0.key] == nil || hidden.contains($0.key) }
        return variables.merging(caller) { $1 }
    }

    /// Where a dotenv file lies. A recipe of others has those that came with it and no other, whatever its permissions:
    /// ops itself reads them.
    ///
    /// Throws: an `OpsError`: `notFound`, or `forbidden` for one outside.
    private static func dotenv(_ name: String, of recipe: Recipe) throws(OpsError) -> String {
        let path = name.hasPrefix("/") ? name : recipe.folder + "/" + name
        guard let tree = recipe.tree else { return path }
        guard let real = realPath(path) else { throw OpsError(.notFound, "'\(name)' is not there") }
        guard let root = realPath(tree), real.hasPrefix(root + "/") else {
            throw OpsError(
                .forbidden, "the dotenv file '\(name)' is outside of what came with '\(recipe.file)'",
                hint: "a recipe of others has dotenv files of its own; take its variables from inputs or secrets")
        }
        return real
    }
}

extension [String: String] {
    /// Puts the values of inputs in: `INPUT_NAME`, lists in JSON; null takes a variable of that name away.
    mutating func give(_ inputs: ValueMap) {
        for (name, value) in inputs {
            let variable = InputDeclaration.variable(of: name)
            switch value {
            case .null: self[variable] = nil
            case .list, .map: self[variable] = JSONWriter.text(value)
            default: self[variable] = value.scalarText
            }
        }
    }
}
