extension PluginManifest {
    /// Whether a text can be the name of a plugin: lower-case letters, digits and hyphens, at most 64, a letter first.
    package static func isName(_ text: String) -> Bool { ManifestFields.isName(text) }
}
