package import OpsCore
package import OpsPlugin
import OrderedCollections

/// Finds the plugins outside of this executable that recipes need. Asked only where one is needed.
package protocol RecipePlugins: Sendable {
    /// Adds what a recipe needs to what was found for those before it.
    func add(_ need: PluginNeed, to found: inout FoundPlugins)
}

/// What one recipe needs of plugins outside of the catalog.
package struct PluginNeed: Sendable {
    /// The recipe, with its `plugins`.
    package var recipe: Recipe
    /// The first parts of actions that no plugin of the catalog has.
    package var names: Set<String>
    /// Schemes of secrets that no provider of the catalog has.
    package var schemes: Set<String>
}

/// What was found for a recipe and those it includes.
package struct FoundPlugins: Sendable {
    package var catalog: PluginCatalog
    package var diagnostics: [Diagnostic] = []
    /// Names of plugins that are there and cannot be used, as the diagnostics say.
    package var unusable: Set<String> = []
    /// The texts of the manifests that were read.
    package var sources: [SourceText] = []

    /// By name, the folder of each plugin that is a program of its own, without links.
    package var folders: [String: String] = [:]
    /// By name, the trees of others whose recipes alone named a plugin: no other recipe gets it unawares. One that is not
    /// here is every recipe's.
    package var owners: [String: Set<String>] = [:]

    package init(catalog: PluginCatalog) { self.catalog = catalog }

    /// The plugins that a recipe may use.
    ///
    /// - Parameter tree: what it came in, for one of others.
    func catalog(for tree: String?) -> PluginCatalog {
        let hidden = owners.filter { owner in tree.map { !owner.value.contains($0) } ?? true }
        guard !hidden.isEmpty else { return catalog }
        // Some of what is one catalog are one as well.
        return (try? PluginCatalog(catalog.plugins.filter { hidden[$0.name] == nil })) ?? catalog
    }

    /// Notes that a recipe has a plugin.
    ///
    /// - Parameter isDeclared: its `plugins` name it; else it was found where plugins of this machine are.
    package mutating func give(_ name: String, in folder: String, to recipe: Recipe, isDeclared: Bool) {
        let isNew = folders[name] == nil
        folders[name] = folder
        guard isDeclared, let tree = recipe.tree else {
            owners[name] = nil
            return
        }
        if isNew { owners[name] = [tree] } else { owners[name]?.insert(tree) }
    }
}

extension RecipePlugins {
    /// Decodes a recipe, again where it needs plugins that are found only then.
    func decode(
        into found: inout FoundPlugins, tree: String?, isOutline: Bool, _ body: (PluginCatalog) -> DecodedRecipe
    ) -> DecodedRecipe {
        let visible = found.catalog(for: tree)
        let decoded = body(visible)
        guard let recipe = decoded.recipe else { return decoded }
        let declares = !isOutline && !recipe.plugins.isEmpty
        guard declares || !decoded.unknownPlugins.isEmpty || !decoded.unknownSchemes.isEmpty else { return decoded }
        add(
            PluginNeed(recipe: recipe, names: decoded.unknownPlugins, schemes: decoded.unknownSchemes), to: &found)
        let all = found.catalog(for: tree)
        var result = all.plugins.count == visible.plugins.count ? decoded : body(all)
        // What is wrong with the plugin is told; that its actions are unknown follows.
        let unusable = found.unusable
        result.diagnostics.removeAll { diagnostic in
            diagnostic.code == "unknown-action"
                && unusable.contains { diagnostic.message.contains("has the action '\($0).") }
        }
        return result
    }
}

/// A recipe as it was decoded, with what the catalog lacked for it.
struct DecodedRecipe {
    var recipe: Recipe?
    var diagnostics: [Diagnostic]
    var unknownPlugins: Set<String> = []
    var unknownSchemes: Set<String> = []
}
