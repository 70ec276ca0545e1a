import Glibc
package import OpsCore

/// One file, folder or link that a search found.
package struct FileEntry: Sendable, Hashable {
    /// As the pattern is written: relative to the folder searched from, or absolute.
    package var path: String
    /// Below the folder or the part of the pattern without wildcards: `b/c.txt` for `a/**` and `a/b/c.txt`; the name
    /// alone for a file named plainly; empty for the named folder itself.
    package var relativePath: String
    package var absolutePath: String
    /// What the system says of it; of a link, not of what it points to.
    package var status: FileStatus
    /// Where a link points to, as it stands in it.
    package var linkTarget: String?

    package var kind: FileKind { status.kind }
    /// Permission bits, at most `0o7777`.
    package var mode: UInt32 { status.mode }
    /// In bytes.
    package var size: Int { status.size }
    /// Whole seconds since 1970, and the nanoseconds past them.
    package var modified: Int { status.modified }
    package var modifiedNanoseconds: Int { status.modifiedNanoseconds }
}

/// Finds files by the one glob language of recipes (ops-recipe(5), "Paths and globs").
package enum FileTree {
    /// What a path or a glob means, in byte order of `path`; links are entries and are not followed.
    ///
    /// - Parameters:
    ///   - pattern: a glob gives every entry that matches it, of any kind, a folder's content only where it matches
    ///     too. A plain path gives the file, or the folder with the whole tree below it (dot files included, `.git`
    ///     not).
    ///   - directory: absolute; what relative paths are relative to.
    ///   - excluding: globs of what to leave out, with all below it. One without a slash is a name at any depth;
    ///     one with a slash is relative to `directory`, as `pattern` is.
    /// Throws: an `OpsError`: `notFound` where nothing matches, `invalid` for a bad glob or a name that is not UTF-8.
    package static func find(
        _ pattern: String, in directory: String, excluding: [String] = []
    ) throws(OpsError) -> [FileEntry] {
        var search = Search(directory: directory, exclusions: [])
        for text in excluding { search.exclusions.append(try Exclusion(text)) }
        if Glob.isPattern(pattern) {
            try search.find(try Glob(pattern))
        } else {
            try search.findPlain(pattern)
        }
        guard !search.entries.isEmpty else {
            throw OpsError(
                .notFound, "nothing matches '\(pattern)'",
                hint: excluding.isEmpty ? "looked in '\(directory)'" : "looked in '\(directory)', less what is excluded"
            )
        }
        search.entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return search.entries
    }

    /// The same for several patterns; each entry once.
    package static func find(
        _ patterns: [String], in directory: String, excluding: [String] = []
    ) throws(OpsError) -> [FileEntry] {
        var found: [String: FileEntry] = [:]
        for pattern in patterns {
            for entry in try find(pattern, in: directory, excluding: excluding) where found[entry.path] == nil {
                found[entry.path] = entry
            }
        }
        return found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

/// One `exclude` pattern.
struct Exclusion {
    private let glob: Glob
    private let isName: Bool

    init(_ text: String) throws(OpsError) {
        glob = try Glob(text)
        isName = !text.utf8.contains(UInt8(ascii: "/"))
    }

    func excludes(name: String, path: String) -> Bool { glob.matches(isName ? name : path) }
}

private struct Search {
    let directory: String
    var exclusions: [Exclusion]
    var entries: [FileEntry] = []

    mutating func find(_ glob: Glob) throws(OpsError) {
        // Segments without wildcards in front are walked to directly, `..` among them.
        var states = glob.startStates
        var prefix: [String] = []
        for segment in glob.segments.dropLast() {
            guard case .name(let name) = segment else { break }
            prefix.append(name)
            states = glob.advance(states, over: name)
        }
        let path = (glob.isAbsolute ? "/" : "") + prefix.joined(separator: "/")
        let absolute = absolutePath(path)
        guard FileStatus.find(absolute)?.kind == .folder else { return }
        let descriptor = try openFolder(AT_FDCWD, absolute, absolute)
        defer { close(descriptor) }
        try walk(descriptor, Place(path: path, relative: "", absolute: absolute), glob, states)
    }

    mutating func findPlain(_ pattern: String) throws(OpsError) {
        var path = pattern.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        if pattern.hasPrefix("/") { path = "/" + path }
        let absolute = absolutePath(path)
        var status = stat()
        guard fstatat(AT_FDCWD, absolute, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw .system("read", absolute)
        }
        var kind = FileStatus(status)
        // A folder named through a link is that folder; links below it are not followed.
        if kind.kind == .link, let target = FileStatus.find(absolute), target.kind == .folder { kind = target }
        let name = absolute.split(separator: "/").last.map(String.init) ?? ""
        guard kind.kind == .folder else {
            try add(Place(path: path, relative: name, absolute: absolute), kind)
            return
        }
        let place = Place(path: path, relative: "", absolute: absolute)
        if !path.isEmpty, path != "/" { try add(place, kind) }
        let descriptor = try openFolder(AT_FDCWD, absolute, absolute)
        defer { close(descriptor) }
        try walk(descriptor, place, nil, [])
    }

    private struct Place {
        var path: String
        var relative: String
        var absolute: String

        func child(_ name: String) -> Place {
            Place(
                path: path.isEmpty ? name : path == "/" ? "/" + name : path + "/" + name,
                relative: relative.isEmpty ? name : relative + "/" + name,
                absolute: absolute == "/" ? "/" + name : absolute + "/" + name)
        }
    }

    private func absolutePath(_ path: String) -> String {
        path.isEmpty ? directory : path.hasPrefix("/") ? path : directory + "/" + path
    }

    private func openFolder(_ folder: Int32, _ name: String, _ path: String) throws(OpsError) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder == AT_FDCWD ? 0 : O_NOFOLLOW)
        let descriptor = openat(folder, name, flags)
        guard descriptor >= 0 else { throw .system("list", path) }
        return descriptor
    }

    /// Everything in an open folder, or what a glob in `states` can still match.
    private mutating func walk(_ folder: Int32, _ place: Place, _ glob: Glob?, _ states: [Int]) throws(OpsError) {
        for entry in try folderNames(folder, place.absolute) {
            let bytes = entry.bytes.dropLast().map { UInt8(bitPattern: $0) }
            let valid = String(validating: bytes, as: UTF8.self)
            let name = valid ?? String(decoding: bytes, as: UTF8.self)
            if name == ".git" { continue }
            let next = glob?.advance(states, over: name) ?? []
            if let glob, next.isEmpty || !entry.mayBeFolder && !glob.isMatch(next) { continue }
            let child = place.child(name)
            if exclusions.contains(where: { $0.excludes(name: name, path: child.path) }) { continue }
            guard valid != nil else {
                throw OpsError(
                    .invalid, "a file name in '\(place.absolute)' is not UTF-8: '\(name)'", hint: "rename or exclude it"
                )
            }
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }
                throw .system("read", child.absolute)
            }
            let found = FileStatus(status)
            if glob?.isMatch(next) ?? true { try add(child, found) }
            guard found.kind == .folder else { continue }
            if let glob, !next.contains(where: { $0 < glob.segments.count }) { continue }
            let descriptor = try openFolder(folder, name, child.absolute)
            defer { close(descriptor) }
            try walk(descriptor, child, glob, next)
        }
    }

    private mutating func add(_ place: Place, _ status: FileStatus) throws(OpsError) {
        entries.append(
            FileEntry(
                path: place.path, relativePath: place.relative, absolutePath: place.absolute, status: status,
                linkTarget: status.kind == .link ? try readLink(place.absolute) : nil))
    }
}

/// Where a link points to, as it stands in it.
///
/// Throws: an `OpsError` with the path.
package func readLink(_ path: String) throws(OpsError) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
    }
    guard count >= 0 else { throw .system("read the link", path) }
    guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
        throw OpsError(.invalid, "the link '\(path)' points to a name that is not UTF-8")
    }
    return target
}
