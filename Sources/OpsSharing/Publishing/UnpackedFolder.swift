import OpsCore
import OpsSystem

/// Looks through a folder that was unpacked.
enum UnpackedFolder {
    /// How many files and links it holds.
    ///
    /// Throws: an `OpsError` (`forbidden`) for anything named `.git`: git would take the folder for a repository of
    /// its own, and run what its configuration names.
    static func count(_ folder: String) throws(OpsError) -> Int {
        var count = 0
        for name in try listFolder(folder) {
            let path = folder + "/" + name
            guard name.lowercased() != ".git" else {
                throw OpsError(.forbidden, "it holds '.git', which git would take for a repository of its own")
            }
            let kind = try FileStatus(path, followsLinks: false).kind
            count += kind == .folder ? try Self.count(path) : 1
        }
        return count
    }
}
