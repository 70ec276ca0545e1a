package import OpsCore
package import OpsPlugin
import OpsSystem

/// Which files go into an archive or an image layer, and under which names: the one declaration that plugins
/// share.
package enum FileSet {
    /// The members of one item of a `files` list.
    package static let parameters: [Parameter] = [
        Parameter(
            "from", .glob, "File, folder (with all below it) or glob, relative to the task's `dir`", required: true,
            example: .string("dist/app")),
        Parameter(
            "to", .string,
            "Path inside: the name of a file (its folder with a slash at the end), or the folder for what a folder or glob holds; as in `from` where left out",
            example: .string("bin/app")),
        Parameter(
            "mode", .mode, "Permissions of the files; 0755 for executable ones and 0644 for others where left out",
            example: .string("0755")),
        Parameter(
            "exclude", .oneOrMore(.glob), "Globs of what to leave out; one without a slash matches at any depth",
            example: .list([.string(".DS_Store")])),
        Parameter(
            "owner", .string, "Numeric user and group, `uid:gid`", default: .string("0:0"), example: .string("0:0")),
    ]

    /// The entries that the items name, in byte order of their paths; folders only where an item names or matches
    /// them, links as links.
    ///
    /// - Parameters:
    ///   - items: records of `parameters`.
    ///   - directory: absolute; what `from` is relative to.
    ///   - output: the absolute path of the file being written, however it is spelt: what has that name now is
    ///     never taken.
    /// Throws: an `OpsError` that names the item: nothing matches, two items give the same path, a socket, pipe or
    /// device, a bad path or owner.
    package static func resolve(
        _ items: [Arguments], in directory: String, output: String? = nil
    ) throws(OpsError) -> [ArchiveEntry] {
        let old = output.flatMap { OldOutput($0) }
        var found: [String: (entry: ArchiveEntry, item: Arguments)] = [:]
        for item in items {
            for entry in try entries(of: item, in: directory, leavingOut: old) {
                if let other = found[entry.path] {
                    if other.entry.isDirectory, entry.isDirectory { continue }
                    throw OpsError(
                        .invalid,
                        "\(other.item.label) and \(item.label) both give '\(entry.path)' (from '\(other.item["from"].scalarText ?? "")' and '\(item["from"].scalarText ?? "")')"
                    )
                }
                found[entry.path] = (entry, item)
            }
        }
        return try ArchiveEntry.ordered(found.values.map(\.entry))
    }

    private static func entries(
        of item: Arguments, in directory: String, leavingOut old: OldOutput?
    ) throws(OpsError) -> [ArchiveEntry] {
        let from = try item.string("from")
        let mode = try item.optionalMode("mode")
        let (owner, group) = try ownership(item)
        let files: [FileEntry]
        do {
            files = try FileTree.find(from, in: directory, excluding: try item.strings("exclude"))
        } catch {
            throw OpsError(error.code, "'from' of \(item.label): \(error.message)", hint: error.hint)
        }
        let isSingle = !Glob.isPattern(from) && files.count == 1 && files[0].kind != .folder
        var entries: [ArchiveEntry] = []
        for file in files where old?.isSame(as: file) != true {
            let path = try path(of: file, in: item, from: from, isSingle: isSingle)
            // The archive's own root is no entry.
            if path.isEmpty { continue }
            var entry: ArchiveEntry
            switch file.kind {
            case .file:
                entry = ArchiveEntry(
                    path, .file(file.absolutePath), mode: mode ?? (file.mode & 0o111 == 0 ? 0o644 : 0o755),
                    size: file.size)
            case .folder: entry = ArchiveEntry(path, .directory, mode: 0o755)
            case .link: entry = ArchiveEntry(path, .symlink(file.linkTarget ?? ""), mode: 0o777)
            case .other:
                throw item.error("from", "'\(file.absolutePath)' is a socket, pipe or device")
            }
            entry.owner = owner
            entry.group = group
            entries.append(entry)
        }
        return entries
    }

    private static func path(
        of file: FileEntry, in item: Arguments, from: String, isSingle: Bool
    ) throws(OpsError) -> String {
        guard let to = try item.optionalString("to") else {
            // What lies elsewhere has no path of its own here: its place below `from` names it.
            let isElsewhere = from.hasPrefix("/") || from.split(separator: "/").contains("..")
            return try ArchiveEntry.normalizedPath(isElsewhere ? file.relativePath : file.path)
        }
        do {
            if isSingle, !to.hasSuffix("/"), !to.isEmpty, to != "." { return try ArchiveEntry.normalizedPath(to) }
            return try ArchiveEntry.normalizedPath(to + "/" + file.relativePath)
        } catch {
            throw item.error("to", error.message)
        }
    }

    private static func ownership(_ item: Arguments) throws(OpsError) -> (Int, Int) {
        guard let text = try item.optionalString("owner") else { return (0, 0) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 2, let owner = parts[0], let group = parts[1] else {
            throw item.error("owner", "'\(text)' is not two numbers such as 1000:1000")
        }
        return (Int(owner), Int(group))
    }
}

/// The file that the one being written will replace.
private struct OldOutput {
    private let name: Substring?
    private let status: FileStatus

    /// Nil where there is none.
    init?(_ path: String) {
        guard let status = FileStatus.find(path, followsLinks: false), status.kind != .folder else { return nil }
        name = path.split(separator: "/").last
        self.status = status
    }

    /// By the file and not by its path, which `..` and links to folders spell in many ways.
    func isSame(as file: FileEntry) -> Bool {
        guard file.kind != .folder, file.absolutePath.split(separator: "/").last == name,
            let other = FileStatus.find(file.absolutePath, followsLinks: false)
        else { return false }
        return other.device == status.device && other.inode == status.inode
    }
}
