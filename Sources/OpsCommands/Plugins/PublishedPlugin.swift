import OpsArchive
import OpsCore
import OpsPluginHost
import OpsSharing
import OpsSystem
import OrderedCollections

/// What must be true of a plugin's folder before it is published.
enum PublishedPlugin {
    private static let limit = 1 << 20

    /// The manifest in a folder, of whatever name, and its text.
    ///
    /// Throws: an `OpsError` where there is none; a `DiagnosticsError` with all that is wrong in it.
    static func manifest(in folder: String, shown: String) throws -> (manifest: PluginManifest, text: [UInt8]) {
        let file = "\(shown.hasSuffix("/") ? String(shown.dropLast()) : shown)/plugin.yaml"
        guard FileStatus.find(folder + "/plugin.yaml")?.kind == .file else {
            throw OpsError(.notFound, "there is no plugin in '\(shown)': no plugin.yaml", hint: "name its folder")
        }
        let text = try readFile(folder + "/plugin.yaml", limit: limit)
        return (try ManifestReader.read(text, file: file, folder: nil), text)
    }

    /// The program for the platform is among what is published.
    ///
    /// Throws: an `OpsError`.
    static func check(
        _ manifest: PluginManifest, _ folder: PublishedFolder, platform: String?, shown: String
    ) throws(OpsError) {
        guard folder.entries.contains(where: { $0.path == "plugin.yaml" }) else {
            throw OpsError(.usage, "plugin.yaml is itself excluded", hint: "change --exclude")
        }
        let programs = manifest.programs.filter { program in
            platform == nil || program.platform.isEmpty || program.platform == platform
        }
        guard !programs.isEmpty else {
            throw OpsError(
                .invalid, "plugin.yaml in '\(shown)' names no program for \(platform ?? "any platform")",
                hint: "add it to 'run'")
        }
        for program in programs {
            guard let entry = folder.entries.first(where: { $0.path == program.path }) else {
                throw OpsError(.invalid, "the program '\(program.path)' of plugin.yaml is not in '\(shown)'")
            }
            if case .file = entry.content, entry.mode & 0o111 == 0 {
                throw OpsError(
                    .invalid, "the program '\(program.path)' in '\(shown)' is not executable", hint: "chmod +x does it")
            }
        }
    }
}
