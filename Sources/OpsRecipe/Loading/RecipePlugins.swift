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

    package init(catalog: PluginCatalog) { self.catalog = catalog }
}

extension RecipePlugins {
    /// Decodes a recipe, again where it needs plugins that are found only then.
    func decode(
        into found: inout FoundPlugins, isOutline: Bool, _ body: (PluginCatalog) -> DecodedRecipe
    ) -> DecodedRecipe {
        let decoded = body(found.catalog)
        guard let recipe = decoded.recipe else { return decoded }
        let declares = !isOutline && !recipe.plugins.isEmpty
        guard declares || !decoded.unknownPlugins.isEmpty || !decoded.unknownSchemes.isEmpty else { return decoded }
        let before = found.catalog.plugins.count
        add(
            PluginNeed(recipe: recipe, names: decoded.unknownPlugins, schemes: decoded.unknownSchemes), to: &found)
        var result = found.catalog.plugins.count == before ? decoded : body(found.catalog)
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
