package import OpsPlugin
import OrderedCollections

/// A secret as plans call it, with what its references are read by.
package struct NamedSecret: Sendable {
    package var name: String
    package var declaration: SecretDeclaration
    /// The folder that its references are relative to.
    package var directory: String
    /// The only servers that it may be asked of.
    package var hosts: SecretHosts?

    init(name: String, declaration: SecretDeclaration, of recipe: Recipe) {
        self.name = name
        self.declaration = declaration
        directory = recipe.directory
        hosts = recipe.secretHosts
    }
}

extension Recipe {
    /// The tasks that a list shows, under the names they are called by: its own, then those of each include. A recipe
    /// that two includes bring in alike is listed once.
    package var listedTasks: [(name: String, task: Task)] {
        var listed = tasks.values.filter(\.isListed).map { (name: $0.name, task: $0) }
        forEachIncluded { prefix, recipe, _ in
            for task in recipe.tasks.values where task.isListed { listed.append((prefix + task.name, task)) }
        }
        return listed
    }

    /// The secrets that a run may fetch: its own, then those of each include that it does not give.
    package var allSecrets: [NamedSecret] {
        var all = secrets.map { NamedSecret(name: $0.key, declaration: $0.value, of: self) }
        forEachIncluded { prefix, recipe, include in
            for (name, secret) in recipe.secrets where include.secrets[name] == nil {
                all.append(NamedSecret(name: prefix + name, declaration: secret, of: recipe))
            }
        }
        return all
    }

    /// Calls for each included recipe, with the prefix of its tasks, what includes it before it; for one that is given
    /// nothing once.
    package func forEachIncluded(_ body: (String, Recipe, IncludeDeclaration) -> Void) {
        guard !included.isEmpty else { return }
        var seen: Set<String> = []
        func visit(_ recipe: Recipe, _ prefix: String) {
            for (alias, child) in recipe.included {
                guard let include = recipe.include[alias] else { continue }
                let isPlain = include.with.isEmpty && include.secrets.isEmpty
                if isPlain, !seen.insert(child.identity).inserted { continue }
                body("\(prefix)\(alias):", child, include)
                visit(child, "\(prefix)\(alias):")
            }
        }
        visit(self, "")
    }
}
