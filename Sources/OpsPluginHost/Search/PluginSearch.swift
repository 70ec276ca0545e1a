import Glibc
package import OpsCore
import OpsPlugin
import OpsSystem

/// Finds plugins by their manifests; starts nothing (ops-plugin(7), "Where plugins are found").
package struct PluginSearch: Sendable {
    package static let manifestName = "plugin.yaml"
    private static let manifestLimit = 1 << 20

    /// The folders that hold plugins, the first first.
    package var folders: [(place: PluginPlace, path: String)]
    /// The folder that the names of files in messages are relative to.
    package var directory: String

    /// - Parameters:
    ///   - project: the folder of the recipe, absolute; nil where there is none.
    ///   - environment: for `XDG_DATA_HOME` and `HOME`.
    ///   - program: the path of this executable; nil where it is not known.
    ///   - directory: where the user stands, absolute.
    package init(project: String?, environment: [String: String], program: String?, directory: String) {
        folders = []
        if let project { folders.append((.project, project + "/.ops/plugins")) }
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            folders.append((.user, data + "/ops/plugins"))
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folders.append((.user, home + "/.local/share/ops/plugins"))
        }
        if let program {
            folders.append((.installation, parentFolder(of: parentFolder(of: program)) + "/libexec/ops/plugins"))
        }
        self.directory = directory
    }

    /// The plugin in a folder.
    ///
    /// Throws: a `DiagnosticsError` with what is wrong with its manifest.
    package func read(_ folder: String, in place: PluginPlace) throws(DiagnosticsError) -> FoundPlugin {
        let path = folder + "/" + Self.manifestName
        let file = shown(path)
        let bytes: [UInt8]
        do throws(OpsError) { bytes = try readFile(path, limit: Self.manifestLimit) } catch {
            throw DiagnosticsError([
                Diagnostic(code: error.code.description, "the plugin cannot be read: \(error.message)")
            ])
        }
        // One that a recipe names may lie in a folder of any name, such as a digest.
        let name: String? =
            switch place {
            case .recipe, .include: nil
            case .project, .user, .installation: folder.split(separator: "/").last.map(String.init) ?? ""
            }
        let manifest = try ManifestReader.read(bytes, file: file, folder: name)
        return FoundPlugin(
            manifest: manifest, folder: folder, place: place, source: SourceText(file: file, bytes: bytes))
    }

    /// The folders of the plugins with a name, the one that counts first.
    package func candidates(named name: String) -> [(place: PluginPlace, path: String)] {
        guard ManifestFields.isName(name) else { return [] }
        return folders.map { ($0.place, $0.path + "/" + name) }
            .filter { FileStatus.find($0.path + "/" + Self.manifestName) != nil }
    }

    /// The names of all plugins in the folders, sorted.
    package func names() -> [String] {
        var names: Set<String> = []
        for folder in folders {
            for name in (try? listFolder(folder.path)) ?? [] where !candidates(named: name).isEmpty {
                names.insert(name)
            }
        }
        return names.sorted()
    }

    /// How messages name a file: from where the user stands, and in a tree of others by its reference.
    package func shown(_ path: String) -> String {
        let name = TreeNames.name(of: path)
        return name != path
            ? name : path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }

    /// Of two plugins of one name: the one that is not used.
    package func shadowing(_ name: String, _ used: String, _ hidden: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            .warning, code: "shadowed-plugin",
            "the plugin '\(name)' in \(shown(hidden)) is not used: the one in \(shown(used)) comes first",
            hint: "remove or rename one of them", at: range)
    }
}
