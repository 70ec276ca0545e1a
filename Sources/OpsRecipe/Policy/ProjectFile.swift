import Glibc

/// Files that say what holds for a whole project, such as `.ops/policy.yaml`.
package enum ProjectFile {
    /// The folder whose file of this name is in force: this one or the nearest above (`folders`); nil where none has it.
    ///
    /// - Parameters:
    ///   - name: relative to the project's folder.
    ///   - folder: the recipe's, or where there is none the one that ops works in; absolute.
    package static func folder(holding name: String, for folder: String) -> String? {
        folders(from: folder)?.first { access(($0 == "/" ? "/" : $0 + "/") + name, F_OK) == 0 }
    }

    /// A folder and those above it in which files may speak for it: as far as they have its owner, and not everybody may
    /// put files there, as in `/tmp`, which is root's. Nil where it cannot be asked.
    ///
    /// - Parameter folder: absolute.
    static func folders(from folder: String) -> [String]? {
        var status = stat()
        guard stat(folder, &status) == 0 else { return nil }
        let owner = status.st_uid
        var folders = [folder]
        var folder = folder
        while folder != "/", let slash = folder.lastIndex(of: "/") {
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            guard stat(folder, &status) == 0, status.st_uid == owner, status.st_mode & S_IWOTH == 0 else { break }
            folders.append(folder)
        }
        return folders
    }
}
