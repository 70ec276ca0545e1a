import ArgumentParser
import OpsCore
import PluginTemplates

/// A file that `ops plugin new` writes.
struct PluginTemplateFile {
    /// In the plugin's folder.
    var path: String
    var bytes: [UInt8]
    var isProgram = false

    init(_ path: String, _ bytes: [UInt8], isProgram: Bool = false) {
        self.path = path
        self.bytes = bytes
        self.isProgram = isProgram
    }

    /// - Parameter text: in it the plugin is called `hello`.
    init(_ path: String, _ text: String, name: String, isProgram: Bool = false) {
        self.init(path, Array(text.replacing("hello", with: name).utf8), isProgram: isProgram)
    }
}

/// A language that `ops plugin new` knows.
enum PluginLanguage: String, CaseIterable, ExpressibleByArgument {
    case swift, python, sh

    /// The files of a plugin, sorted by path.
    func files(name: String) -> [PluginTemplateFile] {
        switch self {
        case .python:
            [
                PluginTemplateFile("bin/\(name)", PythonTemplate.program, name: name, isProgram: true),
                PluginTemplateFile("bin/ops_plugin.py", PythonModule.bytes),
                PluginTemplateFile("plugin.yaml", PythonTemplate.manifest, name: name),
            ]
        case .sh:
            [
                PluginTemplateFile("bin/\(name)", ShellTemplate.program, name: name, isProgram: true),
                PluginTemplateFile("plugin.yaml", ShellTemplate.manifest, name: name),
            ]
        case .swift:
            [
                PluginTemplateFile(".gitignore", ".build/\n", name: name),
                PluginTemplateFile("Package.swift", SwiftTemplate.package, name: name),
                PluginTemplateFile("Sources/Plugin.swift", SwiftTemplate.source, name: name),
                PluginTemplateFile("build", SwiftTemplate.build, name: name, isProgram: true),
                PluginTemplateFile("plugin.yaml", SwiftTemplate.manifest, name: name),
            ]
        }
    }

    /// What to do next.
    func next(name: String) -> String {
        switch self {
        case .python:
            "Next: ops plugin test \(name). After a change of its declarations: "
                + "\(name)/bin/\(name) manifest > \(name)/plugin.yaml\n"
        case .sh: "Next: ops plugin test \(name)\n"
        case .swift:
            "Next: say in \(name)/Package.swift where the sources of ops are, then \(name)/build and "
                + "ops plugin test \(name)\n"
        }
    }
}
