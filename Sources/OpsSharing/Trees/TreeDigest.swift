import OpsArchive
package import OpsCore
package import OpsRegistry
import OpsSystem

/// What a folder of others may hold at most.
package struct TreeLimits: Sendable {
    /// In bytes, of all files.
    package var size = 256 << 20
    /// Files, links and folders.
    package var entries = 20_000
    /// Folders in each other.
    package var depth = 64

    package init() {}
}

/// One file or link of a tree.
package struct TreeFile: Sendable, Hashable {
    /// As git numbers them: what else the permissions say is the machine's own.
    package enum Mode: String, Sendable, Hashable {
        case file = "100644"
        case executable = "100755"
        case link = "120000"
    }

    /// Relative to the tree, with slashes.
    package var path: String
    package var mode: Mode
    /// Of the content; of a link, of the path it holds.
    package var digest: Digest
}

/// The files of a folder, and one digest for them all (ops-recipe(5), "ops.lock").
///
/// The digest is the sha256 of one line for each file and link, in byte order of the paths: mode, sha256 in
/// hexadecimal, and path, a space between them and a newline behind. Empty folders do not count, as in git.
package struct TreeDigest: Sendable {
    package let files: [TreeFile]
    package let digest: Digest
    /// In bytes, of all files.
    package let size: Int

    /// Reads a folder.
    ///
    /// Throws: an `OpsError`: `forbidden` for what no tree of others may hold (a link that could lead out of it, a
    /// device, pipe or socket, anything named `.git`, a name that is not UTF-8 or has a control character) and past
    /// a limit; another where it cannot be read.
    package init(of folder: String, limits: TreeLimits = TreeLimits()) throws(OpsError) {
        var walk = TreeWalk(limits: limits)
        try walk.enter(folder, names: [])
        walk.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        files = walk.files
        size = walk.size
        digest = Digest.sha256(of: Self.text(files))
    }

    /// The lines that the digest is of.
    package var text: [UInt8] { Self.text(files) }

    private static func text(_ files: [TreeFile]) -> [UInt8] {
        var bytes: [UInt8] = []
        for file in files {
            for part in [file.mode.rawValue, " ", file.digest.hex, " ", file.path, "\n"] { bytes += part.utf8 }
        }
        return bytes
    }

    /// What differs between lines that were kept and the tree, for messages: at most three paths.
    func changes(since text: [UInt8]) -> [String] {
        let then = Set(String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init))
        let now = Set(files.map { "\($0.mode.rawValue) \($0.digest.hex) \($0.path)" })
        func paths(_ lines: Set<String>) -> Set<String> {
            Set(lines.map { String($0.split(separator: " ", maxSplits: 2).last ?? "") })
        }
        let (lost, found) = (paths(then.subtracting(now)), paths(now.subtracting(then)))
        return lost.union(found).sorted().prefix(3).map { path in
            "'\(path)' \(!found.contains(path) ? "is gone" : lost.contains(path) ? "changed" : "was not there")"
        }
    }
}

private struct TreeWalk {
    let limits: TreeLimits
    var files: [TreeFile] = []
    var size = 0
    private var entries = 0

    init(limits: TreeLimits) { self.limits = limits }

    mutating func enter(_ folder: String, names: [String]) throws(OpsError) {
        guard names.count < limits.depth else { throw tooMuch("folders more than \(limits.depth) deep") }
        for name in try listFolder(folder) {
            let path = folder + "/" + name
            let names = names + [name]
            let shown = names.joined(separator: "/")
            entries += 1
            guard entries <= limits.entries else { throw tooMuch("more than \(limits.entries) entries") }
            // A name that is not UTF-8 was read with U+FFFD in place of what is wrong.
            guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }), !name.unicodeScalars.contains("\u{FFFD}")
            else { throw OpsError(.forbidden, "the name '\(shown.plain)' is not UTF-8 or has a control character") }
            guard name.lowercased() != ".git" else {
                throw OpsError(.forbidden, "'\(shown)' would be taken for a repository of git's")
            }
            let status = try FileStatus(path, followsLinks: false)
            switch status.kind {
            case .folder: try enter(path, names: names)
            case .file:
                size += status.size
                guard size <= limits.size else { throw tooMuch("more than \(ByteSize.text(limits.size))") }
                let bytes = try readFile(path, limit: limits.size, status: status)
                files.append(
                    TreeFile(
                        path: shown, mode: status.mode & 0o100 == 0 ? .file : .executable,
                        digest: Digest.sha256(of: bytes)))
            case .link:
                let target = try readLink(path)
                do throws(OpsError) {
                    try ExtractionFolder.check(linkTarget: target, from: names)
                } catch {
                    throw OpsError(error.code, "'\(shown)' cannot be taken: \(error.message)")
                }
                files.append(TreeFile(path: shown, mode: .link, digest: Digest.sha256(of: Array(target.utf8))))
            case .other: throw OpsError(.forbidden, "'\(shown)' is a device, pipe or socket")
            }
        }
    }

    private func tooMuch(_ what: String) -> OpsError { OpsError(.forbidden, "it has \(what)") }
}
