import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Planner {
    /// The environment that every step starts from: dotenv files below the caller's, `INPUT_NAME` of the used
    /// inputs on top, ops's own variables and those that an `env://` reference names taken away.
    mutating func baseEnvironment() throws -> BaseEnvironment {
        var variables: [String: String] = [:]
        let scope = Scope(
            inputs: request.inputs, vars: recipe.vars, git: [:], host: Scope.hostFacts,
            recipeDirectory: recipe.directory, secrets: [:], environment: request.environment)
        for template in recipe.dotenv {
            guard let name = collect({ try scope.text(template, "dotenv") }) else { continue }
            let path = name.hasPrefix("/") ? name : recipe.directory + "/" + name
            do {
                for (key, value) in try Dotenv.parse(try readFile(path, limit: 1 << 20), file: name) {
                    variables[key] = value
                }
            } catch let error as OpsError where error.code == .notFound {
                continue
            } catch {
                keep(error, at: template.range)
            }
        }
        variables.merge(request.environment) { $1 }
        for name in request.environment.keys
        where request.ownVariables.contains(name) || name.hasPrefix("OPS_INPUT_") {
            variables[name] = nil
        }
        let withheld = Set(
            recipe.secrets.values.flatMap(\.from).map(\.reference).filter { $0.scheme == "env" }.map(\.path))
        for name in withheld { variables[name] = nil }
        for (name, value) in request.inputs {
            let variable = InputDeclaration.variable(of: name)
            switch value {
            case .null: variables[variable] = nil
            case .list, .map: variables[variable] = JSONWriter.text(value)
            default: variables[variable] = value.scalarText
            }
        }
        return BaseEnvironment(variables: variables, withheld: withheld.sorted())
    }
}
