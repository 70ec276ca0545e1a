import OpsCore
import OpsRecipe
import OpsSharing
import OrderedCollections

/// What a published recipe includes must be published with it.
enum PublishedIncludes {
    /// Throws: an `OpsError` with the place of an include that lies outside of the folder.
    static func check(_ recipe: Recipe, within folder: String) throws(OpsError) {
        for (name, child) in recipe.included {
            guard let include = recipe.include[name], !RemoteSource.isRemote(include.from) else { continue }
            guard child.directory == folder || child.directory.hasPrefix(folder + "/") else {
                throw OpsError(
                    .invalid, "include '\(name)' lies outside of '\(folder)', which is what is published",
                    hint: "move it into the folder, or publish it too and include it from there", at: include.fromRange)
            }
            try check(child, within: folder)
        }
    }
}
