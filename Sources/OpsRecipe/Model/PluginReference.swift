package import OpsCore

/// An entry of `plugins`: a plugin that is a program of its own (ops-recipe(5), "Plugins").
package struct PluginReference: Sendable {
    /// A folder, relative to that of the recipe, or a reference to a plugin elsewhere.
    package var from: String
    package var range: SourceRange

    package init(from: String, range: SourceRange) {
        self.from = from
        self.range = range
    }
}
