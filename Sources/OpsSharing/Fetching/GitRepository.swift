import Glibc
import OpsArchive
import OpsCore
import OpsRegistry
import OpsSystem

/// A repository of others, kept bare in the cache: `$XDG_CACHE_HOME/ops/git/…`.
///
/// Files are read as objects (git-cat-file(1)) and written by us. No work tree is checked out, so that neither
/// attributes, filters and line ends nor submodules have a say.
struct GitRepository: Sendable {
    private let git: GitProgram
    private let url: String
    /// The bare copy.
    private let folder: String

    init(url: String, environment: [String: String], directory: String) throws(OpsError) {
        self.url = url
        git = try GitProgram(environment: environment, directory: directory)
        let name = Digest.sha256(of: Array(url.utf8)).hex
        folder = try TreeStore.cacheFolder(environment: environment) + "/git/\(name).git"
    }

    private var scheme: String { String(url.prefix { $0 != ":" }) }

    /// The commit that a branch, a tag or a commit's full name means now, fetched; nil is the remote's HEAD.
    ///
    /// Throws: an `OpsError` with git's own words.
    func resolve(_ ref: String?) async throws -> String {
        try await locked {
            try await fetch(["--depth=1", "--", url, "+\(ref ?? "HEAD"):refs/ops/asked"], giving: "refs/ops/asked")
        }
    }

    /// Fetches a commit by its name, where it is not there.
    ///
    /// - Parameter ref: where it was found once: asked where the server gives no commit by name.
    /// Throws: an `OpsError` where the repository does not have it any more.
    func fetch(commit name: String, once ref: String?) async throws {
        try await locked {
            if (try? await commit(name, in: folder)) != nil { return }
            do {
                _ = try await fetch(["--depth=1", "--", url, "+\(name):refs/ops/pinned"], giving: name)
            } catch let error as OpsError where error.code == .command {
                guard (try? await fetch(["--", url, "+\(ref ?? "HEAD"):refs/ops/asked"], giving: name)) != nil
                else { throw error }
            }
        }
    }

    /// A commit of the copy and its signature, as git makes one with `gpg.format=ssh` (git-config(1)): over the commit
    /// object without its header `gpgsig`.
    func signed(_ commit: String) async throws -> SignedSubject {
        let object = try await git.run(["--git-dir=\(folder)", "cat-file", "commit", commit], limit: 1 << 20)
        return SignedSubject(commit: object, name: "the commit \(commit)")
    }

