package import OpsCore
import OpsPlugin

/// A plugin that was found on this machine and whose manifest is good.
package struct FoundPlugin: Sendable {
    package var manifest: PluginManifest
    /// Absolute.
    package var folder: String
    package var place: PluginPlace
    /// The manifest's text, named as messages name the file.
    package var source: SourceText

    /// The program for this machine.
    ///
    /// Throws: an `OpsError` that says what the plugin speaks or runs on instead.
    package func program() throws(OpsError) -> String {
        guard manifest.protocols.contains(PluginProtocol.major) else {
            let theirs = manifest.protocols.map(String.init).joined(separator: ", ")
            throw OpsError(
                .unsupported,
                "the plugin '\(manifest.name)' speaks protocol \(theirs), and this ops speaks \(PluginProtocol.major)",
                hint: "get a version of the plugin, or of ops, that fits")
        }
        guard let program = manifest.program else {
            let others = manifest.programs.map(\.platform).joined(separator: ", ")
            throw OpsError(
                .unsupported,
                "the plugin '\(manifest.name)' has no program for \(PluginManifest.hostPlatform), only for \(others)")
        }
        return folder + "/" + program
    }
}

/// Where plugins are looked for, the first first.
package enum PluginPlace: Sendable, Hashable {
    /// Named under `plugins` of the recipe.
    case recipe
    /// Named under `plugins` of a recipe that it includes by this name: `common`, `common:base`.
    case include(String)
    /// `.ops/plugins` beside the recipe.
    case project
    /// `ops/plugins` in the user's data folder (XDG base directory specification).
    case user
    /// `libexec/ops/plugins` of this installation.
    case installation

    /// A word for programs.
    package var word: String {
        switch self {
        case .recipe: "recipe"
        case .include: "include"
        case .project: "project"
        case .user: "user"
        case .installation: "installation"
        }
    }

    package var description: String {
        switch self {
        case .recipe: "the recipe"
        case .include(let name): "the include \(name.plain)"
        case .project: "the project"
        case .user: "the user"
        case .installation: "the installation"
        }
    }
}
