package import OpsArchive
package import OpsCore
import OpsSystem

/// What of a folder is published: every file and link in it and below, dot files included, without `.git`,
/// `.ops/vendor` and what is excluded.
package struct PublishedFolder: Sendable {
    /// Files and links, in byte order of their paths. Permissions are 0755 for what is executable and 0644 for the
    /// rest, so that a copy with another umask gives the same bytes.
    package let entries: [ArchiveEntry]
    /// Paths of files that look as if they held a secret.
    package let secretLooking: [String]

    /// In bytes, of all files.
    package var size: Int { entries.reduce(0) { $0 + $1.size } }

    /// What a fetched copy of others never needs: the folder that ops fills itself.
    private static let alwaysExcluded = [".ops/vendor"]

    /// Looks through the folder. Blocking.
    ///
    /// - Parameters:
    ///   - folder: absolute.
    ///   - exclusions: globs (ops-recipe(5), "Paths and globs"); one without a slash is a name at any depth.
    /// Throws: an `OpsError`: `invalid` for a link that leads out, a pipe, socket or device, and what no reader could
    /// take; `forbidden` past a limit.
    package init(
        _ folder: String, excluding exclusions: [String] = [], limits: TreeLimits = TreeLimits()
    ) throws(OpsError) {
        var entries: [ArchiveEntry] = []
        var secretLooking: [String] = []
        var size = 0
        var files: [FileEntry] = []
        do throws(OpsError) {
            files = try FileTree.find(".", in: folder, excluding: Self.alwaysExcluded + exclusions)
        } catch {
            // All of it is excluded, which callers say in words of their own.
            guard error.code == .notFound, FileStatus.find(folder)?.kind == .folder else { throw error }
        }
        for file in files {
            let path = file.relativePath
            guard !path.isEmpty else { continue }
            guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw OpsError(.invalid, "a name in '\(folder)' has a control character", hint: "rename or exclude it")
            }
            let names = path.split(separator: "/")
            guard !names.contains(".git") else { continue }
            // Readers refuse any spelling: some file systems take them for the same name.
            if let name = names.first(where: { $0.lowercased() == ".git" }) {
                throw OpsError(
                    .invalid, "'\(path)' would be taken for a repository of git's: it has the name '\(name)'",
                    hint: "rename or exclude it")
            }
            guard names.count <= limits.depth else {
                throw OpsError(.forbidden, "'\(path)' lies more than \(limits.depth) folders deep")
            }
            switch file.kind {
            // Only what files lie in: git keeps no other folders either.
            case .folder: continue
            case .file:
                let mode: UInt32 = file.mode & 0o111 == 0 ? 0o644 : 0o755
                entries.append(ArchiveEntry(path, .file(file.absolutePath), mode: mode, size: file.size))
                size += file.size
                if SecretLookingFile.isOne(path, at: file.absolutePath) { secretLooking.append(path) }
            case .link:
                let target = file.linkTarget ?? ""
                guard Self.staysInside(target, depth: names.count - 1) else {
                    throw OpsError(
                        .invalid, "'\(path)' is a link to '\(target)', which leads out of the folder or can",
                        hint: "replace it by what it points to, or exclude it")
                }
                entries.append(ArchiveEntry(path, .symlink(target), mode: 0o777))
            case .other:
                throw OpsError(.invalid, "'\(path)' is a socket, pipe or device", hint: "exclude it")
            }
            guard entries.count <= limits.entries, size <= limits.size else {
                throw OpsError(
                    .forbidden,
                    "'\(folder)' holds more than \(limits.entries) files or more than \(ByteSize.text(limits.size))",
                    hint: "exclude what does not belong to it, such as what a build makes: --exclude")
            }
        }
        self.entries = try ArchiveEntry.ordered(entries)
        self.secretLooking = secretLooking
    }

    /// As the reader checks it: a link climbs only from its own folder and not above the root.
    private static func staysInside(_ target: String, depth: Int) -> Bool {
        guard !target.isEmpty, !target.hasPrefix("/") else { return false }
        let parts = target.split(separator: "/").filter { $0 != "." }
        let climbs = parts.prefix { $0 == ".." }.count
        return climbs <= depth && !parts.dropFirst(climbs).contains("..")
    }
}
