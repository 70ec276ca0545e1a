import OpsCore
import OpsSystem
import OrderedCollections

/// What a plugin is on several platforms.
enum PluginBuilds {
    /// Whoever reads the manifest of one platform has read those of all.
    ///
    /// Throws: an `OpsError` (`invalid`) where two differ.
    static func check(_ entry: LockEntry, _ source: RemoteSource, _ trees: LockedTrees) throws {
        var first: (platform: String, text: [UInt8])?
        for (platform, build) in entry.builds {
            guard let tree = try trees.folder(of: build.tree, in: source) else { continue }
            let folder = source.path.isEmpty ? tree : tree + "/" + source.path
            let text = try readFile(folder + "/plugin.yaml", limit: 1 << 20)
            if let first, first.text != text {
                throw OpsError(.invalid, "has another plugin.yaml for \(platform) than for \(first.platform)")
            }
            first = first ?? (platform, text)
        }
    }
}
