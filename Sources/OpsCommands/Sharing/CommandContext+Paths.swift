import OpsCore
import OpsRecipe
import OpsSystem

extension CommandContext {
    /// A path of the command line, absolute.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return path == "." ? directory : directory + "/" + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    /// Where what is passing lies.
    var temporary: String {
        guard let folder = environment["TMPDIR"], folder.hasPrefix("/") else { return "/tmp" }
        return folder
    }

    /// The policy of the machine and of the project that ops works in.
    ///
    /// Throws: a `DiagnosticsError` with all that is wrong in a file.
    func policy() throws(DiagnosticsError) -> Policy {
        try PolicyLoader.load(for: directory, directory: directory, environment: environment)
    }

    /// The context with the folder that `-C` names.
    ///
    /// Throws: an `OpsError` where there is no such folder.
    func moved(to folder: String?) throws(OpsError) -> CommandContext {
        guard let folder = value(folder, twin: RunOption.directory.twin) else { return self }
        var context = self
        context.directory = absolute(folder)
        guard FileStatus.find(context.directory)?.kind == .folder else {
            throw OpsError(.invalid, "there is no folder \(folder)", hint: "-C takes an existing folder")
        }
        return context
    }
}
