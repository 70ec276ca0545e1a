import Synchronization

/// What people read in place of a file's path in a tree of others: the reference that its recipe or plugin was named
/// by, with the path in the tree. Where the tree lies, in the cache or in a vendor folder, says nothing to them.
///
/// One table for the process, filled where trees are opened: messages come from all layers.
package enum TreeNames {
    private struct Table {
        /// By the folder of a tree.
        var trees: [String: (folder: String, start: String, end: String)] = [:]
        /// The paths behind the names that were given.
        var paths: [String: String] = [:]
    }

    private static let table = Mutex(Table())

    /// Notes what a tree's files are called. The first name that a tree gets stays.
    ///
    /// - Parameters:
    ///   - folders: of the tree, absolute, by each way that leads to it.
    ///   - start: stands before a path in the tree: `git+https://host/repository.git//`.
    ///   - end: stands behind it: `?ref=v1`.
    package static func add(_ folders: [String], start: String, end: String) {
        table.withLock { table in
            for folder in folders where table.trees[folder] == nil {
                table.trees[folder] = (folders[0], start, end)
            }
        }
    }

    /// What a file is called, and a tree itself; the path as it is where no tree holds it.
    ///
    /// - Parameter path: absolute.
    package static func name(of path: String) -> String {
        table.withLock { table in
            guard !table.trees.isEmpty else { return path }
            if let tree = table.trees[path] { return tree.start.dropLast(2) + tree.end }
            var slash = path.lastIndex(of: "/")
            while let end = slash, end > path.startIndex {
                if let tree = table.trees[String(path[..<end])] {
                    // As in a reference: no name of a file can pass for another's, nor move a cursor.
                    let rest = String(path[path.index(after: end)...])
                    let name = tree.start + PercentEncoding.encode(rest, allowing: "/+@,:=") + tree.end
                    let file = tree.folder + path[end...]
                    // A name means one file: another that would have it keeps its path.
                    guard table.paths[name, default: file] == file else { return path }
                    table.paths[name] = file
                    return name
                }
                slash = path[..<end].lastIndex(of: "/")
            }
            return path
        }
    }

    /// The path behind a name that `name` gave; any other text as it is.
    package static func path(of name: String) -> String { table.withLock { $0.paths[name] ?? name } }
}
