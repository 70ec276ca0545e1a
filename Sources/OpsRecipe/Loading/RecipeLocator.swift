import Glibc
package import OpsCore

/// Finds the recipe that belongs to a folder.
package enum RecipeLocator {
    /// In this order.
    package static let names = ["ops.yaml", "ops.yml", ".ops.yaml"]

    /// The recipe in the folder or its nearest parent, absolute; nil where there is none. The search stops where a
    /// parent belongs to somebody else, or everybody may put files there.
    ///
    /// Throws: an `OpsError` where a folder cannot be read.
    package static func find(from directory: String) throws(OpsError) -> String? {
        guard let folders = ProjectFile.folders(from: directory) else {
            throw OpsError(
                .notFound, "the folder '\(directory)' cannot be read", hint: String(cString: strerror(errno)))
        }
        for folder in folders {
            for name in names {
                let path = folder == "/" ? "/" + name : folder + "/" + name
                var status = stat()
                if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { return path }
            }
        }
        return nil
    }
}
