import Glibc

/// Files that say what holds for a whole project, such as `.ops/policy.yaml`.
package enum ProjectFile {
    /// The folder whose file of this name is in force: this one or the nearest above, as far as they have one owner;
    /// nil where none has it.
    ///
    /// - Parameters:
    ///   - name: relative to the project's folder.
    ///   - folder: the recipe's, or where there is none the one that ops works in; absolute.
    package static func folder(holding name: String, for folder: String) -> String? {
        var folder = folder
        var status = stat()
        guard stat(folder, &status) == 0 else { return nil }
        let owner = status.st_uid
        while true {
            if access((folder == "/" ? "/" : folder + "/") + name, F_OK) == 0 { return folder }
            guard folder != "/", let slash = folder.lastIndex(of: "/") else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            guard stat(folder, &status) == 0, status.st_uid == owner else { return nil }
        }
    }
}
