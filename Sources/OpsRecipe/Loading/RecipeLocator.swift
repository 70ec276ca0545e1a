import Glibc
package import OpsCore

/// Finds the recipe that belongs to a folder.
package enum RecipeLocator {
    /// In this order.
    package static let names = ["ops.yaml", "ops.yml", ".ops.yaml"]

    /// The recipe in the folder or its nearest parent, absolute; nil where there is none. The search stops where a
    /// parent belongs to somebody else.
    ///
    /// Throws: an `OpsError` where a folder cannot be read.
    package static func find(from directory: String) throws(OpsError) -> String? {
        var folder = directory
        var status = stat()
        guard stat(folder, &status) == 0 else {
            throw OpsError(.notFound, "the folder '\(folder)' cannot be read", hint: String(cString: strerror(errno)))
        }
        let owner = status.st_uid
        while true {
            for name in names {
                let path = folder == "/" ? "/" + name : folder + "/" + name
                if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { return path }
            }
            guard folder != "/", let slash = folder.lastIndex(of: "/") else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            guard stat(folder, &status) == 0, status.st_uid == owner else { return nil }
        }
    }
}
