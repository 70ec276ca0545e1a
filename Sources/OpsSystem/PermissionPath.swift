/// A path as permissions name it: absolute, relative to a folder, or `~` for the home with what is below it.
package enum PermissionPath {
    /// What is wrong with it, and what to write instead; nil where nothing is.
    package static func problem(of text: String) -> (text: String, hint: String)? {
        if let glob = text.first(where: { "*?[]{}".contains($0) }) {
            return ("has '\(glob)' in it: a permission is no glob", "name the folder: all below it is meant")
        }
        if text.hasPrefix("~"), text != "~", !text.hasPrefix("~/") {
            return ("is the home of another user", "write the path")
        }
        return nil
    }

    /// The path, absolute. `~` stays as it is: whose home it is only a run knows.
    package static func absolute(_ text: String, in folder: String) -> String {
        if text == "~" { return text }
        if text.hasPrefix("~/") { return "~" + plainPath(String(text.dropFirst())) }
        return plainPath(text.hasPrefix("/") ? text : folder + "/" + text)
    }

    /// An absolute path with HOME in place of `~`; as it is where that is not known.
    package static func inHome(_ path: String, of environment: [String: String]) -> String {
        guard path.hasPrefix("~"), let home = environment["HOME"], home.hasPrefix("/") else { return path }
        return plainPath(home + path.dropFirst())
    }
}
