import ArgumentParser
import Glibc
import OpsCore
import OpsPlugin
import OpsPluginHost
import OpsSystem

/// `ops plugin new`: a plugin to begin with.
struct PluginNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a plugin that works, in Swift, Python or sh.",
        discussion: """
            Makes a folder of the plugin's name here, whole or not at all; nothing is overwritten. In .ops/plugins of a \
            project its recipes find it.
            """)

    @Argument(help: ArgumentHelp("Lower-case letters, digits and hyphens.", valueName: "name")) var name: String
    @Option(help: "swift, python, or sh.") var language: PluginLanguage
    @Option(name: RunOption.directory.names, help: RunOption.directory.valueHelp, completion: .directory)
    var directory: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            var base = context.directory
            if let directory { base = directory.hasPrefix("/") ? directory : base + "/" + directory }
            guard PluginManifest.isName(name) else {
                throw OpsError(
                    .invalid, "'\(name)' cannot be the name of a plugin",
                    hint: "lower-case letters, digits and '-', at most 64; it starts with a letter")
            }
            if try RecipeSession.builtIn().plugins.contains(where: { $0.name == name }) {
                throw OpsError(.invalid, "'\(name)' is a built-in plugin", hint: "take another name")
            }
            let folder = base + "/" + name
            guard FileStatus.find(folder) == nil, (try? readLink(folder)) == nil else {
                throw OpsError(.invalid, "there is '\(name)' here already", hint: "take another name, or remove it")
            }
            let files = language.files(name: name)
            try Self.write(files, to: folder, in: base, name: name)
            let list = files.map { "  \(name)/\($0.path)\n" }.joined()
            try Console.output("Wrote the plugin \(name):\n\(list)\(language.next(name: name))")
        }
    }

    /// Writes the files to a hidden folder first, which then is given its name.
    private static func write(
        _ files: [PluginTemplateFile], to folder: String, in base: String, name: String
    ) throws(OpsError) {
        var path = Array("\(base)/.\(name).ops-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw OpsError.system("make a folder in", base) }
        let hidden = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do throws(OpsError) {
            for file in files {
                let path = hidden + "/" + file.path
                try makeFolders(parentFolder(of: path))
                try writeAtomically(file.bytes, to: path, mode: file.isProgram ? 0o755 : 0o644)
            }
            guard chmod(hidden, 0o755) == 0, rename(hidden, folder) == 0 else {
                throw OpsError.system("make the folder", folder)
            }
        } catch {
            try? removeTree(hidden)
            throw error
        }
    }
}