    /// Writes the files of a commit to a new folder; submodules are left out, as their commits are elsewhere.
    ///
    /// Throws: an `OpsError`: `forbidden` for what no tree of others may hold, or past a limit.
    func write(_ commit: String, to target: String, limits: TreeLimits = TreeLimits()) async throws {
        // Few objects can stand under a billion names: no more are listed than can be taken, folders too, which may
        // hold a billion others and no file.
        let listed = try await git.run(
            ["--git-dir=\(folder)", "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit],
            limit: limits.entries << 11
        ).split(separator: 0)
        guard listed.count <= limits.entries else {
            throw OpsError(.forbidden, "it has more than \(limits.entries) files and folders")
        }
        var blobs: [Blob] = []
        for line in listed {
            if let blob = try Blob(line) { blobs.append(blob) }
        }
        let size = blobs.reduce(0) { $0 &+ min($1.size, limits.size + 1) }
        guard size <= limits.size else {
            throw OpsError(.forbidden, "it has more than \(ByteSize.text(limits.size))")
        }
        let ids = Array(blobs.map { $0.id + "\n" }.joined().utf8)
        // Each object has a line of its name, type and size before it and a newline behind it.
        let content =
            blobs.isEmpty
            ? []
            : try await git.run(
                ["--git-dir=\(folder)", "cat-file", "--batch"], input: ids, limit: size + 256 * blobs.count)
        let all = blobs
        try await onThread { _ in
            var folder = try ExtractionFolder(target)
            var rest = content[...]
            for blob in all {
                guard let end = rest.firstIndex(of: 0x0A),
                    rest[..<end].elementsEqual("\(blob.id) blob \(blob.size)".utf8),
                    rest.count > end - rest.startIndex + blob.size + 1
                else { throw OpsError(.mismatch, "git gave something else for '\(blob.path)'") }
                let bytes = rest[(end + 1)...].prefix(blob.size)
                rest = rest[(bytes.endIndex + 1)...]
                try blob.write(Array(bytes), in: &folder)
            }
            chmod(target, 0o755)
        }
    }

    /// The full name of a commit that the copy has.
    private func commit(_ name: String, in folder: String) async throws -> String {
        let bytes = try await git.run(["--git-dir=\(folder)", "rev-parse", "--verify", "--quiet", "\(name)^{commit}"])
        let text = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
        _ = try await git.run(["--git-dir=\(folder)", "cat-file", "-e", "\(text)^{tree}"])
        return String(text)
    }

    /// Fetches into the copy and gives the full name of a commit that is in it then.
    ///
    /// A copy may be broken for good: a kill leaves it half made, or with a lock of git's own. Where the fetch fails a
    /// new copy is filled, which takes the place of the old one if it does better. Call it in `locked`.
    private func fetch(_ arguments: [String], giving name: String) async throws -> String {
        var failure: OpsError?
        if FileStatus.find(folder + "/HEAD") != nil {
            do {
                return try await fetch(arguments, giving: name, into: folder)
            } catch let error as OpsError where error.code == .command {
                failure = error
            }
        }
        let fresh = folder + ".new"
        do {
            try makeFolders(parentFolder(of: folder))
            try removeTree(fresh)
            _ = try await git.run(["init", "--quiet", "--bare", "--template=", fresh])
            let commit = try await fetch(arguments, giving: name, into: fresh)
            try removeTree(folder)
            guard rename(fresh, folder) == 0 else { throw OpsError.system("make the folder", folder) }
            return commit
        } catch {
            try? removeTree(fresh)
            throw failure ?? error
        }
    }

    private func fetch(_ arguments: [String], giving name: String, into folder: String) async throws -> String {
        _ = try await git.run(
            ["--git-dir=\(folder)", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"] + arguments,
            scheme: scheme)
        return try await commit(name, in: folder)
    }

    /// One process at a time.
    private func locked<Result>(_ body: () async throws -> Result) async throws -> Result {
        let lock = try await FileLock.acquire(folder + ".lock", as: FileLock.Holder(run: "ops lock"))
        defer { lock.release() }
        return try await body()
    }
}

/// One file of a commit, as git-ls-tree(1) lists it.
private struct Blob: Sendable {
    var mode: String
    var id: String
    /// In bytes.
    var size: Int
    var path: String

    /// Nil for a submodule and a folder. Throws: an `OpsError`.
    init?(_ line: ArraySlice<UInt8>) throws(OpsError) {
        guard let tab = line.firstIndex(of: 0x09),
            let path = String(validating: line[(tab + 1)...], as: UTF8.self)
        else { throw OpsError(.forbidden, "it has a file name that is not UTF-8") }
        let words = String(decoding: line[..<tab], as: UTF8.self).split(separator: " ")
        guard words.count == 4 else { throw OpsError(.mismatch, "git listed '\(path)' in an unknown way") }
        if words[1] == "commit" || words[1] == "tree" { return nil }
        guard words[1] == "blob", let size = Int(words[3]), size >= 0 else {
            throw OpsError(.mismatch, "git listed '\(path)' in an unknown way")
        }
        self.mode = String(words[0])
        self.id = String(words[2])
        self.size = size
        self.path = path
    }

    func write(_ bytes: [UInt8], in folder: inout ExtractionFolder) throws {
        let names = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // Git itself refuses to make such trees; other programs do not.
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }) else {
            throw OpsError(.forbidden, "its file '\(path)' would lie outside")
        }
        do {
            switch mode {
            case "120000":
                guard let target = String(validating: bytes, as: UTF8.self), !target.utf8.contains(0) else {
                    throw OpsError(.forbidden, "it is a link to a name that is not UTF-8")
                }
                try folder.makeLink(names, to: target)
            default:
                try folder.makeFile(names, mode: mode == "100755" ? 0o755 : 0o644, modified: 0) { descriptor in
                    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
                }
            }
        } catch let error as OpsError {
            throw OpsError(error.code, "'\(path)' cannot be taken: \(error.message)")
        }
    }
}
