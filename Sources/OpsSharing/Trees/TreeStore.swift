import Glibc
import OpsArchive
package import OpsCore
package import OpsRegistry
import OpsSystem

/// Trees of others on this machine, each in a folder that is named by its digest: the cache that all projects share,
/// and a project's own `.ops/vendor`.
///
/// Nothing is taken from it unread: every use computes the digest again.
package struct TreeStore: Sendable {
    /// Holds a folder for each tree.
    package let folder: String
    /// Where the lines of each tree's digest are kept, to tell what changed; nil keeps none.
    private let lists: String?

    /// The cache: `$XDG_CACHE_HOME/ops/trees`, by default `~/.cache/ops/trees`.
    ///
    /// Throws: an `OpsError` where neither variable says where.
    package static func cache(environment: [String: String]) throws(OpsError) -> TreeStore {
        let root = try cacheFolder(environment: environment)
        return TreeStore(folder: root + "/trees", lists: root + "/lists")
    }

    /// The folder of a project in which `ops lock vendor` puts what its recipe includes.
    package static func vendor(project: String) -> TreeStore {
        TreeStore(folder: project + "/.ops/vendor", lists: nil)
    }

    /// `$XDG_CACHE_HOME/ops`, by default `~/.cache/ops`.
    static func cacheFolder(environment: [String: String]) throws(OpsError) -> String {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/ops" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw OpsError(
                .notFound, "there is no folder for caches: neither XDG_CACHE_HOME nor HOME is an absolute path")
        }
        return home + "/.cache/ops"
    }

    /// Where a tree lies, or would.
    package func path(of digest: Digest) -> String { folder + "/" + digest.hex }

    package func contains(_ digest: Digest) -> Bool {
        FileStatus.find(path(of: digest), followsLinks: false)?.kind == .folder
    }

    /// Reads the tree and compares it with its digest; nil where it is not there.
    ///
    /// Throws: an `OpsError`: `mismatch` that names what changed, or what `TreeDigest` throws.
    package func verified(_ digest: Digest) throws(OpsError) -> TreeDigest? {
        guard contains(digest) else { return nil }
        let path = path(of: digest)
        let found: TreeDigest
        do throws(OpsError) {
            found = try TreeDigest(of: path)
        } catch {
            throw OpsError(.mismatch, "'\(path)' is not the tree \(digest): \(error.message)")
        }
        guard found.digest == digest else {
            var changes: [String] = []
            if let lists, let text = try? readFile("\(lists)/\(digest.hex)", limit: 64 << 20),
                Digest.sha256(of: text) == digest
            {
                changes = found.changes(since: text)
            }
            let what = changes.isEmpty ? "it has the digest \(found.digest)" : changes.joined(separator: ", ")
            throw OpsError(.mismatch, "'\(path)' is not the tree \(digest): \(what)")
        }
        return found
    }

    /// A new folder beside the trees, to be filled and then given to `keep` or removed.
    func staging() throws(OpsError) -> String {
        try makeFolders(folder)
        StagingName.sweep(folder)
        for serial in 0..<64 {
            let path = "\(folder)/\(StagingName.new(serial))"
            if FileStatus.find(path, followsLinks: false) == nil { return path }
        }
        throw OpsError(.system, "cannot make a folder in '\(folder)'")
    }

    /// Gives a filled folder its place. One that is there already and whole is kept; a damaged one is replaced.
    ///
    /// Throws: an `OpsError`: what `TreeDigest` throws where the folder holds what it may not.
    func keep(_ staging: String) throws(OpsError) -> TreeDigest {
        let tree = try TreeDigest(of: staging)
        let target = path(of: tree.digest)
        if let lists { try writeAtomically(tree.text, to: "\(lists)/\(tree.digest.hex)", mode: 0o644) }
        while rename(staging, target) != 0 {
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
                throw .system("make the folder", target)
            }
            if (try? verified(tree.digest)) != nil {
                try removeTree(staging)
                return tree
            }
            try removeTree(target)
        }
        syncFolder(folder)
        return tree
    }
}

extension TreeStore {
    /// Copies the files of a tree to a new folder.
    func copy(_ digest: Digest, _ files: [TreeFile], to target: String) throws {
        let source = path(of: digest)
        var folder = try ExtractionFolder(target)
        for file in files {
            let names = file.path.split(separator: "/").map(String.init)
            let path = source + "/" + file.path
            switch file.mode {
            case .link: try folder.makeLink(names, to: try readLink(path))
            case .file, .executable:
                let bytes = try readFile(path, limit: TreeLimits().size)
                try folder.makeFile(names, mode: file.mode == .executable ? 0o755 : 0o644, modified: 0) { descriptor in
                    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
                }
            }
        }
        chmod(target, 0o755)
    }
}
