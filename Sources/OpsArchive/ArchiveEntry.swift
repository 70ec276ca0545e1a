package import OpsCore

/// One thing to put into an archive.
package struct ArchiveEntry: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        /// A regular file, read when the archive is written: an absolute path.
        case file(String)
        /// A file of these bytes.
        case bytes([UInt8])
        case directory
        /// A symbolic link to this target.
        case symlink(String)
    }

    /// The name in the archive: relative, no `.` or `..`, no slash at either end.
    package var path: String
    package var content: Content
    /// Permission bits, at most `0o7777`.
    package var mode: UInt32
    /// In bytes, as it was when found; what counts is the size when the file is opened. 0 for what is no file.
    package var size: Int
    package var owner: Int
    package var group: Int

    package init(_ path: String, _ content: Content, mode: UInt32, size: Int = 0, owner: Int = 0, group: Int = 0) {
        self.path = path
        self.content = content
        self.mode = mode
        self.owner = owner
        self.group = group
        if case .bytes(let bytes) = content { self.size = bytes.count } else { self.size = size }
    }

    var isDirectory: Bool { content == .directory }

    /// A path as archives hold it: slashes in front and behind, doubled ones and `.` are dropped.
    ///
    /// Throws: an `OpsError` (`invalid`) for `..` and control characters that no archive should hold.
    package static func normalizedPath(_ text: String) throws(OpsError) -> String {
        let parts = text.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else { throw OpsError(.invalid, "'\(text)' has '..' in a path inside an archive") }
        guard !text.utf8.contains(0) else { throw OpsError(.invalid, "a path inside an archive has a zero byte") }
        return parts.joined(separator: "/")
    }

    /// The entries in the one order that archives are written in: bytewise by path, parents before children.
    ///
    /// Throws: an `OpsError` (`invalid`) for an empty path, a path given twice and a file that has others below it.
    package static func ordered(_ entries: [ArchiveEntry]) throws(OpsError) -> [ArchiveEntry] {
        let sorted = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var leaves: Set<String> = []
        for (index, entry) in sorted.enumerated() {
            guard !entry.path.isEmpty, try normalizedPath(entry.path) == entry.path else {
                throw OpsError(.invalid, "'\(entry.path)' is not a path inside an archive")
            }
            if index > 0, sorted[index - 1].path == entry.path {
                throw OpsError(.invalid, "two entries of the archive have the name '\(entry.path)'")
            }
            if !entry.isDirectory { leaves.insert(entry.path) }
        }
        for entry in sorted {
            var parent = entry.path[...]
            while let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")) {
                parent = parent[..<slash]
                if leaves.contains(String(parent)) {
                    throw OpsError(.invalid, "'\(parent)' is a file in the archive and has '\(entry.path)' below it")
                }
            }
        }
        return sorted
    }
}
