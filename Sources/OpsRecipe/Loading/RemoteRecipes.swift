package import OpsCore

/// A recipe of others on this machine, whose tree was compared with the lock just now.
package struct RemoteRecipe: Sendable {
    /// The recipe, absolute, in `tree`.
    package var file: String
    /// The folder that holds all that came with it, absolute.
    package var tree: String

    package init(file: String, tree: String) {
        self.file = file
        self.tree = tree
    }
}

/// Gives the recipes that others are included from. It never fetches anything.
package protocol RemoteRecipes: Sendable {
    /// The recipe that a reference such as `git+https://host/repository.git//path?ref=v1` names.
    ///
    /// Throws: an `OpsError` whose message goes on from the include's name: where the reference is wrong, is not locked,
    /// is not on this machine, or is not what the lock says.
    func recipe(_ reference: String) throws(OpsError) -> RemoteRecipe
}
