package import OpsCore

/// What the steps of a recipe, of a task or of an included recipe may touch, as it was written (ops-recipe(5),
/// "Permissions"). What a list does not name is not given.
package struct Permissions: Sendable {
    /// One item with its place.
    package struct Item: Sendable, Hashable {
        package var text: String
        package var range: SourceRange

        package init(_ text: String, _ range: SourceRange) {
            self.text = text
            self.range = range
        }
    }

    /// Files and folders, relative to the recipe's folder.
    package var read: [Item] = []
    package var write: [Item] = []
    /// Servers, each checked to be a `NetworkGrant`; empty is no network.
    package var net: [Item] = []
    /// Files, folders, or names of programs.
    package var exec: [Item] = []
    /// By the names that the recipe has for them.
    package var secrets: [Item] = []
    /// Names of variables, or `NAME_*`.
    package var env: [Item] = []
    /// The key `permissions`.
    package var range: SourceRange

    package init(range: SourceRange) { self.range = range }

    /// The lists with their keys.
    package var lists: [(key: String, items: [Item])] {
        [("read", read), ("write", write), ("net", net), ("exec", exec), ("secrets", secrets), ("env", env)]
    }
}
