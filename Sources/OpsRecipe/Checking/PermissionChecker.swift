import OpsCore
import OrderedCollections

/// Which permissions hold where. They stand in layers, all of which hold at once, the tightest last: a path that leads
/// elsewhere by a link is still held by the layers above it.
package enum PermissionLayers {
    /// Those of a recipe's steps.
    ///
    /// - Parameters:
    ///   - ceilings: the layers that the recipe was given by what includes it, or by a policy.
    ///   - secretName: the plan's name of a secret that the recipe has a name for.
    package static func of(_ recipe: Recipe, below ceilings: [Grants], secretName: (String) -> String) -> [Grants] {
        guard let own = recipe.permissions else { return ceilings }
        return ceilings + [Grants(own, folder: recipe.directory, secretName: secretName)]
    }

    /// Those that an included recipe is given.
    ///
    /// - Parameters:
    ///   - layers: those of the includer.
    ///   - secretName: the plan's name of a secret that the included recipe has a name for.
    package static func given(
        by include: IncludeDeclaration, of recipe: Recipe, _ layers: [Grants], secretName: (String) -> String
    ) -> [Grants] {
        guard let most = include.permissions else { return layers }
        return layers + [Grants(most, folder: recipe.directory, secretName: secretName)]
    }

    /// Those of one task.
    package static func of(
        _ task: Task, in recipe: Recipe, _ layers: [Grants], secretName: (String) -> String
    ) -> [Grants] {
        guard let own = task.permissions else { return layers }
        return layers + [Grants(own, folder: recipe.directory, secretName: secretName)]
    }
}

/// Checks that nothing asks for more than what it stands in may give: tasks in recipes, recipes in those that include
/// them.
struct PermissionChecker {
    private var diagnostics: [Diagnostic] = []
    private var seen: Set<String> = []

    /// - Parameter ceilings: what a policy limits the recipe to.
    static func check(_ recipe: Recipe, ceilings: [Grants]) -> [Diagnostic] {
        var checker = PermissionChecker()
        checker.visit(recipe, ceilings, prefix: "", names: [:])
        var known: Set<Diagnostic> = []
        return checker.diagnostics.filter { known.insert($0).inserted }
    }

    /// - Parameter names: what its secrets are called in a plan, those that are not `prefix` and the name.
    private mutating func visit(_ recipe: Recipe, _ ceilings: [Grants], prefix: String, names: [String: String]) {
        // One that nothing limits is the same by each of its names.
        let way = ceilings.isEmpty ? "" : "\(prefix)\0\(ceilings.count)"
        guard seen.insert("\(recipe.identity)\0\(way)").inserted else { return }
        func planName(_ name: String) -> String { names[name] ?? prefix + name }
        if let own = recipe.permissions {
            check(own, of: "the recipe '\(recipe.file)'", recipe, ceilings, planName)
            checkSecrets(of: own, in: recipe)
        }
        let layers = PermissionLayers.of(recipe, below: ceilings, secretName: planName)
        for task in recipe.tasks.values {
            guard let own = task.permissions else { continue }
            check(own, of: "task '\(task.name)'", recipe, layers, planName)
            checkSecrets(of: own, in: recipe)
        }
        for (alias, include) in recipe.include {
            guard let child = recipe.included[alias] else { continue }
            let below = prefix + alias + ":"
            var given: [String: String] = [:]
            for (name, template) in include.secrets {
                if let own = template.wholeSecret { given[name] = planName(own) }
            }
            func childName(_ name: String) -> String { given[name] ?? below + name }
            if let most = include.permissions {
                check(most, of: "include '\(alias)'", recipe, layers, childName)
                checkSecrets(of: most, in: child)
            }
            visit(
                child, PermissionLayers.given(by: include, of: recipe, layers, secretName: childName), prefix: below,
                names: given)
        }
    }

    private mutating func check(
        _ permissions: Permissions, of what: String, _ recipe: Recipe, _ ceilings: [Grants],
        _ secretName: (String) -> String
    ) {
        for ceiling in ceilings {
            for (key, item) in ceiling.excess(of: permissions, folder: recipe.directory, secretName: secretName) {
                let place = ceiling.source.map { "\($0)" } ?? "the sandbox"
                diagnostics.append(
                    Diagnostic(
                        code: "permissions",
                        "'\(key)' of \(what) asks for '\(item.text)', which \(place) does not grant",
                        hint: "granted there is \(ceiling.text(of: key, in: recipe.directory))", at: item.range))
            }
        }
    }

    private mutating func checkSecrets(of permissions: Permissions, in recipe: Recipe) {
        for item in permissions.secrets where !item.text.contains(":") && recipe.secrets[item.text] == nil {
            let near = nearestName(to: item.text, among: recipe.secrets.keys).map { "did you mean '\($0)'?" }
            diagnostics.append(
                Diagnostic(
                    code: "unknown-secret", "the recipe '\(recipe.file)' has no secret '\(item.text)'", hint: near,
                    at: item.range))
        }
    }
}
